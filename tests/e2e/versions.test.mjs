// Versions of one tool beside each other: which one a call gets, and what a new one may not take away.
import assert from 'node:assert/strict';
import {renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {isReady, post, run, scratch, startGateway} from './support/gateway.mjs';
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
const call = (tool, skill = 'which', headers = {}) => post(`${gateway.url}/v1/tools/call`, {tool, skill, input: {}}, headers);
const generation = async (tool, skill, headers) => Number((await call(tool, skill, headers)).json.output?.generation);
/// Once that generation answers to the name.
async function becomes(wanted, tool = 'swapped') {
  while (await generation(tool) !== wanted) await new Promise((wake) => { setTimeout(wake, 20); });
}
/// What the command says of the tool's versions.
async function decide(...words) {
  const {code, stdout, stderr} = await command(...words);
  assert.equal(code, 0, stderr);
  return stdout;
}
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

test('a minor version that takes something away is not served, and told where and how to force it', async () => {
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

test('the same in a new major version is no breach', async () => {
  place('major.so', '3.0.0', 30, withoutSkill);
  await row('major.so', ({state}) => state === 'serving' || state === 'checked');
  for (;;) if (await generation('swapped') === 30) break;
  assert.equal(await generation('swapped@2'), 20);
});

test('a promoted version is the usual one at once and after a restart, as is what was forced', async () => {
  assert.match(await decide('promote', 'swapped@2.0.0'), /^test\/swapped: 2\.0\.0 is the usual version \(3\.0\.0, 1\.4\.0, 1\.3\.0\), by promotion; .*1\.4\.0 is forced$/m);
  assert.equal(await generation('swapped'), 20);
  assert.equal((await rpc('?expose=flat', 'tools/call', {name: 'swapped_which', arguments: {}})).result.structuredContent.generation, '00000020');
  assert.match((await command('tools')).stdout, /^swapped +2\.0\.0 \(3\.0\.0, 1\.4\.0, 1\.3\.0\) /m);

  await gateway.stop();
  gateway = await startGateway({data: gateway.data, plugins: [plugins]});
  assert.equal(await generation('swapped'), 20);
  assert.equal(await generation('swapped@1.4.0'), 14);
  assert.match(await decide('plugins'), /^test\/swapped: 2\.0\.0 is the usual version .*, by promotion/m);
});

test('a newer file waits behind a promotion until that is taken back', async () => {
  place('four.so', '4.0.0', 40);
  await becomes(40, 'swapped@4');
  assert.equal(await generation('swapped'), 20);
  await decide('promote', 'swapped');
  assert.equal(await generation('swapped'), 40);
});

test('each rollback goes one usual version further back', async () => {
  assert.match(await decide('rollback', 'swapped'), /2\.0\.0 is the usual version .*4\.0\.0 is set back: by the operator/);
  assert.equal(await generation('swapped'), 20);
  await decide('rollback', 'swapped');
  assert.equal(await generation('swapped'), 30);
  const refused = await command('rollback', 'swapped@3.0.0');
  assert.notEqual(refused.code, 0);
});

test('the place of a promoted version whose file goes is taken until it is there again', async () => {
  await decide('promote', 'swapped@1.3.0');
  assert.equal(await generation('swapped'), 13);
  rmSync(join(plugins, 'one.so'));
  await becomes(30);
  assert.match(await decide('plugins'), /3\.0\.0 is the usual version .*1\.3\.0 is promoted and does not serve/);
  place('one.so', '1.3.0', 13);
  await becomes(13);
});

test('what is disabled is refused with the way back, and what runs ends', async () => {
  const before = await row('one.so', () => true);
  const running = post(`${gateway.url}/v1/tools/call`, {tool: 'swapped', skill: 'waits', input: {ms: 1500}});
  await row('one.so', ({calls}) => calls > before.calls);
  assert.match(await decide('disable', 'swapped@1.3.0'), /3\.0\.0 is the usual version .*1\.3\.0 is disabled/);
  assert.equal(await generation('swapped'), 30);
  assert.equal(await generation('swapped@1'), 14, 'another version that the name means');
  const {status, json} = await call('swapped@1.3.0');
  assert.equal(status, 404);
  assert.equal(json.error.code, 'tool_disabled');
  assert.match(json.error.resolution_hint, /toolrack enable test\/swapped@1\.3\.0/);
  assert.match((await command('promote', 'swapped@1.3.0')).stderr, /is disabled/);
  assert.equal(Number((await running).json.output.generation), 13);

  assert.match(await decide('disable', 'swapped'), /no version serves; .*the tool is disabled/);
  assert.equal((await call('swapped')).json.error.code, 'tool_disabled');
  assert.equal((await call('swapped_which', '')).json.error.code, 'tool_disabled');
  const {tools} = await (await fetch(`${gateway.url}/v1/tools`)).json();
  assert.ok(!tools.some(({name}) => name === 'swapped'));
  await decide('enable', 'swapped');
  assert.equal(await generation('swapped'), 30);
  await decide('enable', 'swapped@1.3.0');
  assert.equal(await generation('swapped'), 13, 'the promotion stands');
});

let key;
test('a canary is what its keys and its share get', async () => {
  const {api_key: secret, id} = JSON.parse((await command('--format', 'json', 'keys', 'create', 'canary')).stdout);
  key = {id, headers: {authorization: `Bearer ${secret}`}};
  assert.match(await decide('canary', 'swapped@3.0.0', '--keys', `0123456789abcdef,${id}`), /3\.0\.0 is shown to 0123456789abcdef, [0-9a-f]{16}; /);
  assert.equal(await generation('swapped', 'which', key.headers), 30);
  assert.equal(await generation('swapped@1', 'which', key.headers), 13);
  assert.equal((await call('swapped', 'blocks', key.headers)).json.output?.generation, '00000013', 'a skill that the canary lacks');
  assert.equal(await generation('swapped'), 13);
  assert.match(await decide('canary', 'swapped@3.0.0', '--percent', '100'), /3\.0\.0 is shown to 100 % of the keys/);
  assert.equal(await generation('swapped'), 30);
  await decide('canary', 'swapped');
  assert.equal(await generation('swapped', 'which', key.headers), 13);
  assert.match((await command('canary', 'swapped@3.0.0')).stderr, /nobody is to be shown/);
  assert.match((await command('canary', 'swapped@3.0.0', '--keys', 'mine')).stderr, /keys/);
});

/// `which` breaks its own output schema.
const broken = (manifest) => manifest
  .replace('"description": "At once.", "input": {"type": "object"}', '"description": "At once.", "output": {"required":["x"]}, "input": {"type": "object"}')
  .replace('"After a time that it waits in place."', '"Waits."');

test('a version that fails more than the one before is taken back by itself', async () => {
  await decide('promote', 'swapped');
  for (let i = 0; i < 10; ++i) assert.equal(await generation('swapped'), 30);
  place('five.so', '5.0.0', 50, broken);
  while ((await call('swapped')).json.error?.code !== 'invalid_output');
  assert.match(await decide('plugins'), /5\.0\.0 is on trial: \d+ of \d+ calls have failed, of 3\.0\.0 0 of \d+/);
  await becomes(30);
  assert.match(await decide('plugins'), /3\.0\.0 is the usual version .*5\.0\.0 is set back: (\d+) of \1 calls have failed, of 3\.0\.0 0 of \d+/);
  const told = await gateway.logged(({message}) => message.startsWith('a version fails more than the one before'));
  assert.equal(told.version, '5.0.0');
  assert.equal(told.usual, '3.0.0');
  place('six.so', '5.0.1', 51);
  await becomes(51);
});

test('a trial goes on in the gateway that this one becomes', async () => {
  for (let i = 0; i < 10; ++i) assert.equal(await generation('swapped'), 51);
  place('eight.so', '5.1.0', 52, broken);
  while ((await call('swapped')).json.error?.code !== 'invalid_output');
  const seen = gateway.log.length;
  process.kill(gateway.pid, 'SIGUSR2');
  await gateway.logged(isReady, seen);
  assert.match(await decide('plugins'), /5\.1\.0 is on trial: 0 of 0 calls have failed, of 5\.0\.1 0 of [1-9]\d/);
  await becomes(51);
  assert.match(await decide('plugins'), /5\.1\.0 is set back: (\d+) of \1 calls have failed, of 5\.0\.1 0 of [1-9]\d/);
});

test('a canary that fails is shown to nobody any more', async () => {
  await decide('promote', 'swapped@3.0.0');
  place('seven.so', '7.0.0', 70, broken);
  while (!(await (await fetch(`${gateway.url}/v1/tools`)).json()).tools.find(({name}) => name === 'swapped').versions.includes('7.0.0')) await new Promise((wake) => { setTimeout(wake, 20); });
  await decide('canary', 'swapped@7.0.0', '--keys', key.id);
  for (;;) if (await generation('swapped', 'which', key.headers) === 30) break;
  assert.match(await decide('plugins'), /7\.0\.0 is set back: \d+ of \d+ calls have failed, of 3\.0\.0 0 of \d+/);
});
