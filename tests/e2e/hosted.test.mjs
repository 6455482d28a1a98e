// A hosted gateway: open to look at, closed to use without a key, limited with one.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {clients} from './support/clients.mjs';
import {post, run, startGateway} from './support/gateway.mjs';

let gateway;
let key;
before(async () => {
  gateway = await startGateway({args: ['--mode', 'hosted']});
  const made = await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', 'tester', '--account', 'acme']);
  key = JSON.parse(made.stdout).api_key;
});
after(() => gateway.stop());

const bearer = (token = key) => ({authorization: `Bearer ${token}`});
const call = (headers) => post(`${gateway.url}/v1/tools/call`, {tool: 'echo', skill: 'echo', input: {message: 'x'}}, headers);

test('discovery is open', async () => {
  assert.equal((await fetch(`${gateway.url}/v1/tools`)).status, 200);
  assert.equal((await fetch(`${gateway.url}/health`)).status, 200);
});

test('a call needs a key', async () => {
  const refused = await call({});
  assert.equal(refused.status, 401);
  assert.equal(refused.json.error.code, 'auth_required');
  assert.equal((await call(bearer('tr_live_0000'))).json.error.code, 'invalid_key');
  assert.equal((await call(bearer())).json.output.message, 'x');
});

test('an MCP call without a key is answered 401, with one it works', async () => {
  const kind = clients[0];
  const client = kind.make();
  await client.connect(new kind.Http(new URL(`${gateway.url}/mcp`), {requestInit: {headers: bearer()}}));
  assert.deepEqual((await client.callTool({name: 'echo', arguments: {message: 'x'}})).structuredContent, {message: 'x'});
  await client.close();
  const refused = await post(`${gateway.url}/mcp`, {jsonrpc: '2.0', id: 1, method: 'tools/call', params: {name: 'echo', arguments: {message: 'x'}}});
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate'), /^Bearer/);
});

test('limits are told and kept', async () => {
  const made = JSON.parse((await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', 'limited', '--account', 'small'])).stdout);
  const began = performance.now();
  const first = await call(bearer(made.api_key));
  assert.equal(first.headers.get('x-ratelimit-limit'), '60');
  assert.equal(first.headers.get('x-ratelimit-remaining'), '59');
  assert.ok(Number(first.headers.get('x-ratelimit-reset')) >= 0);
  let taken = 1;
  let refused;
  while ((refused = await call(bearer(made.api_key))).status === 200) taken += 1;
  // The window slides: who takes his time may make a call more each second.
  const seconds = (performance.now() - began) / 1000;
  assert.ok(taken >= 60 && taken <= 61 + seconds, `${taken} calls in ${seconds} s`);
  assert.equal(refused.status, 429);
  assert.equal(refused.json.error.type, 'rate_limit');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
});

test('a revoked key is refused at once', async () => {
  const made = JSON.parse((await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', 'gone', '--account', 'acme'])).stdout);
  assert.equal((await call(bearer(made.api_key))).status, 200);
  const gone = await fetch(`${gateway.url}/v1/keys/${made.id}`, {method: 'DELETE', headers: bearer()});
  assert.equal(gone.status, 200);
  assert.equal((await call(bearer(made.api_key))).status, 401);
});

test('one account does not see the keys and usage of another', async () => {
  const other = JSON.parse((await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', 'other', '--account', 'rival'])).stdout);
  const listed = await (await fetch(`${gateway.url}/v1/keys`, {headers: bearer()})).json();
  assert.ok(!listed.keys.some((entry) => entry.account !== 'acme'));
  assert.equal((await fetch(`${gateway.url}/v1/keys/${other.id}`, {headers: bearer()})).status, 404);
  const usage = await (await fetch(`${gateway.url}/v1/usage`, {headers: bearer(other.api_key)})).json();
  assert.equal(usage.total_calls, 0);
});
