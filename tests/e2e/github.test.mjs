// The bundled tool github against a scripted GitHub: whose token goes where, what is shown of it, and what is sent once.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {createServer, request} from 'node:http';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {connectHttp} from './support/clients.mjs';
import {post, run, scratch, startGateway} from './support/gateway.mjs';

const token = 'github_pat_platform_0123456789';
const callersToken = 'github_pat_caller_9876543210';
// Made with Python's zipfile.
const archive = Buffer.from(`UEsDBBQAAAAIANpoeV0AAAAAAgAAAAAAAAAGAAAAYnVpbGQvAwBQSwMEFAAAAAgA2mh5XeYLuhIKAAAACAAAABYAAABidWlsZC8xX1NldCB1cCBqb2IudHh0
y89L5Sopz+cCAFBLAwQUAAAACADaaHld4gpVD2AAAACwNgAAFQAAAGJ1aWxkLzJfUnVuIHRlc3RzLnR4dO3MsQ2AIAAEwN4pHEERFQeyMCHuXxrzY3DVddef
956Xqf+soYQt1LCHI5yhhStYLBaLxWKxWCwWi8VisVgsFovFYrFYLBaLxWKxWCwWi8VisVgsFovFYrFYLBaLZeDlA1BLAwQUAAAAAAAAACEAZ2Q2uxEAAAAR
AAAAEQAAAHRlc3QvMV9zdG9yZWQudHh0a2VwdCBhcyBpdCBpcyDDqQpQSwECFAMUAAAACADaaHldAAAAAAIAAAAAAAAABgAAAAAAAAAAABAA/UEAAAAAYnVp
bGQvUEsBAhQDFAAAAAgA2mh5XeYLuhIKAAAACAAAABYAAAAAAAAAAAAAAIABJgAAAGJ1aWxkLzFfU2V0IHVwIGpvYi50eHRQSwECFAMUAAAACADaaHld4gpV
D2AAAACwNgAAFQAAAAAAAAAAAAAAgAFkAAAAYnVpbGQvMl9SdW4gdGVzdHMudHh0UEsBAhQDFAAAAAAAAAAhAGdkNrsRAAAAEQAAABEAAAAAAAAAAAAAAIAB
9wAAAHRlc3QvMV9zdG9yZWQudHh0UEsFBgAAAAAEAAQA+gAAADcBAAAAAA==`, 'base64');

/// Answers by "METHOD /path"; notes every request.
function serve(answers) {
  const requests = [];
  const server = createServer((incoming, response) => {
    let body = '';
    incoming.on('data', (chunk) => { body += chunk; });
    incoming.on('end', () => {
      requests.push({line: `${incoming.method} ${incoming.url}`, headers: incoming.headers, body});
      const answer = answers[`${incoming.method} ${incoming.url.split('?')[0]}`];
      const [status, headers, text] = answer ? answer(incoming, requests) : [404, {}, '{"message":"Not Found"}'];
      if (status === 0) return incoming.socket.destroy();
      response.writeHead(status, {'content-type': 'application/json', ...headers});
      return response.end(text);
    });
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done({requests, server, url: `http://127.0.0.1:${server.address().port}`})));
}

let api, store, gateway, bare;
const answers = {
  'GET /repos/o/r': (request) => [200, {'x-echo': request.headers.authorization}, JSON.stringify({
    full_name: 'o/r', default_branch: 'main', description: `your token is ${request.headers.authorization}`})],
  'GET /repos/o/busy': (_, seen) => (seen.filter(({line}) => line.includes('busy')).length === 1 ? [503, {}, '{}'] : [200, {}, '{"full_name":"o/busy"}']),
  'GET /repos/o/limited': () => [403, {'retry-after': '61'}, '{"message":"secondary rate limit"}'],
  'GET /repos/o/r/contents/a': () => [200, {}, '{"type":"file","sha":"abc"}'],
  'PUT /repos/o/r/contents/a': () => [0],
  'GET /repos/o/r/actions/runs/42/logs': () => [302, {location: `${store.url}/logs?sig=1`}, ''],
};

before(async () => {
  api = await serve(answers);
  store = await serve({'GET /logs': () => [200, {'content-type': 'application/zip'}, archive]});
  const config = join(scratch(), 'config.json');
  writeFileSync(config, JSON.stringify({providers: {github: {base_url: api.url}}}));
  gateway = await startGateway({args: ['--config', config], env: {TOOLRACK_CREDENTIAL_GITHUB: token}});
  bare = await startGateway({args: ['--config', config]});
});
after(async () => {
  for (const each of [gateway, bare]) await each?.stop();
  for (const each of [api, store]) each?.server.close();
});

const call = (skill, input, headers = {}, to = gateway) =>
  post(`${to.url}/v1/tools/call`, {tool: 'github', skill, input: {owner: 'o', repo: 'r', ...input}}, headers);

