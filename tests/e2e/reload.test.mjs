// SIGHUP: a gateway reads its configuration again, while it serves.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {post, run, scratch, startGateway} from './support/gateway.mjs';

const file = join(scratch(), 'rack.json');
const write = (text) => writeFileSync(file, typeof text === 'string' ? text : JSON.stringify(text, null, 2));
const limits = (perMinute) => ({limits: {per_minute: perMinute, per_hour: 100_000, concurrent: 50}});

let gateway;
let key;
before(async () => {
  write(limits(1000));
  gateway = await startGateway({args: ['--mode', 'hosted', '--config', file]});
  const made = await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', 'tester', '--account', 'acme']);
  key = JSON.parse(made.stdout).api_key;
});
after(() => gateway.stop());

const call = (headers = {}) => post(`${gateway.url}/v1/tools/call`, {tool: 'echo', skill: 'echo', input: {message: 'x'}},
  {authorization: `Bearer ${key}`, ...headers});
const limit = async () => (await call()).headers.get('x-ratelimit-limit');

/// Sends SIGHUP; the line that the gateway writes about it.
async function hangUp() {
  const seen = gateway.log.length;
  process.kill(gateway.pid, 'SIGHUP');
  return gateway.logged(({message}) => message.startsWith('the configuration is'), seen);
}

test('new limits hold from the next call on', async () => {
  assert.equal(await limit(), '1000');
  write(limits(77));
  const line = await hangUp();
  assert.equal(line.level, 'notice');
  assert.equal(line.changed, 'limits');
  assert.equal(line.needs_restart, undefined);
  const reply = await call();
  assert.equal(reply.headers.get('x-ratelimit-limit'), '77');
  assert.equal(reply.headers.get('x-ratelimit-remaining'), '75', 'the calls before still count');
});

test('a broken file changes nothing and is told with its line', async () => {
  write('{\n  "limits": {"per_minute": 5},\n  "log": {"level": "loud"}\n}');
  const line = await hangUp();
  assert.equal(line.level, 'error');
  assert.match(line.message, /everything stays as it was/);
  assert.match(line.reason, /rack\.json, line 3: \/log\/level: /);
  assert.equal(await limit(), '77');
  write('{\n  "limits": {"per_minute": 5},,\n}');
  assert.match((await hangUp()).reason, /rack\.json.*line 2/);
  assert.equal(await limit(), '77');
});

test('what needs a restart is named and stays', async () => {
  write({...limits(88), threads: 7, metrics_listen: '127.0.0.1:1', plugins: ['/nowhere'], mode: 'local'});
  const line = await hangUp();
  assert.equal(line.level, 'warning');
  assert.equal(line.changed, 'limits');
  // The command line says mode, metrics_listen and plugins, and goes on winning over the file.
  assert.equal(line.needs_restart, 'threads');
  assert.equal(await limit(), '88');
  write(limits(88));
  assert.equal((await hangUp()).needs_restart, undefined);
});

test('hosts and origins of pages', async () => {
  const page = {origin: 'https://app.example'};
  assert.equal((await call(page)).status, 403);
  write({...limits(88), http: {allowed_origins: ['https://app.example']}});
  assert.equal((await hangUp()).changed, 'http.allowed_origins');
  assert.equal((await call(page)).status, 200);
});

test('the log itself', async () => {
  write({...limits(88), log: {level: 'error'}});
  const seen = gateway.log.length;
  process.kill(gateway.pid, 'SIGHUP');
  while ((await call({origin: 'https://app.example'})).status !== 403); // Then it was taken over.
  assert.deepEqual(gateway.log.slice(seen), [], 'and nothing below error is written any more');
  write(limits(1000));
  assert.equal((await hangUp()).changed, 'log.level, limits');
});

test('no call is lost, over connections that stay', async () => {
  let over = false;
  let calls = 0;
  const failures = [];
  const callers = Array.from({length: 4}, async () => {
    while (!over) {
      const reply = await call();
      if (reply.status !== 200 && failures.length < 3) failures.push(reply.text);
      calls += 1;
    }
  });
  for (let i = 0; i < 20; ++i) {
    write({...limits(90_000 + i), owners: [i % 2 ? 'toolrack' : 'nobody'], egress: {ports: [443 + i]}});
    assert.match((await hangUp()).changed, /egress.ports, limits$/);
  }
  over = true;
  await Promise.all(callers);
  assert.deepEqual(failures, []);
  assert.ok(calls >= 20, `${calls} calls`);
});
