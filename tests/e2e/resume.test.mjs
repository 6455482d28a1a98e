// Jobs that outlive their gateway: it is killed, stopped or renewed in the middle, and they go on where they were. The far end
// counts what was done.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {FarEnd} from './support/far_end.mjs';
import {isReady, post, run, scratch, startGateway} from './support/gateway.mjs';

let far;
let options;
before(async () => {
  far = await FarEnd.start();
  options = far.options();
});
after(() => far.stop());

const begin = async (gateway, tool, skill, input) => {
  const accepted = await post(`${gateway.url}/v1/tools/call`, {tool, skill, input, async: true});
  assert.equal(accepted.status, 202, accepted.text);
  return accepted.json.job_id;
};
const ask = async (gateway, id, query = '?wait=30') => (await fetch(`${gateway.url}/v1/jobs/${id}${query}`)).json();
const ended = async (gateway, id) => {
  for (;;) {
    const job = await ask(gateway, id);
    if (!['queued', 'running'].includes(job.status)) return job;
  }
};
const spent = async (gateway) => (await (await fetch(`${gateway.url}/v1/usage?period=all`)).json()).total_cost;
/// Each step of it, and each once.
const assertStepsOf = (name, count) => {
  for (let step = 0; step < count; ++step) assert.equal(far.times(`/step/${name}/${step}`), 1, `${name}/${step}`);
};
const texts = (job) => job.partials.map(({text}) => text);

test('a job whose gateway is killed goes on from its checkpoint, and ends once', async () => {
  const data = scratch();
  far.holds = (path) => path === '/gate/killed/1' || path === '/gate/killed/2';
  let gateway = await startGateway({data, ...options});
  const id = await begin(gateway, 'resumes', 'steps', {name: 'killed', steps: 4, gate: true});
  await far.came('/gate/killed/1');
  await gateway.stop('SIGKILL');
  gateway = await startGateway({data, ...options});
  await far.came('/gate/killed/2');
  const running = await ask(gateway, id, '');
  assert.equal(running.status, 'running');
  assert.equal(running.runs, 2);
  assert.deepEqual(texts(running), ['killed/0', 'killed/1', 'killed/2']);
  await gateway.stop('SIGKILL');
  far.release();
  gateway = await startGateway({data, ...options});
  const job = await ended(gateway, id);
  assert.equal(job.status, 'completed', JSON.stringify(job));
  assert.deepEqual(job.result.output, {steps: 4, from: 3, run: 2});
  assert.deepEqual(texts(job), ['killed/0', 'killed/1', 'killed/2', 'killed/3']);
  assert.equal(job.runs, 3);
  assert.equal(job.result.cost, 0.0042, 'what all its runs took, once');
  assertStepsOf('killed', 4);
  assert.equal(await spent(gateway), 0.0042);
  await gateway.stop('SIGKILL');
  gateway = await startGateway({data, ...options});
  assert.equal((await ask(gateway, id, '')).status, 'completed');
  assert.equal(await spent(gateway), 0.0042);
  await gateway.stop();
});

test('without a checkpoint what may be repeated is, and what acts is not', async () => {
  const data = scratch();
  far.holds = () => true;
  let gateway = await startGateway({data, ...options});
  const again = await begin(gateway, 'requests', 'again', {name: 'kept'});
  const acts = await begin(gateway, 'requests', 'act', {name: 'kept'});
  const begun = await begin(gateway, 'resumes', 'steps', {name: 'begun', steps: 2});
  await Promise.all(['/again/kept', '/act/kept', '/step/begun/0'].map((path) => far.came(path)));
  await gateway.stop('SIGKILL');
  far.release();
  gateway = await startGateway({data, ...options});
  assert.equal((await ended(gateway, again)).status, 'completed');
  assert.equal(far.times('/again/kept'), 2);
  for (const id of [acts, begun]) {
    const job = await ask(gateway, id, '');
    assert.equal(job.status, 'failed');
    assert.equal(job.error_detail.code, 'interrupted');
  }
  assert.equal(far.times('/act/kept'), 1);
  assert.equal(far.times('/step/begun/0'), 1);
  await gateway.stop();
});

test('a gateway that is stopped sets aside what can go on, and the next one takes it up', async () => {
  const data = scratch();
  far.holds = (path) => path === '/gate/stopped/0';
  let gateway = await startGateway({data, ...options});
  const id = await begin(gateway, 'resumes', 'steps', {name: 'stopped', steps: 2, gate: true});
  await far.came('/gate/stopped/0');
  assert.deepEqual(await gateway.stop(), {code: 0, signal: null});
  assert.ok(gateway.log.some((line) => line.includes('go on at the next start')), gateway.log.join('\n'));
  far.release();
  gateway = await startGateway({data, ...options});
  assert.equal((await ended(gateway, id)).status, 'completed');
  assertStepsOf('stopped', 2);
  await gateway.stop();
});

test('a gateway that is renewed takes its jobs along', async () => {
  far.holds = (path) => path === '/gate/renewed/0';
  const gateway = await startGateway(options);
  const id = await begin(gateway, 'resumes', 'steps', {name: 'renewed', steps: 2, gate: true});
  await far.came('/gate/renewed/0');
  const seen = gateway.log.length;
  process.kill(gateway.pid, 'SIGUSR2');
  await gateway.logged(isReady, seen);
  far.release();
  assert.equal((await ended(gateway, id)).status, 'completed');
  assertStepsOf('renewed', 2);
  await gateway.stop();
});

test('a job that was to go on is cancelled for good', async () => {
  const data = scratch();
  far.holds = (path) => path.startsWith('/gate/cancelled/');
  let gateway = await startGateway({data, ...options});
  const id = await begin(gateway, 'resumes', 'steps', {name: 'cancelled', steps: 3, gate: true});
  await far.came('/gate/cancelled/0');
  await gateway.stop('SIGKILL');
  gateway = await startGateway({data, ...options});
  await far.came('/gate/cancelled/1');
  assert.equal((await run(['--data', data, 'jobs', 'cancel', id])).code, 0);
  assert.equal((await ended(gateway, id)).status, 'cancelled');
  await gateway.stop('SIGKILL');
  far.release();
  gateway = await startGateway({data, ...options});
  assert.equal((await ask(gateway, id, '')).status, 'cancelled');
  assert.equal(far.times('/step/cancelled/2'), 0);
  await gateway.stop();
});
