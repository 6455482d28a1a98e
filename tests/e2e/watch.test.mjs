// Plugins come, go and fail while the gateway serves, and nobody who calls notices.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {chmodSync, closeSync, copyFileSync, linkSync, mkdirSync, openSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {build, isSanitized, post, run, scratch, startGateway} from './support/gateway.mjs';
import {random} from './support/random.mjs';
import {Callers, library, slowProvider} from './support/swapped.mjs';

const rounds = Number(process.env.TOOLRACK_WATCH_ROUNDS ?? 60);
const swaps = Number(process.env.TOOLRACK_WATCH_SWAPS ?? 50);
const seed = Number(process.env.TOOLRACK_SEED ?? Date.now() % 1_000_000);
console.log(`TOOLRACK_SEED=${seed} TOOLRACK_WATCH_ROUNDS=${rounds} repeats the order of the files`);

const stopped = [];
after(() => Promise.all(stopped.map((stop) => stop())));

async function serve(options) {
  const gateway = await startGateway(options);
  stopped.push(() => gateway.stop());
  return gateway;
}
const call = (gateway, tool, skill, input = {}) => post(`${gateway.url}/v1/tools/call`, {tool, skill, input});
async function plugins(gateway) {
  const {stdout} = await run(['--data', gateway.data, '--format', 'json', 'plugins']);
  return JSON.parse(stdout).plugins;
}
/// Calls until the answer is the one wanted; the test's own limit ends it.
async function until(wanted, what) {
  for (;;) {
    const seen = await what();
    if (wanted(seen)) return seen;
  }
}

/// A plugin directory, and every way in which a file gets into it.
function directory() {
  const plugins = scratch();
  const aside = scratch(); // On the same file system.
  const at = join(plugins, 'swapped.so');
  let count = 0;
  const write = (path, bytes) => writeFileSync(path, bytes);
  const file = (bytes) => {
    const path = join(aside, `${++count}.so`);
    write(path, bytes);
    return path;
  };
  const unlink = () => rmSync(at, {force: true});
  return {plugins, at, ways: {
    'cp over': (bytes) => { copyFileSync(file(bytes), at); },
    'rm and cp': (bytes) => { unlink(); copyFileSync(file(bytes), at); },
    'install': (bytes) => { execFileSync('install', ['-m', '755', file(bytes), at]); },
    'mv': (bytes) => renameSync(file(bytes), at),
    'ln -sfn': (bytes) => { symlinkSync(file(bytes), join(plugins, '.link')); renameSync(join(plugins, '.link'), at); },
    'rm and ln -s': (bytes) => { unlink(); symlinkSync(file(bytes), at); },
    'rm and ln': (bytes) => { unlink(); linkSync(file(bytes), at); },
    'tar': (bytes) => {
      renameSync(file(bytes), join(aside, 'swapped.so'));
      execFileSync('tar', ['cf', join(aside, 'a.tar'), '-C', aside, 'swapped.so']);
      execFileSync('tar', ['xf', join(aside, 'a.tar'), '-C', plugins]);
    },
    'in pieces': async (bytes) => {
      unlink();
      const open = openSync(at, 'w');
      for (let part = 0; part < 8; ++part) {
        writeSync(open, bytes.subarray(Math.floor(bytes.length * part / 8), Math.floor(bytes.length * (part + 1) / 8)));
        await new Promise((next) => setTimeout(next, 40));
      }
      closeSync(open);
    },
    // The end before the beginning, as linkers write.
    'ld': (bytes) => {
      unlink();
      const open = openSync(at, 'w');
      const piece = Math.ceil(bytes.length / 21);
      for (let part = 20; part >= 0; --part) writeSync(open, bytes.subarray(part * piece, (part + 1) * piece), 0, undefined, part * piece);
      closeSync(open);
      chmodSync(at, 0o755);
    },
  }};
}

/// Each of them in random order, and then all again in another.
function shuffled(all, next) {
  let left = [];
  return () => {
    if (left.length === 0) left = [...all];
    return left.splice(Math.floor(next() * left.length), 1)[0];
  };
}

