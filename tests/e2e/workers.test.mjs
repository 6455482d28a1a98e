// Plugins in processes of their own, under the real program: what is shown, what ends, and what does not.
import assert from 'node:assert/strict';
import {copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {build, examples, post, run, scratch, startGateway} from './support/gateway.mjs';
import {canBe, withoutLandlock, withoutNamespaces} from './support/machines.mjs';

const stopped = [];
after(() => Promise.all(stopped.map((stop) => stop())));

async function serve(isolation, names, more = [], args = [], under = []) {
  const plugins = scratch();
  for (const name of names) copyFileSync(join(build, `tests/plugins/${name}.so`), join(plugins, `${name}.so`));
  const config = join(plugins, 'toolrack.json');
  writeFileSync(config, JSON.stringify({isolation}));
  const gateway = await startGateway({plugins: [...more, plugins], args: ['--config', config, ...args], under});
  stopped.push(() => gateway.stop());
  return gateway;
}
const call = (gateway, tool, skill, input = {}) => post(`${gateway.url}/v1/tools/call`, {tool, skill, input});
const health = async (gateway) => (await fetch(`${gateway.url}/health`)).json();
async function row(gateway, tool) {
  const {stdout} = await run(['--data', gateway.data, '--format', 'json', 'plugins']);
  return JSON.parse(stdout).plugins.find((file) => file.tool === tool);
}
/// A call that has reached the plugin by now, over whichever loop, and has no answer yet.
async function runs(gateway, tool, skill) {
  const {calls} = await row(gateway, tool);
  const answer = call(gateway, tool, skill);
  while ((await row(gateway, tool)).calls === calls) await new Promise((next) => setTimeout(next, 20));
  return {answer};
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
/// Every thread of it waits: nobody is inside of a plugin that computes.
function isQuiet(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => /\) S /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
  } catch {
    return false; // A thread has ended in between.
  }
}
async function ends(pid) {
  while (isAlive(pid)) await new Promise((next) => setTimeout(next, 20));
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

  const waiting = await runs(gateway, 'test/dies', 'waits');
  process.kill(first, 'SIGKILL');
  const {status, json, text} = await waiting.answer;
  assert.equal(status, 503, text);
  assert.match(json.error.message, /test\/dies.*SIGKILL/);
  assert.equal((await call(gateway, 'test/plain', 'echo')).status, 200, 'another tool');
  const second = (await call(gateway, 'test/dies', 'who')).json.output.process;
  assert.notEqual(second, first);
  assert.equal((await health(gateway)).workers.ended, 1);
  await gateway.logged((entry) => entry.message.startsWith('a worker process ended') && JSON.stringify(entry).includes('SIGKILL'));

  await gateway.stop();
  await ends(second);
});

