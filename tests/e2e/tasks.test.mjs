// The tasks extension over the real program: each message valid by the extension's own schema, its values exact, over HTTP and stdio, in the
// gateway's process and in a worker. The tool is examples/conformance-tool. Then the same jobs over REST and on the command line.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {build, isSanitized, post, run, scratch, source, startGateway} from './support/gateway.mjs';
import {httpWire, stdioWire} from './support/wires.mjs';

const extension = 'io.modelcontextprotocol/tasks';
const plain = {elicitation: {}};
const declared = {elicitation: {}, extensions: {[extension]: {}}};
const fixtures = join(build, 'examples/conformance');

const ajv = new Ajv2020({strict: false, allErrors: true});
addFormats(ajv);
ajv.addFormat('byte', true);
for (const [name, folder] of [['tasks', 'ext-tasks'], ['mcp', '2026-07-28']])
  ajv.addSchema(JSON.parse(readFileSync(`${source}/tests/data/mcp-schema/${folder}/schema.json`)), name);
function valid(name, value) {
  const check = ajv.getSchema(name.replace('/', '#/$defs/'));
  assert.ok(check(value), `${name}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(value)}`);
}

function configuration(isolation) {
  const file = join(scratch(), 'config.json');
  writeFileSync(file, JSON.stringify({isolation: {default: isolation, ...(isSanitized && {max_memory_mb: 1073741824})}}));
  return file;
}
const serve = (isolation) => startGateway({plugins: [fixtures], args: ['--config', configuration(isolation)]});

/// What the tests say over a wire.
function speaker(wire) {
  const call = (name, input = {}, capabilities = declared, more = {}) => wire.send('tools/call', {name, arguments: input, ...more}, capabilities);
  const get = async (taskId) => {
    const {result, error} = await wire.send('tasks/get', {taskId}, declared);
    assert.equal(error, undefined, JSON.stringify(error));
    valid('tasks/GetTaskResult', result);
    if (result.result) valid('mcp/CallToolResult', result.result);
    return result;
  };
  const create = async (...what) => {
    const {result, error} = await call(...what);
    assert.equal(result?.resultType, 'task', JSON.stringify(result ?? error));
    valid('tasks/CreateTaskResult', result);
    return result;
  };
  /// The task once its status is none of these.
  const settle = async (taskId, ...passing) => {
    for (;;) {
      const task = await get(taskId);
      if (!['working', ...passing].includes(task.status)) return task;
      await new Promise((next) => setTimeout(next, 20));
    }
  };
  const acknowledged = async (method, params) => {
    const {result, error} = await wire.send(method, params, declared);
    assert.equal(error, undefined, JSON.stringify(error));
    valid(method === 'tasks/update' ? 'tasks/UpdateTaskResult' : 'tasks/CancelTaskResult', result);
    assert.deepEqual(Object.keys(result).sort(), ['_meta', 'resultType']);
  };
  const update = (taskId, inputResponses) => acknowledged('tasks/update', {taskId, inputResponses});
  const cancel = (taskId) => acknowledged('tasks/cancel', {taskId});
  return {wire, call, get, create, settle, update, cancel};
}

const text = (task) => task.result.content.map((block) => block.text).join('|');
const accept = (content) => ({action: 'accept', content});
/// A result without what differs from call to call.
const comparable = (result) => {
  const {'dev.toolrack/request_id': requestId, ...meta} = result._meta;
  assert.match(requestId, /^\S+$/);
  return {...result, _meta: meta};
};
const nameForm = {type: 'object', properties: {name: {type: 'string'}}, required: ['name']};
const elicitation = (message, requestedSchema) => ({method: 'elicitation/create', params: {mode: 'form', message, requestedSchema}});

const ways = [
  {name: 'over HTTP', isolation: 'in_process', open: (gateway) => httpWire(gateway.url)},
  {name: 'over stdio', isolation: 'in_process', open: (gateway) => stdioWire(gateway.data)},
  {name: 'over HTTP, with the tool in a worker', isolation: 'worker', open: (gateway) => httpWire(gateway.url)},
];

