// A gateway that crashes again and again comes back with its third-party plugins in workers, and names the one that was there.
import assert from 'node:assert/strict';
import {copyFileSync, existsSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {build, post, run, scratch, startGateway} from './support/gateway.mjs';

const plugins = scratch();
for (const name of ['dies', 'plain']) copyFileSync(join(build, `tests/plugins/${name}.so`), join(plugins, `${name}.so`));
const data = scratch();
let gateway;
after(() => gateway?.stop('SIGKILL'));

const start = async () => { gateway = await startGateway({data, plugins: [plugins]}); };
const call = (tool, skill) => post(`${gateway.url}/v1/tools/call`, {tool: `test/${tool}`, skill, input: {}});
const safety = async () => (await (await fetch(`${gateway.url}/health`)).json()).safety.safe_mode;
const listed = async () => JSON.parse((await run(['--data', data, '--format', 'json', 'plugins'])).stdout).plugins;
const isolation = async (tool) => (await listed()).find((file) => file.tool === `test/${tool}`).isolation;

test('three crashes, then safe mode with the suspect named, until the operator ends it', async () => {
  for (let crashes = 0; crashes < 3; ++crashes) {
    await start();
    assert.deepEqual(await safety(), {active: false, unclean_ends: crashes, suspects: crashes ? ['test/dies'] : []});
    assert.equal(await isolation('dies'), 'in_process');
    await assert.rejects(call('dies', 'segv'), 'the gateway has gone');
    await gateway.stop();
  }

  await start();
  const told = gateway.log.map((line) => JSON.parse(line)).find(({message}) => message.startsWith('safe mode'));
  assert.ok(told, gateway.log.join('\n'));
  assert.equal(told.suspects, 'test/dies');
  const {active, unclean_ends, suspects} = await safety();
  assert.deepEqual({active, unclean_ends, suspects}, {active: true, unclean_ends: 3, suspects: ['test/dies']});
  const shown = (await run(['--data', data, 'plugins'])).stdout;
  assert.match(shown, /Safe mode until .*ended 3 times.*suspected: test\/dies/);
  assert.equal(await isolation('dies'), 'worker');
  const {status, json, text} = await call('dies', 'segv');
  assert.equal(status, 503, text);
  assert.match(json.error.message, /SIGSEGV/);
  assert.equal((await call('plain', 'echo')).status, 200, 'the gateway goes on');

  assert.equal((await run(['--data', data, 'plugins', 'end-safe-mode'])).code, 0);
  assert.equal((await safety()).active, false);
  assert.equal(await isolation('dies'), 'worker', 'where it was found');
  await gateway.stop();
  await start();
  assert.deepEqual(await safety(), {active: false, unclean_ends: 0, suspects: []});
  assert.equal(await isolation('dies'), 'in_process');
});

test('an end that was asked for is none of them', async () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    await gateway.stop(signal);
    assert.ok(!existsSync(join(data, 'running')));
    await start();
    assert.equal((await safety()).unclean_ends, 0, signal);
  }
});
