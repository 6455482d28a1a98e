// Skills that call skills, over the real program: what the caller sees of it and is charged, what is refused, how it ends.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {copyFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {build, examples, post, run, scratch, startGateway} from './support/gateway.mjs';

const plugins = scratch();
let gateway;
let far; // A far end that holds every request.
let arrived = () => {};
let departed = () => {};
const arrival = () => new Promise((now) => { arrived = now; });
const departure = () => new Promise((now) => { departed = now; });

before(async () => {
  far = createServer((request, reply) => {
    reply.on('close', () => departed());
    arrived();
  }).listen(0, '127.0.0.1');
  await once(far, 'listening');
  writeFileSync(join(plugins, 'careful.tool.json'), JSON.stringify({
    manifest: '1.0', owner: 'acme', name: 'careful', version: '1.0.0', description: 'Does not answer.',
    providers: {far: {base_url: `http://127.0.0.1:${far.address().port}`}},
    skills: [{name: 'hold', description: 'Holds.', input: {type: 'object'}, request: {method: 'POST', path: '/hold'}, timeout_ms: 120_000}],
  }));
  copyFileSync(join(build, 'tests/plugins/composes.so'), join(plugins, 'composes.so'));
  gateway = await startGateway({plugins: [examples, plugins]});
});
after(async () => {
  await gateway.stop();
  far.close();
});

const call = (skill, input, more = {}, headers = {}, url = gateway.url) =>
  post(`${url}/v1/tools/call`, {tool: 'composes', skill, input, ...more}, headers);
const paid = {call: 'echo.echo_paid', input: {message: 'hello'}};
const history = async (url = gateway.url) => (await (await fetch(`${url}/v1/usage/history?limit=500`)).json()).calls;
const micros = (dollars) => Math.round(dollars * 1e6);

test('a reply tells what was called, and shows all that is charged', async () => {
  for (const skill of ['calls', 'pools', 'blocks', 'priced']) {
    const own = skill === 'priced' ? 11 : 0;
    const {status, json, text} = await call(skill, {...paid, times: 3});
    assert.equal(status, 200, text);
    assert.deepEqual(json.output.replies.map(({body}) => body), Array(3).fill({message: 'hello'}));
    assert.equal(json.output.replies[0].rest.skill, 'echo_paid');
    assert.equal(json.output.replies[0].rest.output, undefined);
    assert.equal(micros(json.cost), own + 3, skill);
    assert.equal(json.billed, true);
    assert.equal(micros(json.nested.cost), 3);
    assert.equal(json.nested.count, 3);
    // They run side by side, and end in any order.
    assert.deepEqual(json.nested.calls.map(({request_id}) => request_id).sort(), [1, 2, 3].map((n) => `${json.request_id}.${n}`));

    const records = (await history()).filter((one) => one.request_id.startsWith(json.request_id));
    assert.equal(records.length, 4);
    assert.equal(records.reduce((sum, {cost}) => sum + micros(cost), 0), own + 3, 'what is shown is what is recorded');
    for (const record of records) assert.equal(record.root_request_id, record.tool === 'echo' ? json.request_id : null);
  }
  const plain = await post(`${gateway.url}/v1/tools/call`, {tool: 'echo', skill: 'echo', input: {message: 'x'}});
  assert.equal(plain.json.nested, undefined);
});