for (const way of ways) {
  describe(way.name, () => {
    let gateway;
    let say;
    before(async () => {
      gateway = await serve(way.isolation);
      say = speaker(way.open(gateway));
    });
    after(async () => {
      await say.wire.close();
      await gateway.stop();
    });

    test('the extension is declared', async () => {
      const {result} = await say.wire.send('server/discover', {}, plain);
      valid('mcp/DiscoverResult', result);
      assert.deepEqual(result.capabilities.extensions, {[extension]: {}});
      assert.equal(result.capabilities.tasks, undefined);
    });

    test('what is short is no task', async () => {
      const {result} = await say.call('greet', {name: 'World'}, declared, {task: {ttl: 60_000}});
      valid('mcp/CallToolResult', result);
      assert.equal(result.resultType, 'complete');
      assert.deepEqual(result.content, [{type: 'text', text: 'Hello, World!'}]);
    });

    test('a task is created flat, works, and ends with the result that the call would have had', async () => {
      const created = await say.create('slow_compute', {seconds: 0.3, label: 'x'});
      assert.deepEqual(Object.keys(created).sort(),
        ['_meta', 'createdAt', 'lastUpdatedAt', 'pollIntervalMs', 'resultType', 'status', 'taskId', 'ttlMs']);
      assert.match(created.taskId, /^job_[0-9A-Z]{26}$/);
      assert.equal(created.status, 'working');
      assert.equal(created.ttlMs, 7 * 24 * 3_600_000);
      assert.equal(created.pollIntervalMs, 1_000);
      const first = await say.get(created.taskId);
      assert.equal(first.taskId, created.taskId);
      assert.equal(first.createdAt, created.createdAt);
      assert.ok(first.ttlMs >= created.ttlMs);
      const ended = await say.settle(created.taskId);
      assert.equal(ended.status, 'completed');
      assert.equal(ended.createdAt, created.createdAt);
      assert.ok(ended.lastUpdatedAt > created.createdAt);
      const direct = await say.call('slow_compute', {seconds: 0.3, label: 'x'}, plain);
      assert.deepEqual(comparable(ended.result), comparable(direct.result));
      assert.equal(text(ended), 'Computed for 0.3 seconds.');
    });

    test('a failure of the tool is a result, a defect an error', async () => {
      const failed = await say.settle((await say.create('failing_job')).taskId);
      assert.equal(failed.status, 'completed');
      assert.equal(failed.result.isError, true);
      assert.match(text(failed), /^conformance\.as_asked: This job intentionally fails for testing\n\S/);
      const broken = await say.settle((await say.create('protocol_error_job')).taskId);
      assert.equal(broken.status, 'failed');
      assert.deepEqual(broken.error, {code: -32603, message: 'This job intentionally breaks for testing', data: {code: 'exception'}});
      assert.equal(broken.result, undefined);
    });

    test('a question is shown, answered, and the task goes on', async () => {
      const {taskId} = await say.create('confirm_delete', {filename: 'a.txt'});
      const asking = await say.settle(taskId);
      assert.equal(asking.status, 'input_required');
      assert.deepEqual(asking.inputRequests, {
        confirm: elicitation('Delete a.txt?', {type: 'object', properties: {confirm: {type: 'boolean'}}, required: ['confirm']}),
      });
      await say.update(taskId, {'unknown-key': {ignored: true}});
      const refused = await say.wire.send('tasks/update', {taskId, inputResponses: {confirm: accept({confirm: 'yes'})}}, declared);
      assert.equal(refused.error.code, -32602);
      assert.match(refused.error.message, /confirm/);
      assert.equal((await say.get(taskId)).status, 'input_required');
      await say.update(taskId, {confirm: accept({confirm: true})});
      const ended = await say.settle(taskId, 'input_required');
      assert.equal(ended.status, 'completed');
      assert.equal(text(ended), 'Deleted a.txt.');
      await say.update(taskId, {confirm: accept({confirm: true})});
    });

    test('two questions are open at once, and answered one by one', async () => {
      const {taskId} = await say.create('multi_input');
      let asking;
      do asking = await say.settle(taskId); while (Object.keys(asking.inputRequests).length < 2);
      assert.deepEqual(asking.inputRequests,
        {first: elicitation('The first name?', nameForm), second: elicitation('The second name?', nameForm)});
      await say.update(taskId, {second: accept({name: 'Grace'})});
      const half = await say.get(taskId);
      assert.equal(half.status, 'input_required');
      assert.deepEqual(Object.keys(half.inputRequests), ['first']);
      await say.update(taskId, {first: accept({name: 'Ada'}), second: accept({name: 'somebody else'})});
      assert.equal(text(await say.settle(taskId, 'input_required')), 'Ada and Grace');
    });

    test('a question comes first, and the answer makes a task', async () => {
      const round = (await say.call('test_tool_with_task')).result;
      assert.equal(round.resultType, 'input_required');
      assert.equal(round.taskId, undefined);
      assert.deepEqual(round.inputRequests, {user_name: elicitation('What is your name?', nameForm)});
      const created = await say.create('test_tool_with_task', {}, declared,
        {inputResponses: {user_name: accept({name: 'Alice'})}, requestState: round.requestState});
      assert.equal(created.requestState, undefined);
      const ended = await say.settle(created.taskId);
      assert.equal(ended.status, 'completed');
      assert.equal(text(ended), 'Hello from a task, Alice!');
    });

    test('a task is cancelled, working or asking', async () => {
      for (const [skill, input] of [['slow_compute', {seconds: 60}], ['confirm_delete', {filename: 'b.txt'}]]) {
        const {taskId} = await say.create(skill, input);
        if (skill === 'confirm_delete') await say.settle(taskId);
        await say.cancel(taskId);
        assert.equal((await say.settle(taskId, 'input_required')).status, 'cancelled');
        await say.cancel(taskId);
      }
    });

    test('a client that does not declare the extension has no tasks', async () => {
      const {taskId} = await say.create('slow_compute', {seconds: 60});
      const required = {requiredCapabilities: {extensions: {[extension]: {}}}};
      for (const [method, params] of [['tasks/get', {taskId}], ['tasks/update', {taskId, inputResponses: {}}], ['tasks/cancel', {taskId}],
        ['tools/call', {name: 'failing_job', arguments: {}}], ['tools/call', {name: 'test_tool_with_task', arguments: {}}],
        ['subscriptions/listen', {notifications: {taskIds: [taskId]}}]]) {
        const {error, status = 400} = await say.wire.send(method, params, plain);
        assert.equal(error?.code, -32021, method);
        assert.deepEqual(error.data, required);
        assert.equal(status, 400);
      }
      const waited = (await say.call('slow_compute', {seconds: 0}, plain)).result;
      assert.equal(waited.resultType, 'complete');
      assert.deepEqual(waited.content, [{type: 'text', text: 'Computed for 0 seconds.'}]);
      assert.equal((await say.get(taskId)).status, 'working');
      await say.cancel(taskId);
    });

    test('unknown tasks and methods are refused', async () => {
      for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel'])
        assert.equal((await say.wire.send(method, {taskId: 'job_00000000000000000000000000', inputResponses: {}}, declared)).error.code, -32602);
      for (const method of ['tasks/list', 'tasks/result'])
        assert.equal((await say.wire.send(method, {taskId: 'x'}, declared)).error.code, -32601);
    });

    test('who listens is told the whole task at each change', async () => {
      const {taskId} = await say.create('confirm_delete', {filename: 'c.txt'});
      const news = await say.wire.listen({taskIds: [taskId, 'job_00000000000000000000000000']}, declared);
      const acknowledged = await news.until(({method}) => method === 'notifications/subscriptions/acknowledged');
      assert.deepEqual(acknowledged.params.notifications, {taskIds: [taskId]});
      const status = (wanted) => ({method, params}) => method === 'notifications/tasks' && params.status === wanted;
      const asking = await news.until(status('input_required'));
      assert.deepEqual(Object.keys(asking.params.inputRequests), ['confirm']);
      await say.update(taskId, {confirm: accept({confirm: false})});
      const ended = await news.until(status('completed'));
      assert.equal(text(ended.params), 'Kept c.txt.');
      for (const message of news.messages.filter(({method}) => method === 'notifications/tasks')) {
        valid('tasks/TaskStatusNotification', message);
        assert.equal(message.params.taskId, taskId);
        assert.notEqual(message.params._meta['io.modelcontextprotocol/subscriptionId'], undefined);
      }
    });

    test('use_tool gives a task where the client knows tasks, and a job elsewhere', async () => {
      const input = {tool: 'conformance', skill: 'slow_compute', input: {seconds: 0}};
      const created = await say.create('use_tool', input);
      assert.equal(text(await say.settle(created.taskId)), 'Computed for 0 seconds.');
      const {result} = await say.call('use_tool', input, plain);
      assert.equal(result.resultType, 'complete');
      assert.match(result.structuredContent.job_id, /^job_/);
    });
  });
}