const spoil = {
  'cut off': (bytes, next) => bytes.subarray(0, Math.floor(bytes.length * next())),
  'empty': () => Buffer.alloc(0),
  'text': () => Buffer.from('no library at all\n'.repeat(200)),
  'wrong in its head': (bytes, next) => {
    const out = Buffer.from(bytes);
    for (let i = 0; i < 48; ++i) out[4 + Math.floor(next() * 60)] = Math.floor(next() * 256);
    out[0] = 0;
    return out;
  },
  'without a manifest': (bytes) => {
    const out = Buffer.from(bytes);
    out.fill('x', out.indexOf('"manifest"'), out.indexOf('"manifest"') + 10);
    return out;
  },
};

test(`${rounds} files in every way, half of them bad: never stops answering, ends on the right one`, async () => {
  const next = random(seed);
  const {plugins: folder, at, ways} = directory();
  const nextFile = shuffled(Object.entries(ways).flatMap((way) => [[...way, true], [...way, false]]), next);
  const nextSpoil = shuffled(Object.entries(spoil), next);
  ways.mv(library(1));
  const gateway = await serve({plugins: [folder]});
  assert.equal((await call(gateway, 'swapped', 'which')).json.output.generation, '00000001');
  const callers = new Callers(gateway.url, 4, ['which', 'which_pooled', 'waits'], 20);
  callers.placed = 1;
  const order = [];
  try {
    for (let round = 2; round <= rounds; ++round) {
      const [way, put, isBad] = nextFile();
      if (isBad) {
        const [how, change] = nextSpoil();
        order.push(`${way}, ${how}`);
        await put(change(library(round), next));
        const enough = callers.calls + Math.floor(next() * 200);
        while (callers.calls < enough && callers.failures.length === 0) await call(gateway, 'swapped', 'which');
      } else {
        order.push(way);
        callers.placed = round;
        await put(library(round));
        // Often another file comes before this one is taken.
        if (next() < 0.7) assert.ok(await callers.sees(round), callers.failures[0]);
      }
      assert.deepEqual(callers.failures, [], order.slice(-3).join('; '));
    }
    callers.placed = rounds + 1;
    await nextFile()[1](library(rounds + 1));
    assert.ok(await callers.sees(rounds + 1), callers.failures[0]);
  } finally {
    await callers.stop();
  }
  assert.deepEqual(callers.failures, []);
  assert.deepEqual(callers.wrong, []);
  console.log(`${callers.calls} calls over ${order.length} files`);
  const rows = await until((all) => all.every((one) => one.state !== 'draining'), async () =>
    (await plugins(gateway)).filter(({path}) => path === at));
  // A sanitizer keeps every library, for its reports.
  const left = rows.filter(({state}) => !(isSanitized && state === 'resident'));
  assert.deepEqual(left.map(({state, code}) => [state, code]), [['serving', undefined]]);
});

test('a bad file is told once, with its reason, while the one before serves on', async () => {
  const {plugins: folder, at, ways} = directory();
  ways.mv(library(1));
  const gateway = await serve({plugins: [folder]});
  await call(gateway, 'swapped', 'which');
  ways.mv(library(2).subarray(0, 5000));
  const faulty = await until((rows) => rows.some(({code}) => code), () => plugins(gateway));
  assert.deepEqual(faulty.filter(({path}) => path === at).map(({state, code}) => [state, code]),
    [['failed', 'E_TRUNCATED'], ['serving', undefined]]);
  const {stdout} = await run(['--data', gateway.data, 'plugins', 'reload']);
  assert.match(stdout, /Nothing has changed|E_TRUNCATED/);
  assert.equal((await call(gateway, 'swapped', 'which')).json.output.generation, '00000001');
  await gateway.logged(({code}) => code === 'E_TRUNCATED');
  const told = gateway.log.map((line) => JSON.parse(line)).filter(({code}) => code === 'E_TRUNCATED');
  assert.equal(told.length, 1, JSON.stringify(told));
  assert.ok(told[0].file === at && told[0].remedy && told[0].reason, JSON.stringify(told[0]));
});

