// Skills that ask, with the official clients over HTTP and stdio, in both eras, in the gateway's process and in a worker; over
// REST and on the command line. What was done before a question is done once.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {copyFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {askedClients, connectHttp, connectStdio} from './support/clients.mjs';
import {build, examples, isSanitized, post, run, scratch, startGateway} from './support/gateway.mjs';

const plugins = scratch();
const accepted = {who: {action: 'accept', content: {name: 'Ada'}}};
let far; // A far end that counts what it is sent.
let seen = [];

before(async () => {
  copyFileSync(join(build, 'tests/plugins/asks.so'), join(plugins, 'asks.so'));
  far = createServer((request, reply) => {
    seen.push(`${request.method} ${request.url}`);
    setTimeout(() => reply.end(request.url === '/large' ? 'x'.repeat(2 << 20) : `"far ${seen.length}"`), request.url === '/slow' ? 300 : 0);
  }).listen(0, '127.0.0.1');
  await once(far, 'listening');
});
after(() => far.close());

function config(isolation) {
  const file = join(scratch(), 'config.json');
  writeFileSync(file, JSON.stringify({
    providers: {far: {base_url: `http://127.0.0.1:${far.address().port}`}},
    isolation: {plugins: {'test/asks': isolation}, ...(isSanitized && {max_memory_mb: 1073741824})},
  }));
  return file;
}
const serve = (isolation) => startGateway({plugins: [examples, plugins], args: ['--config', config(isolation)]});

const all = {steps: [{form: 'who'}, {sample: 'model'}, {roots: 'dirs'}, {url: 'https://example.com/agree'}]};
const together = {steps: [{together: 1}]};
const rounds = {steps: [{form: 'first'}, {form: 'second'}, {form: 'third'}]};

async function said(client, steps, skill = 'asks_run') {
  const result = await client.callTool({name: skill, arguments: steps});
  assert.ok(!result.isError, JSON.stringify(result));
  return JSON.parse(result.content[0].text).said;
}

async function exercise({client, asked, makes}) {
  // 2026-07-28 has every kind; what a client of the first SDK cannot do it does not declare.
  const steps = makes.url ? all : {steps: all.steps.slice(0, 3)};
  const [form, sampled, roots, agreed] = await said(client, steps);
  assert.deepEqual(JSON.parse(form), {name: 'Ada'});
  assert.equal(JSON.parse(sampled).content.text, 'Paris');
  assert.deepEqual(JSON.parse(roots), [{uri: 'file:///work', name: 'work'}]);
  if (makes.url) assert.equal(agreed, 'agreed');

  assert.equal((await said(client, together)).length, 3);
  assert.deepEqual((await said(client, rounds)).map((one) => JSON.parse(one).name), ['Ada', 'Ada', 'Ada']);
  assert.deepEqual(await said(client, {}, 'asks_run_blocking'), ['{"name":"Ada"}']);

  asked.action = 'decline';
  assert.match((await said(client, {steps: [{form: 'who'}]}))[0], /^1002 declined/);
  asked.action = 'cancel';
  assert.match((await said(client, {steps: [{form: 'who'}]}))[0], /^1003 dismissed/);
  asked.action = 'accept';

  // Each is done once, in whatever runs it takes.
  seen = [];
  const done = await said(client, {steps: [{http: '/one'}, {random: 1}, {time: 1}, {once: 'pay'}, {form: 'first'}, {http: '/two'}, {form: 'second'}, {run: 1}]});
  assert.deepEqual(seen, ['POST /one', 'POST /two']);
  assert.equal(done[0], '"far 1"');
  assert.match(done[1], /^[0-9a-f]{16}$/);
  assert.equal(done[5], '"far 2"');
  assert.equal(done[7], makes.suspends ? 'run 2' : 'run 0');
  assert.equal(done[3], makes.suspends ? 'found: "run 0"' : 'did it in run 0');

  // What is on its way when the skill asks is waited for.
  seen = [];
  assert.deepEqual(await said(client, {steps: [{beside: '/slow'}]}), ['{"name":"Ada"}', '"far 1"']);
  assert.deepEqual(seen, ['POST /slow']);
}