describe('the same job elsewhere', () => {
  let gateway;
  before(async () => { gateway = await serve('in_process'); });
  after(() => gateway.stop());
  const job = async (id, query = '?wait=30') => (await fetch(`${gateway.url}/v1/jobs/${id}${query}`)).json();
  const outcome = async (id) => { for (;;) { const one = await job(id); if (one.ended_at) return one; } };
  const start = async (skill, input, more = {}) =>
    post(`${gateway.url}/v1/tools/call`, {tool: 'conformance', skill, input, can_answer: ['form'], ...more});

  test('asks over REST, and is answered there', async () => {
    const accepted = await start('confirm_delete', {filename: 'd.txt'});
    assert.equal(accepted.status, 202, accepted.text);
    const id = accepted.json.job_id;
    let asking;
    do asking = await job(id, '?wait=1'); while (!asking.questions);
    assert.equal(asking.status, 'input_required');
    assert.deepEqual(asking.questions.confirm, elicitation('Delete d.txt?', {type: 'object', properties: {confirm: {type: 'boolean'}}, required: ['confirm']}));
    const refused = await post(`${gateway.url}/v1/jobs/${id}/answers`, {answers: {confirm: accept({})}});
    assert.equal(refused.status, 400);
    assert.equal(refused.json.error.code, 'invalid_answer');
    const taken = await post(`${gateway.url}/v1/jobs/${id}/answers`, {answers: {confirm: accept({confirm: true})}});
    assert.equal(taken.status, 200, taken.text);
    assert.equal(taken.json.questions, undefined);
    const ended = await outcome(id);
    assert.equal(ended.status, 'completed');
    assert.deepEqual(ended.result.content, [{type: 'text', text: 'Deleted d.txt.'}]);
    assert.equal((await post(`${gateway.url}/v1/jobs/job_0/answers`, {answers: {}})).status, 404);
  });

  test('asks nobody when nobody can be asked', async () => {
    const {json} = await start('confirm_delete', {filename: 'e.txt'}, {can_answer: []});
    const ended = await outcome(json.job_id);
    assert.equal(ended.status, 'failed');
    assert.equal(ended.error_detail.code, 'cannot_ask');
  });

  test('is answered on the command line', async () => {
    const {json} = await start('confirm_delete', {filename: 'f.txt'});
    while (!(await job(json.job_id, '?wait=1')).questions);
    const answered = await run(['--data', gateway.data, 'jobs', 'answer', json.job_id, '--answers', JSON.stringify({confirm: {action: 'decline'}})]);
    assert.equal(answered.code, 0, answered.stderr);
    assert.deepEqual((await outcome(json.job_id)).result.content, [{type: 'text', text: 'Kept f.txt.'}]);
  });

  test('comes after a question of its caller, where the skill asks first', async () => {
    const asked = await start('test_tool_with_task', {});
    assert.equal(asked.status, 409, asked.text);
    const accepted = await start('test_tool_with_task', {}, {state: asked.json.state, answers: {user_name: accept({name: 'Ada'})}});
    assert.equal(accepted.status, 202, accepted.text);
    assert.deepEqual((await outcome(accepted.json.job_id)).result.content, [{type: 'text', text: 'Hello from a task, Ada!'}]);
  });

  test('is cut off at once when its gateway stops while it asks, and says so at the next start', async () => {
    const data = scratch();
    const first = await startGateway({data, plugins: [fixtures]});
    const {json} = await post(`${first.url}/v1/tools/call`, {tool: 'conformance', skill: 'confirm_delete', input: {filename: 'g.txt'}, can_answer: ['form']});
    while (!(await (await fetch(`${first.url}/v1/jobs/${json.job_id}?wait=1`)).json()).questions);
    const began = performance.now();
    await first.stop();
    assert.ok(performance.now() - began < 19_000, 'nobody can answer any more, so nobody waits the 20 s that calls have');
    const next = await startGateway({data, plugins: [fixtures]});
    const wire = speaker(httpWire(next.url));
    const task = await wire.get(json.job_id);
    assert.equal(task.status, 'failed');
    assert.equal(task.error.data.code, 'interrupted');
    await wire.wire.close();
    await next.stop();
  });
});