describe('the token', () => {
  test('is the rack\'s own, and is shown to nobody', async () => {
    const reply = await call('get_repo', {});
    assert.equal(reply.status, 200, reply.text);
    assert.equal(api.requests.at(-1).headers.authorization, `Bearer ${token}`);
    assert.equal(api.requests.at(-1).headers['user-agent'], 'toolrack-github/1.0');
    assert.ok(!reply.text.includes(token), reply.text);
    assert.match(reply.text, /your token is Bearer \*{10}/);
    assert.equal(reply.json.markup, 1.05);
  });
  test('is the caller\'s where one comes along, over REST and MCP', async () => {
    const reply = await call('get_repo', {}, {'X-Provider-Key-GitHub': callersToken});
    assert.equal(reply.status, 200, reply.text);
    assert.equal(api.requests.at(-1).headers.authorization, `Bearer ${callersToken}`);
    assert.ok(!reply.text.includes(callersToken));
    assert.equal(reply.json.markup, 0.05);
    const before = api.requests.length;
    const mcp = await post(`${gateway.url}/mcp`, {jsonrpc: '2.0', id: 1, method: 'tools/call', params: {
      name: 'github_get_repo', arguments: {owner: 'o', repo: 'r'},
      _meta: {'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}}}},
      {'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'github_get_repo', 'X-Provider-Key-GitHub': callersToken});
    assert.equal(api.requests.length, before + 1, mcp.text);
    assert.equal(api.requests.at(-1).headers.authorization, `Bearer ${callersToken}`);
    await call('get_repo', {});
    assert.equal(api.requests.at(-1).headers.authorization, `Bearer ${token}`, 'the next call has it no more');
  });
  test('that comes twice, or is empty, is refused', async () => {
    const seen = api.requests.length;
    for (const values of [['one', 'two'], ['']]) {
      const reply = await new Promise((done, fail) => {
        const headers = ['Host', new URL(gateway.url).host, 'Content-Type', 'application/json',
          ...values.flatMap((value) => ['X-Provider-Key-GitHub', value])];
        const asked = request(`${gateway.url}/v1/tools/call`, {method: 'POST', headers}, (response) => {
          let text = '';
          response.on('data', (chunk) => { text += chunk; });
          response.on('end', () => done({status: response.statusCode, text}));
        });
        asked.on('error', fail);
        asked.end(JSON.stringify({tool: 'github', skill: 'get_repo', input: {owner: 'o', repo: 'r'}}));
      });
      assert.equal(reply.status, 400, reply.text);
      assert.match(reply.text, /X-Provider-Key-GitHub/);
    }
    assert.equal(api.requests.length, seen);
  });
  test('that is missing is named with what sets it', async () => {
    const seen = api.requests.length;
    const reply = await call('get_repo', {}, {}, bare);
    assert.equal(reply.json.error.code, 'credential_missing', reply.text);
    assert.match(reply.json.error.resolution_hint, /TOOLRACK_CREDENTIAL_GITHUB/);
    assert.match(reply.json.error.resolution_hint, /X-Provider-Key-Github/);
    assert.equal(api.requests.length, seen);
    const info = await (await fetch(`${bare.url}/v1/tools/github`)).json();
    assert.deepEqual(info.missingCredentials[0].variables, ['TOOLRACK_CREDENTIAL_GITHUB']);
    const set = await (await fetch(`${gateway.url}/v1/tools/github`)).json();
    assert.deepEqual(set.missingCredentials, []);
    assert.match((await run(['doctor', '--data', scratch()])).stdout, /credential: github[\s\S]*TOOLRACK_CREDENTIAL_GITHUB/);
  });
  test('stands neither in the environment nor in the log of the gateway', () => {
    assert.ok(!readFileSync(`/proc/${gateway.pid}/environ`, 'latin1').includes(token));
    assert.ok(!gateway.log.join('\n').includes(token) && !gateway.log.join('\n').includes(callersToken));
  });
});

test('logs come from where the redirect leads, without the token', async () => {
  const reply = await call('get_workflow_logs', {run_id: 42});
  assert.equal(reply.status, 200, reply.text);
  assert.equal(store.requests.length, 1);
  assert.equal(store.requests[0].headers.authorization, undefined);
  assert.equal(api.requests.at(-1).headers.authorization, `Bearer ${token}`);
});

test('reading is tried again, a commit is not', async () => {
  const busy = await call('get_repo', {repo: 'busy'});
  assert.equal(busy.status, 200, busy.text);
  assert.equal(api.requests.filter(({line}) => line === 'GET /repos/o/busy').length, 2);
  const commit = await call('commit_file', {path: 'a', message: 'm', content: 'x', branch: 'feat/x'});
  assert.equal(commit.json.status, 'error', commit.text);
  assert.equal(api.requests.filter(({line}) => line.startsWith('PUT ')).length, 1);
});

test('main is left alone, and a limit says when to come again', async () => {
  const seen = api.requests.length;
  const refused = await call('commit_file', {path: 'a', message: 'm', content: 'x', branch: 'main'});
  assert.equal(refused.json.error.code, 'github.protected_branch', refused.text);
  assert.equal(api.requests.length, seen);
  const limited = await call('get_repo', {repo: 'limited'});
  assert.equal(limited.json.error.type, 'rate_limit', limited.text);
  assert.equal(limited.json.error.retry_after, 61);
});
