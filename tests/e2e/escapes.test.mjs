// What a plugin in a worker can do to the machine and to the rack it belongs to: nothing of this list, wherever workers may run. Each attempt
// is made by the same plugin inside the gateway first, where it must succeed, or its refusal would prove nothing.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {build, post, scratch, startGateway} from './support/gateway.mjs';
import {asNobody, canBe, nobody, withoutLandlock, withoutNamespaces} from './support/machines.mjs';

const stopped = [];
after(() => Promise.all(stopped.map((stop) => stop())));

/// Where workers run. `under`: words of a program that becomes the gateway; `user`: who that is, when not the tester; `lacks`: layers that
/// are not there; `least`: how many attempts must be shown.
const places = [
  {name: 'with every layer that this machine has', under: [], least: 22},
  {name: 'without namespaces', under: withoutNamespaces, lacks: /network namespace|private root|other user/, least: 21},
  {name: 'without Landlock', under: withoutLandlock, lacks: /landlock/, least: 22},
  {name: 'of a gateway that is not root', under: asNobody, user: nobody, lacks: /other user/, least: 21},
  {name: 'of a gateway that is not root, without namespaces', under: [...asNobody, ...withoutNamespaces], user: nobody, lacks: /network namespace|private root|other user/, least: 21},
];
/// Why one cannot be had here.
function missing({under, user}) {
  if (user !== undefined && process.getuid() !== 0) return 'only root may become somebody else';
  return canBe(under) ? false : 'it cannot be made here';
}

async function serve(isolation, {under, user}) {
  const give = (path) => { if (user !== undefined) chownSync(path, user, user); return path; };
  const [plugins, data] = [give(scratch()), give(scratch())];
  for (const name of ['escapes', 'files']) copyFileSync(join(build, `tests/plugins/${name}.so`), join(plugins, `${name}.so`));
  const config = join(plugins, 'toolrack.json');
  writeFileSync(config, JSON.stringify({isolation: {default: isolation}}));
  give(config);
  const gateway = await startGateway({data, plugins: [plugins], args: ['--config', config], under});
  stopped.push(() => gateway.stop());
  const tried = async (skill, at) => {
    const {status, json, text} = await post(`${gateway.url}/v1/tools/call`, {tool: 'test/escapes', skill, input: {at: String(at)}});
    assert.equal(status, 200, text);
    return json.output.worked;
  };
  return {...gateway, plugins, tried, give};
}

const listener = createServer(() => {}).listen(0, '127.0.0.1');
await new Promise((done) => listener.once('listening', done));
stopped.push(() => listener.close());
/// Another process of the gateway's user.
const victims = new Map();
function victimOf(user) {
  if (!victims.has(user)) {
    const victim = spawn('sleep', ['600'], {stdio: 'ignore', ...(user === undefined ? {} : {uid: user, gid: user})});
    stopped.push(() => victim.kill('SIGKILL'));
    victims.set(user, victim);
  }
  return victims.get(user).pid;
}

const store = ({data}) => join(data, readdirSync(data, {recursive: true}).find((name) => name.endsWith('data.mdb') || name.endsWith('.mdb')));
/// A file of the gateway's user that everybody may read.
const readable = ({give}, path) => { writeFileSync(path, 'of somebody else', {mode: 0o644}); return give(path); };
/// Of a call that another plugin's code has running or has had.
const others = (gateway) => {
  const folder = join(gateway.data, 'scratch', 'worker-99999');
  mkdirSync(folder, {recursive: true, mode: 0o777});
  gateway.give(folder);
  readable(gateway, join(folder, 'page'));
  return folder;
};
const attempts = [
  ['the store', 'reads', store],
  ['a key beside the store', 'reads', (gateway) => readable(gateway, join(gateway.data, 'master.key'))],
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
  ['a signal to another process', 'signals', ({victim}) => victim],
  ['a signal to the gateway that the kernel sends', 'signals_by_pipe', ({pid}) => pid],
  ['a signal to another process that the kernel sends', 'signals_by_pipe', ({victim}) => victim],
  ['the debugger of another process', 'traces', ({victim}) => victim],
  ['a program', 'executes', () => '/usr/bin/true'],
  ['the size of a file beside the store', 'resizes', (gateway) => readable(gateway, join(gateway.data, 'resized'))],
  ['all that is in a file beside the store', 'empties', (gateway) => readable(gateway, join(gateway.data, 'emptied'))],
  ['who may read a file beside the store', 'changes_mode', (gateway) => readable(gateway, join(gateway.data, 'changed'))],
];

/// A vendor's process has the same sandbox; it is tried once.
const runs = [...places.map((place) => ['worker', place]), ['worker_per_vendor', places[0]]];
for (const [isolation, place] of runs) test(`a plugin in a ${isolation} ${place.name} is denied what the same plugin in the gateway does`, {skip: missing(place)}, async (t) => {
  const victim = victimOf(place.user);
  const inside = {...await serve('in_process', place), victim};
  const apart = {...await serve(isolation, place), victim};
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
  const {workers} = await (await fetch(`${apart.url}/health`)).json();
  if (place.lacks) assert.doesNotMatch(workers.sandbox, place.lacks);
  t.diagnostic(`${workers.sandbox}: ${shown.length} of ${attempts.length} denied in a worker, and possible in the gateway`);
  assert.ok(shown.length >= place.least, shown.join(', '));
});
