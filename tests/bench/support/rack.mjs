// A gateway as a hosted one runs: with a key, limits that are counted but never reached, records on disk.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {freePort, start, until} from './process.mjs';

export const build = resolve(process.env.TOOLRACK_BUILD ?? join(import.meta.dirname, '../../../build'));
export const message = 'The quick brown fox jumps over the lazy dog. '.repeat(4).slice(0, 180);
const manyCalls = 16_777_215; // What a window can count.

export function scratch() {
  const path = mkdtempSync(join(tmpdir(), 'toolrack-bench-'));
  process.on('exit', () => rmSync(path, {recursive: true, force: true}));
  return path;
}

/// Resolves when it answers: with a `key` of that data directory to a call, else to a look, and makes a key.
/// `wrapper`: words before the program's, as of a profiler. `threads`: event loops.
export async function startRack({core, threads = 1, wrapper = [], data = scratch(), key, program = join(build, 'toolrack'),
  plugins = [join(build, 'examples'), join(build, 'tests/bench')]} = {}) {
  const config = join(data, 'config.json');
  writeFileSync(config, JSON.stringify({
    limits: {per_minute: manyCalls, per_hour: manyCalls, concurrent: 65_535},
    isolation: {default: 'in_process'}, // As bundled plugins run.
  }));
  const port = await freePort();
  const command = [...wrapper, program, 'serve', '--mode', 'hosted', '--config', config, '--listen', `127.0.0.1:${port}`,
    '--metrics-listen', '', '--threads', String(threads), '--data', data, ...plugins.flatMap((folder) => ['--plugins', folder])];
  const rack = start(command, {core, env: {TOOLRACK_LOG_LEVEL: 'warning', TOOLRACK_REQUIRE_SIGNATURE: 'false'}});
  const url = `http://127.0.0.1:${port}`;
  await until(() => key === undefined ? fetch(`${url}/readyz`) : send(url, requests(key)['REST echo']), 120_000, rack);
  key ??= JSON.parse(execFileSync(program, ['keys', 'create', 'bench', '--data', data, '--format', 'json'],
    {encoding: 'utf8'})).api_key;
  return {...rack, url, port, key, data};
}

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': {name: 'bench', version: '1'},
  'io.modelcontextprotocol/clientCapabilities': {},
};

/// The requests that are measured. `@ID@` stands for a number that is new in each.
export function requests(key) {
  const common = [`Authorization: Bearer ${key}`, 'Content-Type: application/json', 'Accept: application/json, text/event-stream'];
  const rpc = (method, params) => JSON.stringify({jsonrpc: '2.0', id: '@ID@', method, params}).replace('"@ID@"', '@ID@');
  const legacy = [...common, 'MCP-Protocol-Version: 2025-06-18'];
  const modern = (method, name) => [...common, 'MCP-Protocol-Version: 2026-07-28', `Mcp-Method: ${method}`, ...(name ? [`Mcp-Name: ${name}`] : [])];
  const input = {message};
  const rest = (skill) => ({path: '/v1/tools/call', headers: common, body: JSON.stringify({tool: 'echo', skill, input})});
  const mcp = (name) => ({path: '/mcp', headers: legacy, body: rpc('tools/call', {name, arguments: input})});
  return {
    'REST echo': rest('echo'),
    'REST echo_paid': rest('echo_paid'),
    'MCP echo': mcp('echo'),
    'MCP echo_paid': mcp('echo_paid'),
    'MCP 2026-07-28 echo': {path: '/mcp', headers: modern('tools/call', 'echo'), body: rpc('tools/call', {name: 'echo', arguments: input, _meta: envelope})},
    'MCP tools/list of 100': {path: '/mcp?expose=flat&tools=hundred', headers: legacy, body: rpc('tools/list', {})},
  };
}

/// The text of the answer, which must be a success.
export async function send(url, request) {
  const headers = Object.fromEntries(request.headers.map((line) => line.split(/: (.*)/s).slice(0, 2)));
  const reply = await fetch(url + request.path, {method: 'POST', headers, body: request.body.replace('@ID@', '100000000')});
  const text = await reply.text();
  if (reply.status !== 200 || text.includes('"isError":true')) throw new Error(`${reply.status} ${text.slice(0, 500)}`);
  return text;
}