test('MCP, batches, streams and jobs show the same sum', async () => {
  const mcp = await post(`${gateway.url}/mcp`, {jsonrpc: '2.0', id: 1, method: 'tools/call',
    params: {name: 'composes_priced', arguments: {...paid, times: 2}}}, {'mcp-protocol-version': '2025-06-18'});
  assert.equal(micros(mcp.json.result._meta['dev.toolrack/cost_usd']), 13, mcp.text);
  const batch = await post(`${gateway.url}/v1/tools/batch`, {calls: [1, 2].map(() => ({tool: 'composes', skill: 'priced', input: paid}))});
  assert.equal(micros(batch.json.cost), 24);
  const stream = await call('priced', paid, {stream: true});
  assert.match(stream.text, /"cost":0\.000012/);
  const accepted = await call('priced', {...paid, times: 4}, {async: true});
  assert.equal(accepted.status, 202, accepted.text);
  let job;
  do job = await (await fetch(`${gateway.url}/v1/jobs/${accepted.json.job_id}?wait=30`)).json(); while (!job.ended_at);
  assert.equal(micros(job.result.cost), 15, JSON.stringify(job));
});

test('a failed call does not refund what it called', async () => {
  const {status, json} = await call('priced', {...paid, times: 2, then: 'fail'});
  assert.equal(status, 422);
  assert.equal(json.error.code, 'composes.failed');
  assert.equal(micros(json.cost), 2);
  assert.equal(json.billed, true);
});

test('a circle is refused, and so is what is too deep', async () => {
  const circle = await call('calls', {call: 'composes.a', input: {call: 'composes.calls', input: paid}});
  const [below] = circle.json.output.replies[0].body.replies;
  assert.equal(below.code, 'call_cycle');
  assert.match(below.message, /composes\.calls -> composes\.a -> composes\.calls/);
  let input = {...paid, then: 'pass_on'};
  for (const name of ['e', 'd', 'c', 'b', 'a']) input = {call: `composes.${name}`, input, then: 'pass_on'};
  const deep = await call('calls', {...input, then: 'pass_on'});
  assert.equal(deep.json.error?.code, 'call_too_deep', deep.text);
  assert.match(deep.json.error.message, /composes\.e -> echo\.echo_paid/);
  const allowed = await call('calls', {...input.input, then: 'pass_on'});
  assert.equal(allowed.status, 200, allowed.text);
  assert.equal(micros(allowed.json.cost), 1, 'through five levels');
});

test('what the manifest does not grant is refused, with the grant', async () => {
  const {json} = await call('calls', {call: 'seo.analyze_page', input: {url: 'https://example.com'}});
  const [reply] = json.output.replies;
  assert.equal(reply.code, 'tool_not_granted');
  assert.match(reply.rest.error.resolution_hint, /"seo\.analyze_page" to grants\.tools/);
  const {output} = (await call('lists', {pattern: '*'})).json;
  const names = output.items.map(({name}) => name);
  assert.ok(names.includes('echo.echo_paid') && names.includes('composes.a'));
  assert.ok(!names.some((name) => name.startsWith('seo.')));
});

test('max_price bounds the sum', async () => {
  const {json} = await call('priced', {...paid, times: 3}, {max_price: 0.000013});
  assert.deepEqual(json.output.replies.map(({code}) => code), ['', '', 'price_too_high']);
  assert.match(json.output.replies[2].message, /\$0\.000001, max_price is \$0; .*\$0\.000013 that composes\.priced/);
  assert.equal(micros(json.cost), 13);
  const none = await call('priced', paid, {max_price: 0.00001});
  assert.equal(none.status, 402, 'nothing has run');
  assert.equal(none.json.nested, undefined);
});

test('who leaves, and who runs out of time, ends what was called', async () => {
  const input = {call: 'composes.a', input: {call: 'careful.hold'}};
  for (const skill of ['calls', 'pools', 'blocks']) {
    const leaving = new AbortController();
    const [came, gone] = [arrival(), departure()];
    const answer = fetch(`${gateway.url}/v1/tools/call`, {method: 'POST', headers: {'content-type': 'application/json'},
      signal: leaving.signal, body: JSON.stringify({tool: 'composes', skill, input})}).catch((error) => error.name);
    await came;
    leaving.abort();
    assert.equal(await answer, 'AbortError');
    await gone; // The far end of what was called two levels below.
  }
  // On a machine that does much else the time may be over before the far end hears of it, which then has nothing to notice: once more, with more time.
  for (let timeout_ms = 200, came = false; !came; timeout_ms *= 2) {
    arrival().then(() => { came = true; });
    const gone = departure();
    const late = await call('calls', input, {timeout_ms});
    assert.equal(late.status, 504, late.text);
    assert.equal(late.json.error.code, 'timeout');
    if (came) await gone;
  }
});

