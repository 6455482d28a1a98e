// Calls that a person has to agree to, over the real program: an agent's key asks, the owner's key agrees, and it runs once.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {post, run, scratch, startGateway} from './support/gateway.mjs';

/// What was done at the far end.
const done = [];
const plugins = scratch();
let server;
let gateway;
const keys = {};
before(async () => {
  server = createServer((request, reply) => {
    done.push(request.url);
    reply.writeHead(200, {'content-type': 'application/json'});
    reply.end('{"done":true}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  writeFileSync(join(plugins, 'acts.tool.json'), JSON.stringify({
    manifest: '1.0', owner: 'acme', name: 'acts', version: '1.0.0', description: 'Acts in the real world.',
    providers: {acts: {base_url: `http://127.0.0.1:${server.address().port}`}},
    skills: [{
      name: 'delete', description: 'Deletes a thing for good.', approval: 'human', annotations: {destructiveHint: true},
      input: {type: 'object', properties: {thing: {type: 'string'}}, required: ['thing']},
      output: {type: 'object', properties: {done: {type: 'boolean'}}}, request: {method: 'POST', path: '/delete/{thing}'},
    }],
  }));
  const config = join(scratch(), 'rack.json');
  writeFileSync(config, JSON.stringify({egress: {allow: ['127.0.0.0/8']}}));
  gateway = await startGateway({plugins: [plugins], args: ['--mode', 'hosted', '--config', config]});
  const make = async (name, account, ...more) => {
    const {code, stdout, stderr} = await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', name, '--account', account, ...more]);
    assert.equal(code, 0, stderr);
    return {authorization: `Bearer ${JSON.parse(stdout).api_key}`};
  };
  keys.agent = await make('agent', 'one');
  keys.owner = await make('owner', 'one', '--scopes', 'tools:call', '--scopes', 'approvals:write');
  keys.stranger = await make('stranger', 'two', '--scopes', 'tools:call', '--scopes', 'approvals:write');
});
after(async () => {
  await gateway?.stop();
  server.close();
});

const call = (thing, key = keys.agent) => post(`${gateway.url}/v1/tools/call`, {tool: 'acts', skill: 'delete', input: {thing}}, key);
const decide = (id, what, key) => post(`${gateway.url}/v1/approvals/${id}/${what}`, {}, key);
const get = async (path, key) => (await fetch(gateway.url + path, {headers: key})).json();

test('a call is refused until a person agrees, then runs once', async () => {
  const refused = await call('house');
  assert.equal(refused.status, 409, refused.text);
  const {error} = refused.json;
  assert.equal(error.code, 'approval_required');
  const id = error.details.approval_id;
  assert.match(error.resolution_hint, new RegExp(id));
  assert.deepEqual(done, []);

  const {approvals} = await get('/v1/approvals', keys.owner);
  assert.equal(approvals.length, 1);
  assert.deepEqual(approvals[0].input, {thing: 'house'});
  assert.deepEqual([approvals[0].status, approvals[0].tool, approvals[0].skill], ['pending', 'acme/acts', 'delete']);

  assert.equal((await decide(id, 'approve', keys.agent)).status, 403, 'who asks does not agree');
  assert.equal((await decide(id, 'approve', keys.stranger)).status, 404, 'nor does another account');
  const approved = await decide(id, 'approve', keys.owner);
  assert.equal(approved.status, 200, approved.text);
  assert.equal(approved.json.status, 'approved');
  const ran = await call('house');
  assert.equal(ran.status, 200, ran.text);
  assert.deepEqual(done, ['/delete/house']);
  assert.equal((await call('house')).status, 409);
  assert.deepEqual(done, ['/delete/house'], 'one approval, one call');
});

test('one that is rejected does not run', async () => {
  const id = (await call('garden')).json.error.details.approval_id;
  assert.equal((await decide(id, 'reject', keys.owner)).json.status, 'rejected');
  const refused = await call('garden');
  assert.equal(refused.status, 409);
  assert.equal(refused.json.error.code, 'approval_rejected');
  assert.ok(!done.includes('/delete/garden'));
});

test('an agent over MCP is told what to do and cannot agree by itself', async () => {
  const rpc = async (method, params) => (await post(`${gateway.url}/mcp?expose=flat`, {jsonrpc: '2.0', id: 1, method, params},
    {...keys.agent, 'mcp-protocol-version': '2025-06-18'})).json;
  const {result} = await rpc('tools/call', {name: 'acts_delete', arguments: {thing: 'tree'}});
  assert.equal(result.isError, true);
  assert.match(JSON.stringify(result), /approval_required/);
  const meta = await post(`${gateway.url}/mcp`, {jsonrpc: '2.0', id: 1, method: 'tools/list'}, {...keys.agent, 'mcp-protocol-version': '2025-06-18'});
  const names = meta.json.result.tools.map(({name}) => name);
  assert.ok(names.includes('list_approvals') && !names.includes('approve_call') && !names.includes('reject_call'), names.join());
});

test('the command line lists and approves on the machine itself', async () => {
  const data = scratch();
  const cli = (...words) => run(['--data', data, '--plugins', plugins, '--format', 'json', ...words]);
  const refused = await cli('call', 'acts', 'delete', '--thing', 'fence');
  assert.notEqual(refused.code, 0);
  const id = /apr_[0-9a-f]{32}/.exec(refused.stderr + refused.stdout)?.[0];
  assert.ok(id, refused.stderr);
  const listed = JSON.parse((await cli('approvals', 'list')).stdout);
  assert.equal(listed.approvals[0].approval_id, id);
  assert.equal(JSON.parse((await cli('approvals', 'approve', id)).stdout).status, 'approved');
  const ran = await cli('call', 'acts', 'delete', '--thing', 'fence');
  assert.equal(ran.code, 0, ran.stderr);
  assert.ok(done.includes('/delete/fence'));
});