for (const isolation of ['in_process', 'worker']) {
  describe(`${isolation}`, () => {
    let gateway;
    before(async () => { gateway = await serve(isolation); });
    after(() => gateway.stop());
    for (const kind of askedClients) {
      test(`${kind.name} over HTTP is asked`, async () => {
        const one = kind.makeAsked();
        await connectHttp({...kind, make: () => one.client}, gateway.url);
        await exercise(one);
        await one.client.close();
      });
      test(`${kind.name} over stdio is asked`, async () => {
        const one = kind.makeAsked();
        await connectStdio({...kind, make: () => one.client}, gateway.data);
        await exercise(one);
        await one.client.close();
      });
    }

    test('a question after ten priced calls: each is made and charged once', async () => {
      const history = async () => (await (await fetch(`${gateway.url}/v1/usage/history?limit=500`)).json()).calls;
      const earlier = new Set((await history()).map(({request_id}) => request_id));
      const one = askedClients.at(-1).makeAsked();
      await connectHttp({...askedClients.at(-1), make: () => one.client}, gateway.url);
      const result = await one.client.callTool({
        name: 'asks_run_priced', arguments: {steps: [{call: 'echo.echo_paid', times: 10}, {form: 'first'}, {form: 'second'}, {call: 'echo.echo_paid'}]},
      });
      assert.ok(!result.isError, JSON.stringify(result));
      assert.equal(JSON.parse(result.content[0].text).said.length, 13);
      const records = (await history()).filter(({request_id}) => !earlier.has(request_id));
      assert.equal(records.length, 12, 'eleven calls below, and the call itself');
      assert.equal(records.filter(({skill}) => skill === 'echo_paid').length, 11);
      const root = records.find(({skill}) => skill === 'run_priced').request_id;
      assert.deepEqual(records.filter(({skill}) => skill === 'echo_paid').map(({request_id}) => request_id).sort(),
        Array.from({length: 11}, (_, i) => `${root}.${i + 1}`).sort());
      const charged = records.reduce((sum, {cost}) => sum + Math.round(cost * 1e6), 0);
      assert.equal(Math.round(result._meta['dev.toolrack/cost_usd'] * 1e6), charged, 'what is shown is what is charged');
      await one.client.close();
    });
  });
}