test('plugins of a vendor share a process, whose end names the one that was running', async () => {
  const gateway = await serve({default: 'worker_per_vendor'}, ['dies', 'dies_too', 'dies_elsewhere']);
  const who = async (tool) => {
    const {status, json, text} = await call(gateway, tool, 'who');
    assert.equal(status, 200, text);
    return json.output.process;
  };
  const first = await who('test/dies');
  assert.equal(await who('test/dies-too'), first);
  const elsewhere = await who('elsewhere/dies-elsewhere');
  assert.notEqual(elsewhere, first);
  const shown = await row(gateway, 'test/dies-too');
  assert.deepEqual([shown.isolation, shown.worker.process, shown.worker.plugins], ['worker_per_vendor', first, ['test/dies', 'test/dies-too']]);
  assert.match((await run(['--data', gateway.data, 'plugins'])).stdout, new RegExp(`in process ${first} \\(.*shared by test/dies, test/dies-too`));
  const {workers} = await health(gateway);
  assert.equal(workers.running, 2);
  assert.deepEqual(workers.shared.sort(), [['elsewhere/dies-elsewhere'], ['test/dies', 'test/dies-too']]);

  const waiting = await runs(gateway, 'test/dies-too', 'waits');
  while (!isQuiet(first)) await new Promise((next) => setTimeout(next, 20));
  await call(gateway, 'test/dies', 'abort');
  const {status, json, text} = await waiting.answer;
  assert.equal(status, 503, text);
  assert.match(json.error.message, /test\/\*.*SIGABRT.*test\/dies was running/);
  const second = await who('test/dies-too');
  assert.notEqual(second, first);
  assert.equal(await who('elsewhere/dies-elsewhere'), elsewhere, 'another vendor');
  assert.deepEqual([(await row(gateway, 'test/dies')).worker.deaths, (await row(gateway, 'test/dies-too')).worker.deaths], [1, 0]);
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

test('what a worker writes to its standard error is in the log with its name, so much and no more', async () => {
  const gateway = await serve({default: 'worker'}, ['dies']);
  const of = (text) => gateway.log.filter((line) => line.includes(text)).map((line) => JSON.parse(line));
  await call(gateway, 'test/dies', 'says');
  const word = await gateway.logged((entry) => JSON.stringify(entry).includes('one word to the operator'));
  assert.equal(word.tool, 'test/dies');
  const {status, text} = await call(gateway, 'test/dies', 'shouts');
  assert.equal(status, 200, text);
  await call(gateway, 'test/dies', 'exit'); // With its end what was left out is told.
  const shown = () => of('the same again and again').length;
  const leftOut = () => of('lines that a worker process wrote are left out').map(({lines}) => lines);
  while (shown() + leftOut().reduce((sum, lines) => sum + lines, 1) < 20_001) await new Promise((next) => setTimeout(next, 20));
  assert.equal(shown() + leftOut().reduce((sum, lines) => sum + lines, 1), 20_001);
  // Ten seconds let fifty through, and each ten seconds tell what they left out; usually all of it takes one.
  assert.ok(shown() <= 50 * leftOut().length, `${shown()} lines, and ${leftOut().length} times some were left out`);
});

test('a hosted gateway gives what is dropped in a worker, and bundled plugins none', async () => {
  const local = await serve({}, ['plain']);
  assert.equal((await row(local, 'test/plain')).isolation, 'in_process');
  const hosted = await serve({}, ['plain'], [], ['--mode', 'hosted']);
  assert.equal((await row(hosted, 'test/plain')).isolation, 'worker');
  assert.equal((await row(hosted, 'toolrack/seo')).isolation, 'in_process');
  const told = await serve({default: 'in_process', plugins: {'toolrack/seo': 'worker'}}, ['plain'], [], ['--mode', 'hosted']);
  assert.equal((await row(told, 'test/plain')).isolation, 'in_process');
  assert.equal((await row(told, 'toolrack/seo')).isolation, 'worker');
});

test('a machine without namespaces runs workers with what is left, which is shown', {skip: !canBe(withoutNamespaces) && 'namespaces cannot be taken away here'}, async () => {
  for (const sandbox of ['best_effort', 'required']) {
    const gateway = await serve({default: 'worker', sandbox}, ['dies'], [], [], withoutNamespaces);
    assert.ok((await call(gateway, 'test/dies', 'who')).json.output.process > 0, 'Landlock and the list of system calls are enough');
    const {worker} = await row(gateway, 'test/dies');
    assert.match(worker.missing, /namespaces/);
    assert.match(worker.sandbox, /seccomp, landlock.*no capabilities/);
    assert.doesNotMatch(worker.sandbox, /network namespace|private root/);
    const {workers} = await health(gateway);
    assert.deepEqual([workers.sandbox, workers.missing], [worker.sandbox, worker.missing]);
  }
});

test('a machine without Landlock runs workers that may, and refuses those that must have it', async () => {
  const may = await serve({default: 'worker', sandbox: 'best_effort'}, ['dies'], [], [], withoutLandlock);
  assert.ok((await call(may, 'test/dies', 'who')).json.output.process > 0);
  const {worker} = await row(may, 'test/dies');
  assert.match(worker.missing, /landlock/);
  assert.doesNotMatch(worker.sandbox, /landlock/);
  const must = await serve({default: 'worker', sandbox: 'required'}, ['dies'], [], [], withoutLandlock);
  const refused = await call(must, 'test/dies', 'who');
  assert.notEqual(refused.status, 200);
  assert.match(refused.json.error.message, /E_SANDBOX.*landlock/);
  assert.equal((await row(must, 'test/dies')).code, 'E_SANDBOX');
});
