// Calls that outlive their requests, over the real program: 202, waiting, cancelling, whose they are, and what a
// gateway that is killed or stopped leaves of them. The far end is a server of the test's own, which counts.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {post, run, scratch, startGateway} from './support/gateway.mjs';

/// How often each piece of work was done.
const done = new Map();
/// Replies that are held back until the test lets them go.
let held = [];
let arrived = () => {};
/// Called when somebody leaves before the reply.
let left = () => {};
const plugins = scratch();
let server;

before(async () => {
  server = createServer((request, reply) => {
    const [, what, name] = request.url.split('/');
    done.set(name, (done.get(name) ?? 0) + 1);
    const answer = () => {
      reply.writeHead(what === 'fail' ? 422 : 200, {'content-type': 'application/json'});
      reply.end(JSON.stringify({name}));
    };
    reply.on('close', () => { if (!reply.writableEnded) left(); });
    if (what === 'hold') held.push(answer);
    else answer();
    arrived();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const skill = (name, more = {}) => ({
    name, description: 'Does a piece of work.', input: {type: 'object', properties: {name: {type: 'string'}}, required: ['name']},
    output: {type: 'object', properties: {name: {type: 'string'}}}, request: {method: 'POST', path: `/${name}/{name}`}, ...more,
  });
  writeFileSync(join(plugins, 'works.tool.json'), JSON.stringify({
    manifest: '1.0', owner: 'acme', name: 'works', version: '1.0.0', description: 'Work that is counted.',
    providers: {works: {base_url: `http://127.0.0.1:${server.address().port}`}},
    skills: [skill('do'), skill('hold', {timeout_ms: 120_000}), skill('fail'), skill('long', {estimated_seconds: 30})],
  }));
});
after(() => server.close());

const start = (gateway, skill, name, more = {async: true}) =>
  post(`${gateway.url}/v1/tools/call`, {tool: 'works', skill, input: {name}, ...more});
const ask = async (gateway, id, query = '?wait=30') => (await fetch(`${gateway.url}/v1/jobs/${id}${query}`)).json();
const release = () => {
  for (const answer of held) answer();
  held = [];
};
/// Resolves when so many have come to the far end since.
const arrivals = (count) => new Promise((ready) => {
  arrived = () => { if (--count <= 0) ready(); };
});
const isOver = ({status}) => ['completed', 'failed', 'cancelled'].includes(status);
/// What came of it.
const outcome = async (gateway, id) => {
  for (;;) {
    const job = await ask(gateway, id);
    if (isOver(job)) return job;
  }
};

test('a job is accepted, and tells what came of it', async () => {
  const gateway = await startGateway({plugins: [plugins]});
  try {
    const accepted = await start(gateway, 'do', 'first');
    assert.equal(accepted.status, 202, accepted.text);
    assert.match(accepted.json.job_id, /^job_[0-9A-Z]{26}$/);
    assert.equal(accepted.headers.get('location'), `/v1/jobs/${accepted.json.job_id}`);
    const job = await outcome(gateway, accepted.json.job_id);
    assert.equal(job.status, 'completed', JSON.stringify(job));
    assert.deepEqual(job.result.output, {name: 'first'});
    assert.equal(job.result.status, 'success');
    assert.equal(done.get('first'), 1);

    const failed = await outcome(gateway, (await start(gateway, 'fail', 'second')).json.job_id);
    assert.equal(failed.status, 'failed');
    assert.equal(typeof failed.error, 'string');
    assert.equal(failed.error, failed.error_detail.message);
    assert.ok(failed.error_detail.code && failed.error_detail.type && failed.error_detail.resolution_hint);

    assert.equal((await start(gateway, 'long', 'third', {})).status, 202, 'a skill that takes long is a job');
    assert.equal((await start(gateway, 'long', 'fourth', {async: false})).json.output.name, 'fourth');
    assert.equal((await start(gateway, 'do', 'fifth', {})).json.output.name, 'fifth');
    const {jobs} = await (await fetch(`${gateway.url}/v1/jobs`)).json();
    assert.deepEqual(jobs.map(({skill}) => skill), ['long', 'fail', 'do'], 'the newest first');
    const page = await (await fetch(`${gateway.url}/v1/jobs?limit=1&after=${jobs[0].job_id}`)).json();
    assert.deepEqual(page.jobs.map(({job_id}) => job_id), [jobs[1].job_id]);
  } finally {
    await gateway.stop();
  }
});

test('a job is cancelled, and the far end notices', async () => {
  const gateway = await startGateway({plugins: [plugins]});
  try {
    const [came, accepted] = [arrivals(1), await start(gateway, 'hold', 'cancelled')];
    await came;
    assert.equal((await ask(gateway, accepted.json.job_id, '')).status, 'running');
    assert.equal((await ask(gateway, accepted.json.job_id, '?wait=1')).status, 'running', 'waiting has an end');
    const noticed = new Promise((gone) => { left = gone; });
    const cancelled = await post(`${gateway.url}/v1/jobs/${accepted.json.job_id}/cancel`, {});
    assert.equal(cancelled.status, 200, cancelled.text);
    assert.equal((await outcome(gateway, accepted.json.job_id)).status, 'cancelled');
    await noticed;
    held = [];
  } finally {
    await gateway.stop();
  }
});

test('the command line starts jobs and looks after them', async () => {
  const gateway = await startGateway({plugins: [plugins]});
  const cli = async (...words) => {
    const {code, stdout, stderr} = await run(['--data', gateway.data, ...words]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  try {
    const came = arrivals(1);
    const id = (await cli('call', 'works', 'hold', '--async', '--name', 'by-hand')).trim();
    await came;
    assert.match(await cli('jobs', 'list'), new RegExp(`${id} +running +works +hold`));
    release();
    const shown = async (job) => { for (;;) { const one = JSON.parse(await cli('jobs', 'show', job, '--wait', '30')); if (isOver(one)) return one; } };
    assert.equal((await shown(id)).result.output.name, 'by-hand');
    assert.equal(JSON.parse(await cli('jobs', 'cancel', id)).status, 'completed', 'what has ended stays as it is');
    assert.match(await cli('call', 'works', 'long', '--name', 'waited-for'), /waited-for/, 'a command waits unless told');
    const failed = (await cli('call', 'works', 'fail', '--async', '--name', 'no')).trim();
    assert.equal((await shown(failed)).status, 'failed', 'which is no failure of the command');
  } finally {
    await gateway.stop();
  }
  const alone = await run(['--data', gateway.data, '--plugins', plugins, 'call', 'works', 'do', '--async', '--name', 'alone']);
  assert.notEqual(alone.code, 0);
  assert.match(alone.stderr, /toolrack serve/, 'a gateway that lives as long as the command runs no jobs');
  assert.equal(done.get('alone'), undefined);
});

test('a job of another account is not there', async () => {
  const gateway = await startGateway({plugins: [plugins], args: ['--mode', 'hosted']});
  const key = async (account) => ({authorization: `Bearer ${JSON.parse(
    (await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', 'k', '--account', account])).stdout).api_key}`});
  try {
    const [owner, stranger] = [await key('owner'), await key('stranger')];
    // A hosted gateway does not reach into its own machine, so this one fails; it is a job all the same.
    const accepted = await post(`${gateway.url}/v1/tools/call`, {tool: 'works', skill: 'do', input: {name: 'mine'}, async: true}, owner);
    assert.equal(accepted.status, 202, accepted.text);
    const url = `${gateway.url}/v1/jobs/${accepted.json.job_id}`;
    const absent = `${gateway.url}/v1/jobs/job_${'0'.repeat(26)}`;
    for (const [method, tail] of [['GET', ''], ['GET', '?wait=30'], ['POST', '/cancel']]) {
      const [refused, missing] = await Promise.all([url, absent].map((at) => fetch(at + tail, {method, headers: stranger})));
      assert.equal(refused.status, 404);
      const shape = async (reply, id) => JSON.stringify((await reply.json()).error).replaceAll(id, 'ID');
      assert.equal(await shape(refused, accepted.json.job_id), await shape(missing, `job_${'0'.repeat(26)}`), 'nor can one tell');
      assert.equal((await fetch(url + tail, {method})).status, 401);
    }
    assert.deepEqual((await (await fetch(`${gateway.url}/v1/jobs`, {headers: stranger})).json()).jobs, []);
    let job;
    do job = await (await fetch(`${url}?wait=30`, {headers: owner})).json(); while (!isOver(job));
    assert.equal(job.status, 'failed');
  } finally {
    await gateway.stop();
  }
});

test('a gateway that is stopped lets its jobs end', async () => {
  const data = scratch();
  let gateway = await startGateway({data, plugins: [plugins]});
  const came = arrivals(1);
  const {job_id: id} = (await start(gateway, 'hold', 'stopping')).json;
  await came;
  const stopped = gateway.stop();
  const isReady = async () => (await fetch(`${gateway.url}/readyz`).catch(() => ({ok: false}))).ok;
  while (await isReady()) { /* Until it knows that it stops. */ }
  release();
  assert.equal((await stopped).code, 0);
  gateway = await startGateway({data, plugins: [plugins]});
  try {
    assert.equal((await ask(gateway, id, '')).status, 'completed');
    assert.equal(done.get('stopping'), 1);
  } finally {
    await gateway.stop();
  }
});

test('of a gateway that is killed, each job has ended once and none is run twice', async (t) => {
  const data = scratch();
  const rounds = 4;
  const perRound = 60;
  const accepted = new Map();
  const count = {completed: 0, failed: 0};
  for (let round = 0; round < rounds; ++round) {
    const gateway = await startGateway({data, plugins: [plugins]});
    // One that is never answered: a kill always finds a job that runs.
    const first = arrivals(1);
    accepted.set((await start(gateway, 'hold', `${round}-held`)).json.job_id, `${round}-held`);
    await first;
    held = [];
    // Killed when so many more have come to the far end: some jobs have ended then, some run, some wait for their turn, some
    // are not accepted yet.
    const moment = arrivals(5 + 14 * round);
    const starts = Array.from({length: perRound}, async (_, i) => {
      const name = `${round}-${i}`;
      const reply = await start(gateway, i % 3 === 0 ? 'hold' : 'do', name).catch(() => undefined);
      if (reply?.status === 202) accepted.set(reply.json.job_id, name);
    });
    const letGo = setInterval(release, 20);
    await moment;
    clearInterval(letGo);
    await gateway.stop('SIGKILL');
    await Promise.all(starts);
    held = [];
  }
  const gateway = await startGateway({data, plugins: [plugins]});
  try {
    assert.ok(accepted.size > 0);
    for (const [id, name] of accepted) {
      const job = await ask(gateway, id, '');
      assert.ok(isOver(job), `${name}: ${JSON.stringify(job)}`);
      ++count[job.status];
      if (job.status === 'completed') assert.equal(done.get(name), 1, name);
      else assert.equal(job.error_detail.code, 'interrupted', JSON.stringify(job));
    }
    assert.ok(count.failed >= rounds, 'the control: the kills found jobs that ran');
    // Whatever a start would run again has been sent before this one, which comes last.
    assert.equal((await outcome(gateway, (await start(gateway, 'do', 'marker')).json.job_id)).status, 'completed');
    for (const [name, times] of done) assert.equal(times, 1, `${name} was done ${times} times`);
    const again = await Promise.all([...accepted.keys()].map((id) => ask(gateway, id, '')));
    assert.equal(again.filter(({status}) => status === 'completed').length, count.completed, 'and nothing changes afterwards');
    t.diagnostic(`${rounds} kills: ${accepted.size} jobs accepted, ${count.completed} completed, ${count.failed} interrupted`);
  } finally {
    await gateway.stop();
  }
});
