// Skills that ask, whose gateway ends and comes again before the answer does: what was done before the question stays done, once.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {copyFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {build, examples, isReady, isSanitized, keptPort, post, scratch, startGateway as start} from './support/gateway.mjs';

const plugins = scratch();
const answers = (key) => ({[key]: {action: 'accept', content: {name: 'Ada'}}});
let far; // A far end that counts what it is sent, and answers what is held when it is told to.
let seen = [];
let held = [];

const gateways = [];
const startGateway = async (options) => {
  gateways.push(await start(options));
  return gateways.at(-1);
};

before(async () => {
  copyFileSync(join(build, 'tests/plugins/asks.so'), join(plugins, 'asks.so'));
  far = createServer((request, reply) => {
    seen.push(`${request.method} ${request.url}`);
    if (request.url === '/hold') held.push(reply);
    else reply.end(`"far ${seen.length}"`);
  }).listen(0, '127.0.0.1');
  await once(far, 'listening');
});
after(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop('SIGKILL'))); // Those of a test that has failed.
  far.close();
  far.closeAllConnections();
});

async function setUp(isolation) {
  const file = join(scratch(), 'config.json');
  writeFileSync(file, JSON.stringify({
    providers: {far: {base_url: `http://127.0.0.1:${far.address().port}`}},
    isolation: {plugins: {'test/asks': isolation}, ...(isSanitized && {max_memory_mb: 1073741824})},
  }));
  return {data: scratch(), port: await keptPort(), plugins: [examples, plugins], args: ['--config', file]};
}

/// The gateway after it has ended in this way, with the same data at the same port.
async function again(gateway, options, how) {
  if (how !== 'renewed') {
    await gateway.stop(how);
    return startGateway(options);
  }
  const seen = gateway.log.length;
  process.kill(gateway.pid, 'SIGUSR2');
  await gateway.logged(isReady, seen);
  return gateway;
}

const call = (gateway, skill, steps, more = {}) =>
  post(`${gateway.url}/v1/tools/call`, {tool: 'asks', skill, input: {steps}, can_answer: ['form'], ...more});

for (const isolation of ['in_process', 'worker'])
  for (const how of ['SIGTERM', 'SIGKILL', 'renewed'])
    test(`${isolation}: a call that asks after ten priced calls goes on, ${how}, and each is made and charged once`, async () => {
      seen = [];
      const options = await setUp(isolation);
      let gateway = await startGateway(options);
      const steps = [{http: '/one'}, {call: 'echo.echo_paid', times: 10}, {random: 1}, {once: 'pay'}, {form: 'who'},
        {call: 'echo.echo_paid'}, {form: 'last'}, {once: 'pay'}, {run: 1}];
      const first = await call(gateway, 'run_priced', steps);
      assert.equal(first.status, 409, first.text);
      gateway = await again(gateway, options, how);
      const second = await call(gateway, 'run_priced', steps, {state: first.json.state, answers: answers('who')});
      assert.equal(second.status, 409, second.text);
      assert.deepEqual(Object.keys(second.json.questions), ['last']);
      gateway = await again(gateway, options, how);
      const ended = await call(gateway, 'run_priced', steps, {state: second.json.state, answers: answers('last')});
      assert.equal(ended.status, 200, ended.text);
      assert.equal(ended.json.request_id, first.json.request_id);
      const {said} = ended.json.output;
      assert.deepEqual(seen, ['POST /one']);
      assert.equal(said.length, 18);
      assert.equal(said[0], '"far 1"');
      assert.match(said[11], /^[0-9a-f]{16}$/);
      assert.deepEqual(said.slice(12, 14), ['found: "run 0"', '{"name":"Ada"}']);
      assert.deepEqual(said.slice(15), ['{"name":"Ada"}', 'found: "run 0"', 'run 2']);

      const {calls} = await (await fetch(`${gateway.url}/v1/usage/history?limit=500`)).json();
      const root = first.json.request_id;
      assert.deepEqual(calls.map(({request_id}) => request_id).sort(), [root, ...Array.from({length: 11}, (_, i) => `${root}.${i + 1}`)].sort());
      assert.equal(Math.round(ended.json.cost * 1e6), calls.reduce((sum, {cost}) => sum + Math.round(cost * 1e6), 0), 'what is shown is what is charged');

      gateway = await again(gateway, options, how);
      const used = await call(gateway, 'run_priced', steps, {state: second.json.state, answers: answers('last')});
      assert.equal(used.status, 400);
      assert.equal(used.json.error.code, 'invalid_request_state');
      assert.ok(used.json.error.message.includes(second.json.state.slice(0, 12)), used.text);
      await gateway.stop();
    });

