// What a plugin in a worker can do to the machine and to the rack it belongs to: nothing of this list. Each attempt is made by the same
// plugin inside the gateway first, where it must succeed, or its refusal would prove nothing.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {build, post, scratch, startGateway} from './support/gateway.mjs';

const stopped = [];
after(() => Promise.all(stopped.map((stop) => stop())));

async function serve(isolation) {
  const plugins = scratch();
  for (const name of ['escapes', 'files']) copyFileSync(join(build, `tests/plugins/${name}.so`), join(plugins, `${name}.so`));
  const config = join(plugins, 'toolrack.json');
  writeFileSync(config, JSON.stringify({isolation: {default: isolation}}));
  const gateway = await startGateway({plugins: [plugins], args: ['--config', config]});
  stopped.push(() => gateway.stop());
  const tried = async (skill, at) => {
    const {status, json, text} = await post(`${gateway.url}/v1/tools/call`, {tool: 'test/escapes', skill, input: {at: String(at)}});
    assert.equal(status, 200, text);
    return json.output.worked;
  };
  return {...gateway, plugins, tried};
}

const listener = createServer(() => {}).listen(0, '127.0.0.1');
await new Promise((done) => listener.once('listening', done));
const victim = spawn('sleep', ['600'], {stdio: 'ignore'});
stopped.push(() => { listener.close(); victim.kill('SIGKILL'); });

const store = ({data}) => join(data, readdirSync(data, {recursive: true}).find((name) => name.endsWith('data.mdb') || name.endsWith('.mdb')));
/// Of a call that another plugin's code has running or has had.
const others = ({data}) => {
  const folder = join(data, 'scratch', 'worker-99999');
  mkdirSync(folder, {recursive: true, mode: 0o777});
  writeFileSync(join(folder, 'page'), 'of somebody else', {mode: 0o644});
  return folder;
};
const attempts = [
  ['the store', 'reads', store],
  ['a key beside the store', 'reads', ({data}) => { writeFileSync(join(data, 'master.key'), 'secret', {mode: 0o644}); return join(data, 'master.key'); }],
  ['files of another plugin\'s call', 'reads', (gateway) => join(others(gateway), 'page')],
  ['a file in another plugin\'s call', 'writes', (gateway) => join(others(gateway), 'planted')],
  ['another plugin\'s library', 'reads', ({plugins}) => join(plugins, 'files.so')],
  ['a plugin of its own making', 'writes', ({plugins}) => join(plugins, 'planted.so')],
  ['the configuration', 'reads', ({plugins}) => join(plugins, 'toolrack.json')],
  ['the accounts of the host', 'reads', () => '/etc/passwd'],
  ['a temporary file', 'writes', ({data}) => `${data}-planted`],
  ['the environment of the gateway', 'reads', ({pid}) => `/proc/${pid}/environ`],
  ['the memory map of the gateway', 'reads', ({pid}) => `/proc/${pid}/maps`],
  ['the command line of process 1', 'reads', () => '/proc/1/cmdline'],
  ['the gateway over TCP', 'connects', ({url}) => new URL(url).port],
  ['another server over TCP', 'connects', () => listener.address().port],
  ['the owner\'s socket of the gateway', 'connects_to', ({data}) => join(data, 'toolrack.sock')],
  ['a signal to the gateway', 'signals', ({pid}) => pid],
  ['a signal to another process', 'signals', () => victim.pid],
  ['the debugger of another process', 'traces', () => victim.pid],
  ['a program', 'executes', () => '/usr/bin/true'],
];

for (const isolation of ['worker', 'worker_per_vendor']) test(`a plugin in a ${isolation} is denied what the same plugin in the gateway does`, async (t) => {
  const inside = await serve('in_process');
  const apart = await serve(isolation);
  const shown = [];
  for (const [what, skill, at] of attempts) {
    if (!await inside.tried(skill, at(inside))) {
      t.diagnostic(`not shown: ${what}: the machine denies it to the gateway already`);
      continue;
    }
    assert.equal(await apart.tried(skill, at(apart)), false, `${skill}: ${what}`);
    shown.push(what);
  }
  rmSync(`${inside.data}-planted`, {force: true});
  assert.ok(!existsSync(`${apart.data}-planted`));
  t.diagnostic(`${shown.length} of ${attempts.length} denied in a worker, and possible in the gateway`);
  assert.ok(shown.length >= 16, shown.join(', '));
});
