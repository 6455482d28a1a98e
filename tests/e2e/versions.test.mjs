// Versions of one tool beside each other: which one a call gets, and what a new one may not take away.
import assert from 'node:assert/strict';
import {renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {post, run, scratch, startGateway} from './support/gateway.mjs';
import {library} from './support/swapped.mjs';

const plugins = scratch();
const aside = scratch();
let gateway;

/// The tool `swapped` in that version, answering with that generation. `change`: of the manifest, which keeps its length.
function place(name, version, generation, change = (manifest) => manifest) {
  const bytes = library(generation);
  const at = bytes.indexOf('"version": "1.0.0"');
  assert.ok(at > 0 && version.length === 5);
  bytes.write(version, at + '"version": "'.length, 'latin1');
  const end = bytes.indexOf('\n}\n', at);
  const manifest = bytes.toString('latin1', at, end);
  const changed = change(manifest);
  assert.equal(changed.length, manifest.length);
  bytes.write(changed, at, 'latin1');
  writeFileSync(join(aside, 'new'), bytes);
  renameSync(join(aside, 'new'), join(plugins, name));
}
const call = (tool, skill = 'which') => post(`${gateway.url}/v1/tools/call`, {tool, skill, input: {}});
const generation = async (tool, skill) => Number((await call(tool, skill)).json.output?.generation);
const command = async (...words) => run(['--data', gateway.data, ...words]);
async function row(name, isSo) {
  for (;;) {
    const {stdout} = await command('--format', 'json', 'plugins');
    const found = JSON.parse(stdout).plugins.find(({path}) => path === join(plugins, name));
    if (found && isSo(found)) return found;
    await new Promise((wake) => { setTimeout(wake, 50); });
  }
}
async function rpc(query, method, params) {
  const headers = {'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-06-18'};
  const reply = await fetch(`${gateway.url}/mcp${query}`, {method: 'POST', headers, body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params})});
  return reply.json();
}

before(async () => {
  place('one.so', '1.3.0', 13);
  place('two.so', '2.0.0', 20);
  gateway = await startGateway({plugins: [plugins]});
});
after(() => gateway.stop());

test('the highest version is what a call gets, and any other by its name, in every way to call', async () => {
  assert.equal(await generation('swapped'), 20);
  assert.equal(await generation('swapped@1'), 13);
  assert.equal(await generation('test/swapped@1.3.0'), 13);
  const flat = await post(`${gateway.url}/v1/tools/call`, {tool: 'swapped_which@1', input: {}});
  assert.equal(flat.json.output?.generation, '00000013', flat.text);
  const {status, json} = await call('swapped@3');
  assert.equal(status, 404);
  assert.match(json.error.message, /there are: 2\.0\.0, 1\.3\.0/);

  const done = await command('call', 'swapped@1.3.0', 'which');
  assert.match(done.stdout, /00000013/, done.stderr);
  assert.match((await command('call', 'swapped_which@1')).stdout, /00000013/);
  assert.match((await command('info', 'swapped@1')).stdout, /^swapped 1\.3\.0 \(2\.0\.0\) /);

  const params = {name: 'swapped_which', arguments: {}};
  const used = await rpc('', 'tools/call', {name: 'use_tool', arguments: {tool: 'swapped@1', skill: 'which', input: {}}});
  assert.match(JSON.stringify(used), /00000013/);
  assert.equal((await rpc('?expose=flat', 'tools/call', params)).result.structuredContent.generation, '00000020');
  assert.equal((await rpc('?expose=flat&tools=swapped@1', 'tools/call', params)).result.structuredContent.generation, '00000013');
  assert.match((await rpc('?expose=flat&tools=swapped@7', 'tools/call', params)).error.message, /has no version "7"/);
  const batch = await post(`${gateway.url}/v1/tools/batch`, {calls: ['swapped@1', 'swapped'].map((tool) => ({tool, skill: 'which', input: {}}))});
  assert.deepEqual(batch.json.results.map(({output}) => Number(output.generation)), [13, 20]);
});

test('lists name the version that a call gets, and which there are', async () => {
  const {tools} = await (await fetch(`${gateway.url}/v1/tools`)).json();
  const listed = tools.find(({name}) => name === 'swapped');
  assert.equal(listed.version, '2.0.0');
  assert.deepEqual(listed.versions, ['2.0.0', '1.3.0']);
  assert.match((await command('tools')).stdout, /^swapped +2\.0\.0 \(1\.3\.0\) /m);
  const list = await rpc('?expose=flat&tools=swapped%401', 'tools/list', {});
  assert.ok(list.result.tools.some(({name}) => name === 'swapped_which'));
});

const withoutSkill = (manifest) => manifest.replace('"name": "blocks"', '"name": "blockz"');

test('a minor version that takes something away is not served, and told where and how to force it', {timeout: 60_000}, async () => {
  place('minor.so', '1.4.0', 14, withoutSkill);
  const {code, message, remedy} = await row('minor.so', ({state}) => state === 'failed');
  assert.equal(code, 'E_INCOMPATIBLE');
  assert.match(message, /test\/swapped@1\.4\.0 takes away from callers of 1\.3\.0: at \/skills\/3 of the one before: the skill "blocks" is gone/);
  assert.match(remedy, /toolrack plugins reload --force/);
  assert.equal(await generation('swapped@1'), 13);

  const forced = await command('plugins', 'reload', '--force', 'swapped@1.4.0');
  assert.equal(forced.stdout, 'added: test/swapped@1.4.0\n', forced.stderr);
  assert.equal(await generation('swapped@1'), 14);
  assert.equal(await generation('swapped@1.3.0'), 13);
});

test('the same in a new major version is no breach', {timeout: 60_000}, async () => {
  place('major.so', '3.0.0', 30, withoutSkill);
  await row('major.so', ({state}) => state === 'serving' || state === 'checked');
  for (;;) if (await generation('swapped') === 30) break;
  assert.equal(await generation('swapped@2'), 20);
});