describe('MCP 2026-07-28', () => {
  const request = (gateway, steps, more = {}, id = 1) => post(`${gateway.url}/mcp?expose=flat`, {
    jsonrpc: '2.0', id, method: 'tools/call', params: {
      name: 'asks_run', arguments: {steps}, ...more,
      _meta: {'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {elicitation: {form: {}}}},
    },
  }, {'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'asks_run'});

  test('a retry after SIGKILL runs once, however many bring it at once, and says why the others do not', async () => {
    seen = [];
    const options = await setUp('in_process');
    let gateway = await startGateway(options);
    const steps = [{http: '/before'}, {form: 'who'}, {http: '/hold'}];
    const {json: {result: asked}} = await request(gateway, steps);
    assert.equal(asked.resultType, 'input_required');
    gateway = await again(gateway, options, 'SIGKILL');
    const retry = {requestState: asked.requestState, inputResponses: answers('who')};
    const refused = [];
    const runs = Array.from({length: 4}, (_, i) => request(gateway, steps, retry, i + 2));
    for (const one of runs) one.then((reply) => refused.push(reply));
    while (refused.length < 3 || held.length === 0) await new Promise((wake) => { setTimeout(wake, 5); });
    assert.equal(refused.length, 3, 'one runs');
    for (const {json} of refused) {
      assert.equal(json.error.code, -32602);
      assert.match(json.error.message, /^the state "[\w-]{12}…" is being used: another request goes on with it\. Wait/);
    }
    held.splice(0).forEach((reply) => reply.end('"let go"'));
    const ended = (await Promise.all(runs)).find(({json}) => json.result);
    assert.deepEqual(JSON.parse(ended.json.result.content[0].text).said, ['"far 1"', '{"name":"Ada"}', '"let go"']);
    assert.deepEqual(seen, ['POST /before', 'POST /hold']);
    await gateway.stop();
  });

  test('what may have acted when its gateway was killed is not run again', async () => {
    seen = [];
    const options = await setUp('worker');
    let gateway = await startGateway(options);
    const steps = [{form: 'who'}, {http: '/hold'}];
    const {json: {result: asked}} = await request(gateway, steps);
    const retry = {requestState: asked.requestState, inputResponses: answers('who')};
    const lost = request(gateway, steps, retry).catch(() => 'lost');
    while (held.length === 0) await new Promise((wake) => { setTimeout(wake, 5); });
    gateway = await again(gateway, options, 'SIGKILL');
    assert.equal(await lost, 'lost');
    held = [];
    const {json} = await request(gateway, steps, retry);
    assert.equal(json.error.code, -32602);
    assert.match(json.error.message, /whether the skill has acted since its question is unknown\. See whether it has acted/);
    assert.deepEqual(seen, ['POST /hold']);
    await gateway.stop();
  });
});

for (const how of ['SIGTERM', 'SIGKILL'])
  test(`a job does not ask again, after ${how}, what was answered`, async () => {
    const options = await setUp('in_process');
    let gateway = await startGateway(options);
    const steps = [{form: 'first'}, {form: 'second'}, {run: 1}];
    const {job_id: id} = (await call(gateway, 'run_again', steps, {async: true})).json;
    const look = async (wait) => (await fetch(`${gateway.url}/v1/jobs/${id}?wait=${wait}`)).json();
    const asks = async (key) => {
      for (;;) {
        const job = await look(1);
        assert.ok(!job.ended_at, JSON.stringify(job));
        if (job.questions?.[key]) return Object.keys(job.questions);
      }
    };
    const answer = async (key, name) => {
      const reply = await post(`${gateway.url}/v1/jobs/${id}/answers`, {answers: {[key]: {action: 'accept', content: {name}}}});
      assert.equal(reply.status, 200, reply.text);
    };
    await asks('first');
    await answer('first', 'Ada');
    gateway = await again(gateway, options, how);
    assert.deepEqual(await asks('second@2'), ['second@2']);
    await answer('second@2', 'Grace');
    let job;
    do job = await look(20); while (!job.ended_at);
    assert.deepEqual(job.result.output.said, ['{"name":"Ada"}', '{"name":"Grace"}', 'run 1']);
    await gateway.stop();
  });
