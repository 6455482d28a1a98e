// A bare manifest in a plugin directory, against a server of the test's own: over REST, and as `toolrack plugins` and
// `toolrack validate` see it.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {post, run, scratch, startGateway} from './support/gateway.mjs';

const plugins = scratch();
const file = join(plugins, 'desk.tool.json');
const seen = [];
let server;
let gateway;
const manifest = (baseUrl) => ({
  manifest: '1.0', owner: 'acme', name: 'desk', version: '1.0.0', description: 'Tickets of the help desk.',
  providers: {desk: {base_url: baseUrl}},
  skills: [{
    name: 'get_ticket', description: 'One ticket.',
    input: {type: 'object', properties: {number: {type: 'string'}}, required: ['number']},
    output: {type: 'object', properties: {title: {type: 'string'}}, required: ['title']},
    annotations: {readOnlyHint: true},
    request: {
      path: '/tickets/{number}', result: {map: {title: '/subject'}},
      errors: [{pointer: '/ok', equals: false, code: 'desk.refused', message: '{/reason}', type: 'validation'}],
    },
  }],
});

before(async () => {
  server = createServer((request, reply) => {
    seen.push(request.url);
    reply.setHeader('content-type', 'application/json');
    reply.end(JSON.stringify(request.url.endsWith('/9') ? {ok: false, reason: 'nine is closed'} : {subject: 'Paper jam'}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  writeFileSync(file, JSON.stringify(manifest(`http://127.0.0.1:${server.address().port}/api`)));
  gateway = await startGateway({plugins: [plugins]});
});
after(async () => {
  await gateway?.stop();
  server.close();
});

const call = (number) => post(`${gateway.url}/v1/tools/call`, {tool: 'desk', skill: 'get_ticket', input: {number}});

test('is called like any tool', async () => {
  const {status, json} = await call('7/../8');
  assert.equal(status, 200);
  assert.deepEqual(json.output ?? json.result, {title: 'Paper jam'});
  assert.equal(seen.at(-1), '/api/tickets/7%2F..%2F8', 'the value stays in its segment');
});

test('fails where the reply says so, although its status is 200', async () => {
  const {json} = await call('9');
  assert.equal(json.status, 'error');
  assert.equal(json.error.code, 'desk.refused');
  assert.equal(json.error.type, 'validation');
  assert.equal(json.error.message, 'nine is closed');
});

test('sends nothing for a value that would leave its place', async () => {
  const before = seen.length;
  const {json} = await call('..');
  assert.equal(json.error.code, 'invalid_input');
  assert.equal(seen.length, before);
});

test('is listed as a plugin', async () => {
  const {stdout} = await run(['--data', gateway.data, '--format', 'json', 'plugins']);
  const row = JSON.parse(stdout).plugins.find(({path}) => path === file);
  assert.equal(row.state, 'serving');
  assert.equal(row.tool, 'acme/desk');
});

test('is validated like any manifest', async () => {
  assert.equal((await run(['validate', file])).code, 0);
  const wrong = manifest('https://desk.example.com');
  wrong.skills[0].request.path = '/tickets/{nummer}';
  const other = join(scratch(), 'desk.tool.json');
  writeFileSync(other, JSON.stringify(wrong));
  const {code, stderr} = await run(['validate', other]);
  assert.notEqual(code, 0);
  assert.match(stderr, /\/skills\/0\/request\/path.*nummer/);
});