describe('REST', () => {
  let gateway;
  before(async () => { gateway = await serve('in_process'); });
  after(() => gateway.stop());
  const call = (steps, more = {}) => post(`${gateway.url}/v1/tools/call`, {tool: 'asks', skill: 'run', input: {steps}, ...more});

  test('answers 409 with the questions and the state, and goes on with the answers', async () => {
    seen = [];
    const steps = [{http: '/one'}, {form: 'who'}];
    const asked = await call(steps, {can_answer: ['form']});
    assert.equal(asked.status, 409, asked.text);
    assert.equal(asked.json.status, 'input_required');
    assert.equal(asked.json.questions.who.method, 'elicitation/create');
    assert.equal(asked.json.cost, 0);
    const again = await call(steps, {can_answer: ['form'], state: asked.json.state, answers: {}});
    assert.equal(again.status, 409);
    const ended = await call(steps, {can_answer: ['form'], state: again.json.state, answers: accepted});
    assert.equal(ended.status, 200, ended.text);
    assert.deepEqual(ended.json.output.said, ['"far 1"', '{"name":"Ada"}']);
    assert.equal(ended.json.request_id, asked.json.request_id);
    const used = await call(steps, {can_answer: ['form'], state: again.json.state, answers: accepted});
    assert.equal(used.status, 400);
    assert.equal(used.json.error.code, 'invalid_request_state');
  });

  test('one state runs once, however many bring it at once', async () => {
    seen = [];
    const steps = [{form: 'who'}, {http: '/slow'}];
    const asked = await call(steps, {can_answer: ['form']});
    const replies = await Promise.all(Array.from({length: 5}, () => call(steps, {can_answer: ['form'], state: asked.json.state, answers: accepted})));
    assert.deepEqual(replies.map(({status}) => status).sort(), [200, 400, 400, 400, 400]);
    assert.deepEqual(seen, ['POST /slow']);
  });

  test('who has not said that he can answer is told so', async () => {
    const {status, json} = await call([{give_up: 1}]);
    assert.equal(json.error.code, 'cannot_ask');
    assert.ok(status >= 400 && status < 600);
    assert.equal((await call([{give_up: 1}], {can_answer: ['telepathy']})).json.error.code, 'invalid_request');
  });

  test('a skill that is called by another asks nobody', async () => {
    const {json} = await call([{ask_below: 1}], {can_answer: ['form']});
    assert.match(json.output.said[0], /cannot_ask|^\{"said":\["12 cannot_ask/);
  });

  test('a run that differs names the operation', async () => {
    const steps = [{random_by_run: 1}, {form: 'who'}];
    const asked = await call(steps, {can_answer: ['form']});
    const {status, json} = await call(steps, {can_answer: ['form'], state: asked.json.state, answers: accepted});
    assert.notEqual(status, 200);
    assert.equal(json.error.code, 'replay_diverged');
    assert.match(json.error.message, /clock\.random[\s\S]*\/bytes: recorded 8, asked 9/);
  });

  test('more than a record holds is said before anybody is asked', async () => {
    const {json} = await call([{large: '/large'}, {form: 'who'}], {can_answer: ['form']});
    assert.equal(json.output.said[0], String(2 << 20));
    assert.match(json.output.said[1], /record_too_large/);
  });

  test('a stream ends with the question', async () => {
    const {text} = await call([{form: 'who'}], {can_answer: ['form'], stream: true});
    assert.match(text, /^event: input_required\ndata: \{"status":"input_required"/m);
  });

  test('a job asks whoever looks after it, and nobody when nobody was said to be there', async () => {
    const steps = [{http: '/one'}, {form: 'who'}, {once: 'pay'}, {run: 1}];
    const look = async (id, wait) => (await fetch(`${gateway.url}/v1/jobs/${id}?wait=${wait}`)).json();
    seen = [];
    const {job_id: id} = (await call(steps, {can_answer: ['form'], async: true})).json;
    let asking;
    do asking = await look(id, 1); while (!asking.questions);
    assert.equal(asking.status, 'input_required');
    assert.equal((await post(`${gateway.url}/v1/jobs/${id}/answers`, {answers: accepted})).status, 200);
    const ended = async (one) => { for (;;) { const job = await look(one, 20); if (job.ended_at) return job; } };
    const {output} = (await ended(id)).result;
    assert.deepEqual(output.said, ['"far 1"', '{"name":"Ada"}', 'did it in run 0', 'run 0']);
    assert.deepEqual(seen, ['POST /one'], 'its frame has waited');

    const silent = (await call([{form: 'who'}], {async: true})).json.job_id;
    assert.match(JSON.stringify(await ended(silent)), /cannot_ask/);
  });
});

test('the command line prints the question, and answers it', async () => {
  const data = scratch();
  const common = ['--data', data, '--plugins', plugins, 'call', 'asks', 'run', '--input', JSON.stringify({steps: [{once: 'pay'}, {form: 'who'}]})];
  const asked = await run(common);
  assert.equal(asked.code, 6, asked.stderr);
  assert.match(asked.stdout, /who: What is your name\?/);
  assert.match(asked.stdout, /--answers '\{"who": /);
  const ended = await run([...common, '--answers', JSON.stringify(accepted)]);
  assert.equal(ended.code, 0, ended.stderr + ended.stdout);
  assert.match(ended.stdout, /Ada/);

  // No gateway runs between: what the first command did is in the data directory.
  const state = /--resume (\S+)/.exec(asked.stdout)[1];
  const resumed = await run([...common, '--answers', JSON.stringify(accepted), '--resume', state]);
  assert.equal(resumed.code, 0, resumed.stderr + resumed.stdout);
  assert.match(resumed.stdout, /found:/, 'done by the first command, and not again');
});
