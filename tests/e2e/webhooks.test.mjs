// Webhooks of jobs over the real program, with a receiver that verifies signatures with node:crypto and nothing of
// ours: who is told, under which secret, again and again, across a kill, and who is refused.
import assert from 'node:assert/strict';
import {createHmac, timingSafeEqual} from 'node:crypto';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {post, run, scratch, startGateway} from './support/gateway.mjs';

const plugins = scratch();
let server;
let base;
/// What came to /hook/<name>, by name: {headers, body}.
const told = new Map();
/// What /hook/<name> answers with; 204 unless told.
const answers = new Map();
let arrived = () => {};
/// Work that is held back until the test lets it go.
let held = [];

before(async () => {
  server = createServer(async (request, reply) => {
    let body = '';
    for await (const piece of request) body += piece;
    const [, what, name] = request.url.split('/');
    if (what === 'hook') {
      told.set(name, [...(told.get(name) ?? []), {headers: request.headers, body, method: request.method}]);
      const answer = answers.get(name) ?? {status: 204};
      reply.writeHead(answer.status, answer.headers ?? {}).end();
      arrived();
      return;
    }
    const answer = () => reply.writeHead(what === 'fail' ? 422 : 200, {'content-type': 'application/json'}).end(
      JSON.stringify({name, text: what === 'large' ? 'x'.repeat(600_000) : ''}));
    if (what === 'hold') held.push(answer);
    else answer();
    arrived();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${server.address().port}`;
  const skill = (name, more = {}) => ({
    name, description: 'Does a piece of work.', input: {type: 'object', properties: {name: {type: 'string'}}, required: ['name']},
    output: {type: 'object', properties: {name: {type: 'string'}}}, request: {method: 'POST', path: `/${name}/{name}`}, ...more,
  });
  writeFileSync(join(plugins, 'works.tool.json'), JSON.stringify({
    manifest: '1.0', owner: 'acme', name: 'works', version: '1.0.0', description: 'Work that is told of.',
    providers: {works: {base_url: base}},
    skills: [skill('do'), skill('fail'), skill('large'), skill('hold', {timeout_ms: 120_000})],
  }));
});
after(() => server.close());

const hook = (name) => `${base}/hook/${name}`;
const start = (gateway, skill, name, more = {}) =>
  post(`${gateway.url}/v1/tools/call`, {tool: 'works', skill, input: {name}, async: true, webhook: hook(name), ...more});
const ask = async (gateway, id, query = '') => (await fetch(`${gateway.url}/v1/jobs/${id}${query}`)).json();
const until = async (isSo) => {
  while (!isSo()) await new Promise((ready) => { arrived = ready; });
};
const comes = (name, count = 1) => until(() => (told.get(name) ?? []).length >= count);
/// Asks until the gateway has recorded what it knows.
const settled = async (gateway, id, isSo) => {
  for (;;) {
    const job = await ask(gateway, id);
    if (isSo(job.webhook)) return job;
  }
};

/// As the specification of Standard Webhooks has it, written from that.
function verify({headers, body}, secret) {
  assert.match(secret, /^whsec_/);
  const seconds = Number(headers['webhook-timestamp']);
  assert.ok(Math.abs(Date.now() / 1000 - seconds) < 300, 'a fresh timestamp');
  const expected = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest();
  return headers['webhook-signature'].split(' ').some((one) => {
    const [version, text] = one.split(',');
    const given = Buffer.from(text, 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
const secretOf = async (gateway, headers = {}) => {
  const reply = await fetch(`${gateway.url}/v1/webhooks/secret`, {headers});
  assert.equal(reply.status, 200);
  return (await reply.json()).secret;
};

test('a job tells its webhook what came of it, signed', async () => {
  const gateway = await startGateway({plugins: [plugins]});
  try {
    const accepted = await start(gateway, 'do', 'first');
    assert.equal(accepted.status, 202, accepted.text);
    await comes('first');
    const [first] = told.get('first');
    assert.equal(first.method, 'POST');
    assert.equal(first.headers['content-type'], 'application/json');
    assert.equal(first.headers['webhook-id'], accepted.json.job_id);
    const secret = await secretOf(gateway);
    assert.ok(verify(first, secret));
    assert.ok(!verify({...first, body: first.body.replace('first', 'other')}, secret), 'the control: another body');
    const {webhook, ...job} = await settled(gateway, accepted.json.job_id, ({status}) => status === 'delivered');
    assert.deepEqual(JSON.parse(first.body), job, 'what get_job_result has');
    assert.equal(webhook.attempts, 1);

    const failed = await start(gateway, 'fail', 'second');
    await comes('second');
    const body = JSON.parse(told.get('second')[0].body);
    assert.equal(body.job_id, failed.json.job_id);
    assert.equal(body.status, 'failed');
    assert.ok(body.error_detail.code);

    await start(gateway, 'large', 'third');
    await comes('third');
    const large = JSON.parse(told.get('third')[0].body);
    assert.equal(large.result, undefined);
    const {result} = await (await fetch(large.result_url)).json();
    assert.equal(result.output.text.length, 600_000, 'the link leads to what was left out');
  } finally {
    await gateway.stop();
  }
});

test('a changed secret signs beside the one before', async () => {
  const gateway = await startGateway({plugins: [plugins]});
  try {
    const before = await secretOf(gateway);
    assert.equal(await secretOf(gateway), before);
    const cli = await run(['--data', gateway.data, '--format', 'json', 'webhooks', 'rotate']);
    assert.equal(cli.code, 0, cli.stderr);
    const {secret: now} = JSON.parse(cli.stdout);
    assert.notEqual(now, before);
    assert.equal(await secretOf(gateway), now);
    await start(gateway, 'do', 'rotated');
    await comes('rotated');
    const [request] = told.get('rotated');
    assert.ok(verify(request, now) && verify(request, before));
    assert.ok(!verify(request, `whsec_${Buffer.alloc(32).toString('base64')}`));
    assert.ok(gateway.log.every((line) => !line.includes(now.slice(6)) && !line.includes(before.slice(6))), 'nobody logs it');
  } finally {
    await gateway.stop();
  }
});

test('a webhook is told again, by the next gateway too, under the same id', async () => {
  const data = scratch();
  let gateway = await startGateway({data, plugins: [plugins]});
  answers.set('again', {status: 503});
  const {job_id: id} = (await start(gateway, 'do', 'again')).json;
  await comes('again');
  const failed = await settled(gateway, id, ({attempts}) => attempts >= 1);
  assert.equal(failed.webhook.status, 'pending');
  assert.match(failed.webhook.last_error, /503/);
  assert.ok(failed.webhook.next_attempt_at);
  await gateway.stop('SIGKILL');
  answers.delete('again');
  gateway = await startGateway({data, plugins: [plugins]});
  try {
    const job = await settled(gateway, id, ({status}) => status === 'delivered');
    const requests = told.get('again');
    assert.ok(job.webhook.attempts > failed.webhook.attempts);
    assert.ok(requests.length > failed.webhook.attempts);
    for (const request of requests) {
      assert.equal(request.headers['webhook-id'], requests[0].headers['webhook-id']);
      assert.equal(request.body, requests[0].body);
    }
    assert.ok(verify(requests.at(-1), await secretOf(gateway)));
  } finally {
    await gateway.stop();
  }
});

test('a job that is cut off by a kill tells its webhook that it is interrupted', async () => {
  const data = scratch();
  let gateway = await startGateway({data, plugins: [plugins]});
  await start(gateway, 'hold', 'cut');
  await until(() => held.length > 0);
  await gateway.stop('SIGKILL');
  held = [];
  assert.equal(told.get('cut'), undefined);
  gateway = await startGateway({data, plugins: [plugins]});
  try {
    await comes('cut');
    assert.equal(JSON.parse(told.get('cut')[0].body).error_detail.code, 'interrupted');
  } finally {
    await gateway.stop();
  }
});

test('a redirect is not followed', async () => {
  const gateway = await startGateway({plugins: [plugins]});
  answers.set('moved', {status: 307, headers: {location: hook('elsewhere')}});
  try {
    const {job_id: id} = (await start(gateway, 'do', 'moved')).json;
    await comes('moved');
    const job = await settled(gateway, id, ({attempts}) => attempts >= 1);
    assert.match(job.webhook.last_error, /redirects are not followed/);
    assert.equal(told.get('elsewhere'), undefined);
  } finally {
    await gateway.stop();
  }
});

test('a webhook that cannot be told is refused with the place and the remedy, and there is no job', async () => {
  const gateway = await startGateway({plugins: [plugins]});
  try {
    for (const webhook of ['http://example.com/', 'https://10.0.0.1/', 'https://169.254.169.254/latest/meta-data', 'ftp://example.com/',
      'https://me:secret@example.com/', 'nonsense', '', 7]) {
      const refused = await start(gateway, 'do', 'never', {webhook});
      assert.ok(refused.status >= 400 && refused.status < 500, `${webhook}: ${refused.text}`);
      assert.match(refused.json.error.message, /"webhook"/);
      assert.ok(refused.json.error.resolution_hint);
    }
    const none = await start(gateway, 'do', 'never', {async: undefined});
    assert.equal(none.status, 400, none.text);
    assert.match(none.json.error.resolution_hint, /async/);
    assert.deepEqual(await ask(gateway, ''), {jobs: []});
    const cli = await run(['--data', gateway.data, 'call', 'works', 'do', '--name', 'never', '--webhook', hook('never')]);
    assert.notEqual(cli.code, 0, 'the command wants --async with it');
    const job = await run(['--data', gateway.data, 'call', 'works', 'do', '--name', 'by-hand', '--async', '--webhook', hook('by-hand')]);
    assert.equal(job.code, 0, job.stderr);
    await comes('by-hand');
  } finally {
    await gateway.stop();
  }
});

test('a hosted gateway takes https only, does not reach into itself, and keeps secrets apart', async () => {
  const gateway = await startGateway({plugins: [plugins], args: ['--mode', 'hosted']});
  const key = async (account, ...more) => ({authorization: `Bearer ${JSON.parse(
    (await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', 'k', '--account', account, ...more])).stdout).api_key}`});
  try {
    const [one, two] = [await key('one'), await key('two')];
    const call = (webhook) => post(`${gateway.url}/v1/tools/call`, {tool: 'works', skill: 'do', input: {name: 'x'}, async: true, webhook}, one);
    assert.equal((await call(hook('inside'))).status, 400);
    const local = hook('inside').replace('http:', 'https:');
    assert.equal((await call(local)).json.error.code, 'egress_refused');
    const named = await call(local.replace('127.0.0.1', 'localhost'));
    assert.equal(named.status, 202, 'a name is judged when it is dialled');
    for (;;) {
      const {webhook} = await (await fetch(`${gateway.url}/v1/jobs/${named.json.job_id}`, {headers: one})).json();
      if (webhook.attempts === 0) continue;
      assert.match(webhook.last_error, /not one that this rack may connect to/);
      break;
    }
    assert.equal(told.get('inside'), undefined);
    assert.notEqual(await secretOf(gateway, one), await secretOf(gateway, two));
    assert.equal((await fetch(`${gateway.url}/v1/webhooks/secret`)).status, 401);
    const caller = await key('one', '--scopes', 'tools:read', '--scopes', 'tools:call');
    assert.equal((await fetch(`${gateway.url}/v1/webhooks/secret`, {headers: caller})).status, 403);
  } finally {
    await gateway.stop();
  }
});
