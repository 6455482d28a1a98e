// Plugins in processes of their own, under the real program: what is shown, what ends, and what does not.
import assert from 'node:assert/strict';
import {copyFileSync, existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {build, examples, isSanitized, post, run, scratch, startGateway} from './support/gateway.mjs';

const stopped = [];
after(() => Promise.all(stopped.map((stop) => stop())));

async function serve(isolation, names, more = []) {
  const plugins = scratch();
  for (const name of names) copyFileSync(join(build, `tests/plugins/${name}.so`), join(plugins, `${name}.so`));
  const config = join(plugins, 'toolrack.json');
  // A sanitizer reserves terabytes.
  writeFileSync(config, JSON.stringify({isolation: {...isolation, ...(isSanitized && {max_memory_mb: 1073741824})}}));
  const gateway = await startGateway({plugins: [...more, plugins], args: ['--config', config]});
  stopped.push(() => gateway.stop());
  return gateway;
}
const call = (gateway, tool, skill, input = {}) => post(`${gateway.url}/v1/tools/call`, {tool, skill, input});
const health = async (gateway) => (await fetch(`${gateway.url}/health`)).json();
async function row(gateway, tool) {
  const {stdout} = await run(['--data', gateway.data, '--format', 'json', 'plugins']);
  return JSON.parse(stdout).plugins.find((file) => file.tool === tool);
}
/// Gone, or waited for by nobody yet.
function isAlive(pid) {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
async function ends(pid) {
  while (isAlive(pid)) await new Promise(setImmediate);
}

test('a worker that is killed takes its own calls with it, and the next call finds another', async () => {
  const gateway = await serve({plugins: {'test/dies': 'worker'}}, ['dies', 'plain']);
  const first = (await call(gateway, 'test/dies', 'who')).json.output.process;
  assert.notEqual(first, gateway.pid);
  const shown = await row(gateway, 'test/dies');
  assert.equal(shown.isolation, 'worker');
  assert.equal(shown.worker.process, first);
  assert.match(shown.worker.sandbox, /seccomp/);
  assert.equal((await row(gateway, 'test/plain'))?.isolation, 'in_process');
  const before = await health(gateway);
  assert.deepEqual([before.workers.running, before.workers.ended, before.workers.down], [1, 0, []]);
  assert.match((await run(['--data', gateway.data, 'plugins'])).stdout, new RegExp(`in process ${first} \\(.*seccomp`));

  const waiting = call(gateway, 'test/dies', 'waits');
  await call(gateway, 'test/dies', 'who'); // The one before has been sent by now, over whichever loop.
  process.kill(first, 'SIGKILL');
  const {status, json, text} = await waiting;
  assert.equal(status, 503, text);
  assert.match(json.error.message, /test\/dies.*SIGKILL/);
  assert.equal((await call(gateway, 'test/plain', 'echo')).status, 200, 'another tool');
  const second = (await call(gateway, 'test/dies', 'who')).json.output.process;
  assert.notEqual(second, first);
  assert.equal((await health(gateway)).workers.ended, 1);
  assert.ok(gateway.log.some((line) => line.includes('a worker process ended') && line.includes('SIGKILL')), gateway.log.join('\n'));

  await gateway.stop();
  await ends(second);
});

test('a gateway that is killed leaves no worker behind', async () => {
  const gateway = await serve({default: 'worker'}, ['dies']);
  const worker = (await call(gateway, 'test/dies', 'who')).json.output.process;
  assert.ok(isAlive(worker));
  await gateway.stop('SIGKILL');
  await ends(worker);
});

test('files of a call that runs elsewhere become assets', async () => {
  const gateway = await serve({default: 'worker'}, ['files']);
  const {status, json, text} = await call(gateway, 'test/files', 'one');
  assert.equal(status, 200, text);
  assert.equal(await (await fetch(json.output.report_url)).text(), 'a report');
  assert.equal((await call(gateway, 'test/files', 'outside')).json.error.code, 'file_refused');
});

test('a skill of one worker calls a skill of another, in every mode', async () => {
  const gateway = await serve({default: 'worker'}, ['composes'], [examples]);
  assert.equal((await health(gateway)).workers.running, 0, 'a worker starts with its first call');
  for (const skill of ['calls', 'pools', 'blocks']) {
    const {status, json, text} = await call(gateway, 'composes', skill, {call: 'echo.echo_paid', input: {message: 'hello'}, times: 3});
    assert.equal(status, 200, text);
    assert.deepEqual(json.output.replies.map(({body}) => body), Array(3).fill({message: 'hello'}), skill);
    assert.equal(json.nested.count, 3);
  }
  assert.equal((await health(gateway)).workers.running, 2);
});
