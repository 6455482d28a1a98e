// Does the gateway keep up, keep its memory and lose nothing, under load and with a new configuration every second?
//
//   node soak.mjs [SECONDS]      (600 unless told; build the targets soak_load, echo and bundled_plugins first)
//
// Measures what the machine can do, then sends about 70 % of it over REST and MCP, and holds what it sees against limits.
// Memory is what is the process's own (resident less file pages): the store's file grows with every call and is mapped.
// Exit code 0: all held. Node only directs: soak_load.cpp makes the calls.
import {execFile} from 'node:child_process';
import {readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {promisify} from 'node:util';
import {build, post, run, scratch, startGateway} from './support/gateway.mjs';

const seconds = Number(process.argv[2] ?? 600);
if (!(seconds >= 10)) throw new Error('soak.mjs [SECONDS]: at least 10');
const connections = 16;
const share = 0.7;
const mostDrift = 0.05;
const capacitySeconds = Math.min(10, seconds / 6);
const warmUpSeconds = Math.min(60, seconds / 3);

/// Two configurations that differ in everything that may change at run time and does not get in the way of the calls.
const configurations = [0, 1].map((i) => ({
  log: {level: ['info', 'warning'][i]},
  owners: [['toolrack'], ['examples', 'toolrack']][i],
  limits: {per_minute: 16_777_215 - i, per_hour: 16_777_215 - i, concurrent: 60_000 + i},
  http: {allowed_hosts: [`rack-${i}.example`], allowed_origins: [`https://app-${i}.example`], max_body_bytes: 1_048_576 + i},
  egress: {allow: [`10.${i}.0.0/16`], ports: [443 + i]},
  providers: {acme: {base_url: `http://acme-${i}.example`}},
}));
const directory = scratch();
const configuration = join(directory, 'rack.json');
writeFileSync(configuration, JSON.stringify(configurations[0]));
const rack = await startGateway({args: ['--mode', 'hosted', '--threads', '2', '--config', configuration]});
process.on('exit', () => { try { process.kill(rack.pid, 'SIGKILL'); } catch { /* It has ended. */ } });
// Several, because in ten minutes one key would come to what its window can count.
const keys = [];
for (const name of ['one', 'two', 'three', 'four']) {
  const made = await run(['--data', rack.data, '--format', 'json', 'keys', 'create', name, '--account', 'soak']);
  keys.push(JSON.parse(made.stdout).api_key);
}

// The same call by three ways, each with an answer that shows the message again.
const message = 'The quick brown fox jumps over the lazy dog.';
const common = {host: '127.0.0.1', 'content-type': 'application/json', accept: 'application/json, text/event-stream'};
const echo = JSON.stringify({tool: 'echo', skill: 'echo', input: {message}});
const toolsCall = (meta) => JSON.stringify({jsonrpc: '2.0', id: 1, method: 'tools/call', params: {name: 'echo', arguments: {message}, ...meta}});
const modern = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': {name: 'soak', version: '1'},
  'io.modelcontextprotocol/clientCapabilities': {},
};
const requests = [
  ['/v1/tools/call', {}, echo],
  ['/mcp', {'mcp-protocol-version': '2025-06-18'}, toolsCall({})],
  ['/mcp', {'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo'}, toolsCall({_meta: modern})],
];
const files = keys.flatMap((key) => requests.map((request) => [key, ...request])).map(([key, path, headers, body], i) => {
  const all = {...common, authorization: `Bearer ${key}`, ...headers, 'content-length': body.length};
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  writeFileSync(join(directory, `${i}.http`), `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  return join(directory, `${i}.http`);
});

async function load(rate, duration) {
  const args = [new URL(rack.url).port, connections, rate, duration, ...files].map(String);
  const {stdout} = await promisify(execFile)(join(build, 'tests/soak_load'), args).catch((error) => {
    if (error.stdout) return error; // It counted errors; they are judged below.
    throw error;
  });
  return JSON.parse(stdout);
}

let reloads = 0;
let unseen = 0;

/// Writes the other configuration, tells the gateway, and looks whether it counts with the new limit.
async function reload() {
  const next = configurations[++reloads % 2];
  writeFileSync(configuration, JSON.stringify(next));
  process.kill(rack.pid, 'SIGHUP');
  for (const end = Date.now() + 5_000; Date.now() < end;) {
    const reply = await post(`${rack.url}/v1/tools/call`, echo, {authorization: `Bearer ${keys[0]}`});
    if (reply.headers.get('x-ratelimit-limit') === String(next.limits.per_minute)) return;
    await pause(10);
  }
  unseen += 1;
}

const memory = () => {
  const status = readFileSync(`/proc/${rack.pid}/status`, 'utf8');
  const [resident, file] = ['VmRSS', 'RssFile'].map((name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024);
  return {resident, file};
};
const descriptors = () => readdirSync(`/proc/${rack.pid}/fd`).length;

/// Once nobody calls any more. What connections held is given back within a moment: the least of a second.
async function idleDescriptors() {
  let least = Infinity;
  for (const end = Date.now() + 1_000; Date.now() < end;) {
    least = Math.min(least, descriptors());
    await pause(50);
  }
  return least;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
const megabytes = (value) => `${value.toFixed(1)} MiB`;

const warm = await load(0, 1); // The tool is loaded, every pool has its threads.
if (warm.errors > 0) throw new Error(warm.first_error);
await reload(); // Node keeps its connection, before and after.
const descriptorsBefore = await idleDescriptors();
const capacity = await load(0, capacitySeconds);
if (capacity.errors > 0) throw new Error(`${capacity.errors} errors at full load: ${capacity.first_error}`);
const most = capacity.calls / capacity.seconds;
const rate = Math.round(share * most);
say(`the machine does ${Math.round(most)} calls/s over ${connections} connections; going on with ${rate} for ${seconds} s`);

const samples = [];
const began = Date.now();
let isOver = false;
const ticking = (async () => {
  for (let tick = 1; !isOver; ++tick) {
    await pause(Math.max(0, began + tick * 1_000 - Date.now()));
    if (isOver) return;
    await reload();
    const second = (Date.now() - began) / 1_000;
    samples.push({second, descriptors: descriptors(), ...memory()});
    const {resident, file} = samples.at(-1);
    if (tick % 30 === 0) say(`${tick} s: ${megabytes(resident - file)} of its own, ${megabytes(file)} of files, ${descriptors()} descriptors`);
  }
})();
const result = await load(rate, seconds);
isOver = true;
await ticking;
const descriptorsAfter = await idleDescriptors();
const isAlive = await fetch(`${rack.url}/readyz`).then((reply) => reply.ok, () => false);
const {code, signal} = await rack.stop();

// The middle of a few samples: a single one may catch a batch on its way to the store.
const window = Math.max(3, Math.round(seconds / 20));
const anonymous = (sample) => sample.resident - sample.file;
const early = samples.filter(({second}) => second >= warmUpSeconds).slice(0, window);
const late = samples.slice(-window);
const of = (list, value) => median(list.map(value));
const drift = of(late, anonymous) / of(early, anonymous) - 1;

const at = (levels) => rack.log.filter((line) => new RegExp(`"level":"(${levels})"`).test(line));
const complaints = at('error|critical|alert|emergency');
const checks = [
  ['calls', `${result.calls}, ${(result.calls / result.seconds).toFixed(0)}/s of the ${rate} that were tried`, result.calls > 0],
  ['errors', `${result.errors}${result.first_error ? `: ${result.first_error}` : ''}`, result.errors === 0],
  ['reloads', `${reloads}, ${unseen} of them without effect`, reloads > 0 && unseen === 0],
  ['memory', `${megabytes(of(early, anonymous))} after ${warmUpSeconds.toFixed(0)} s, ${megabytes(of(late, anonymous))} at the end: ` +
    `${(100 * drift).toFixed(1)} % (with the mapped pages of program and store, which the kernel takes back when it wants: ` +
    `${megabytes(of(early, ({resident}) => resident))}, ${megabytes(of(late, ({resident}) => resident))})`, drift < mostDrift],
  ['descriptors', `${descriptorsBefore} before, ${descriptorsAfter} after; ${of(early, (one) => one.descriptors)} and ` +
    `${of(late, (one) => one.descriptors)} under load`, descriptorsAfter <= descriptorsBefore],
  ['end', isAlive ? `it ended with ${code ?? signal} when it was told to` : 'it was gone before', isAlive && code === 0],
  ['log', complaints.length === 0 ? `no error, ${at('warning').length} warnings` : complaints.slice(0, 3).join('\n'), complaints.length === 0],
];
for (const [name, text, isGood] of checks) console.log(`${isGood ? 'ok    ' : 'FAILED'} ${name}: ${text}`);
console.log(`       latency: p50 ${result.p50_us} µs, p99 ${result.p99_us} µs, longest ${result.max_us} µs`);
process.exit(checks.every(([, , isGood]) => isGood) ? 0 : 1);