test('a dropped file serves, a removed one is gone, a renamed one goes on', async () => {
  const folder = scratch();
  const gateway = await serve({plugins: [folder]});
  assert.equal((await call(gateway, 'test/plain', 'literal')).status, 404);
  copyFileSync(join(build, 'tests/plugins/plain.so'), join(folder, 'plain.so'));
  await until(({status}) => status === 200, () => call(gateway, 'test/plain', 'literal'));
  renameSync(join(folder, 'plain.so'), join(folder, 'renamed.so'));
  for (;;) {
    const rows = await plugins(gateway);
    assert.equal((await call(gateway, 'test/plain', 'literal')).status, 200);
    if (rows.some(({path}) => path.endsWith('renamed.so'))) break;
  }
  unlinkSync(join(folder, 'renamed.so'));
  const gone = await until(({status}) => status !== 200, () => call(gateway, 'test/plain', 'literal'));
  assert.equal(gone.json.error.code, 'tool_not_found');
});

test('a volume that is put in the place of another', async () => {
  const root = scratch();
  for (const version of [1, 2]) {
    mkdirSync(join(root, `v${version}`));
    writeFileSync(join(root, `v${version}`, 'swapped.so'), library(version));
  }
  symlinkSync('v1', join(root, 'current'));
  const gateway = await serve({plugins: [join(root, 'current')]});
  assert.equal((await call(gateway, 'swapped', 'which')).json.output.generation, '00000001');
  symlinkSync('v2', join(root, 'next'));
  renameSync(join(root, 'next'), join(root, 'current'));
  await until(({json}) => json.output.generation === '00000002', async () => {
    const reply = await call(gateway, 'swapped', 'which');
    assert.equal(reply.status, 200, reply.text);
    return reply;
  });
});

test(`${swaps} swaps under 16 callers lose no call`, async () => {
  const provider = await slowProvider(60);
  stopped.push(async () => provider.stop());
  const configuration = join(scratch(), 'rack.json');
  writeFileSync(configuration, JSON.stringify({providers: {local: {base_url: provider.url}}}));
  const {plugins: folder, ways} = directory();
  ways.mv(library(1));
  const gateway = await serve({plugins: [folder], args: ['--config', configuration]});
  const callers = new Callers(gateway.url, 16, ['which', 'which_pooled', 'waits', 'blocks', 'fetches', 'nests'], 60);
  callers.placed = 1;
  try {
    for (let i = 2; i <= swaps + 1; ++i) {
      callers.placed = i;
      ways.mv(library(i));
      assert.ok(await callers.sees(i), callers.failures[0]);
    }
  } finally {
    await callers.stop();
  }
  assert.deepEqual(callers.failures, []);
  assert.deepEqual(callers.wrong, []);
  console.log(`${callers.calls} calls over ${swaps} swaps`);
});

test('an exclusive plugin is back, with its state, when the next build of it does not come up', async () => {
  const folder = scratch();
  const aside = scratch();
  const place = (name) => {
    copyFileSync(join(build, 'tests/plugins', `${name}.so`), join(aside, 'new.so'));
    renameSync(join(aside, 'new.so'), join(folder, 'exclusive.so'));
  };
  const count = async (gateway) => (await call(gateway, 'exclusive', 'count')).json;
  place('exclusive_1.0.0');
  const gateway = await serve({plugins: [folder]});
  for (let i = 1; i <= 3; ++i) assert.deepEqual((await count(gateway)).output, {count: i, phase: 0});
  place('exclusive_refuses');
  // Calls go on all the time: each is served by one of the two, or told to come again.
  let counted = 3;
  await until(({output}) => output?.phase === 2, async () => {
    const reply = await count(gateway);
    if (reply.output) assert.equal(reply.output.count, ++counted, 'nothing is lost or counted twice');
    else assert.match(reply.error.message, /serves again|cancelled|out of service/, JSON.stringify(reply));
    return reply;
  });
  const rows = (await plugins(gateway)).filter(({path}) => path === join(folder, 'exclusive.so'));
  assert.equal(rows[0].code, 'E_START');
  assert.equal(rows[0].version, '1.1.0');
  assert.ok(rows.some(({state, version}) => state === 'serving' && version === '1.0.0'));
  place('exclusive_1.1.0');
  await until(({version}) => version === '1.1.0', async () => (await fetch(`${gateway.url}/v1/tools/exclusive`)).json());
  assert.deepEqual((await count(gateway)).output, {count: counted + 1, phase: 2});
});