test('one call is cancelled, and one that nobody waits for', async () => {
  const cancelled = await call('calls', {call: 'composes.holds', then: 'cancel'});
  assert.equal(cancelled.json.output.replies[0].code, 'cancelled');
  const left = await call('pools', {call: 'composes.holds', then: 'leave'});
  assert.equal(left.status, 200, left.text);
});

test('a key that is revoked makes no more calls', async () => {
  const hosted = await startGateway({plugins: [examples, plugins], args: ['--mode', 'hosted']});
  try {
    const [made, other] = await Promise.all(['k', 'other'].map(async (name) => JSON.parse((await run(['--data', hosted.data, '--format', 'json', 'keys', 'create', name])).stdout)));
    // As long as it takes: each call that is allowed makes it longer.
    const answer = call('blocks', {call: 'composes.holds', input: {milliseconds: 300}, times: 60}, {},
      {authorization: `Bearer ${made.api_key}`}, hosted.url);
    const ended = async () => (await (await fetch(`${hosted.url}/v1/usage/history`, {headers: {authorization: `Bearer ${other.api_key}`}})).json()).calls.length;
    while (await ended() === 0) await new Promise((later) => setTimeout(later, 20)); // The first of them.
    assert.equal((await run(['--data', hosted.data, 'keys', 'revoke', made.id])).code, 0);
    const {json, text} = await answer;
    assert.equal(json.status, 'success', text);
    const codes = json.output.replies.map(({code}) => code);
    assert.equal(codes[0], '', 'what ran went on');
    assert.equal(codes.at(-1), 'invalid_key');
  } finally {
    await hosted.stop();
  }
});

test('many at once do not wait for each other, whatever the key may have at once', async () => {
  const data = scratch();
  const config = join(data, 'config.json');
  writeFileSync(config, JSON.stringify({limits: {per_minute: 100_000, per_hour: 100_000, concurrent: 5}}));
  const limited = await startGateway({data, plugins: [examples, plugins], args: ['--config', config, '--mode', 'hosted']});
  try {
    const {api_key: key} = JSON.parse((await run(['--data', data, '--format', 'json', 'keys', 'create', 'k'])).stdout);
    const headers = {authorization: `Bearer ${key}`};
    let refused = 0;
    const untilServed = async (skill, input) => {
      for (;;) {
        const {status, json, text} = await call(skill, input, {}, headers, limited.url);
        if (status === 200) return json;
        assert.equal(json.error.code, 'too_many_concurrent', text);
        ++refused;
        await new Promise((later) => setTimeout(later, 10));
      }
    };
    const input = {call: 'composes.a', times: 3, input: {call: 'composes.holds', input: {milliseconds: 20}}};
    const all = await Promise.all(Array.from({length: 64}, (_, i) => untilServed(['calls', 'pools', 'blocks'][i % 3], input)));
    for (const {output} of all)
      assert.deepEqual(output.replies.map(({body}) => body.replies[0].body), Array(3).fill({held: true}));
    assert.ok(refused > 0, 'more than five at once were tried');
  } finally {
    await limited.stop();
  }
});

test('blocking skills below blocking ones always find a thread', async () => {
  const input = {call: 'composes.blocks_below', input: {call: 'composes.sleeps', input: {milliseconds: 5}}};
  const all = await Promise.all(Array.from({length: 100}, () => call('blocks', input)));
  for (const {json, text} of all) assert.deepEqual(json.output?.replies[0].body.replies[0].body, {slept: true}, text);
});
