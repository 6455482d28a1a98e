// SIGTERM: what a gateway that stops tells those who are connected, and what becomes of calls that run.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {Agent, createServer, request} from 'node:http';
import {connect} from 'node:net';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {scratch, startGateway} from './support/gateway.mjs';

const plugins = scratch();
let far; // A far end that holds a request until it is released.
const held = [];
before(async () => {
  far = createServer((_, reply) => { held.push(reply); });
  far.listen(0, '127.0.0.1');
  await once(far, 'listening');
  writeFileSync(join(plugins, 'careful.tool.json'), JSON.stringify({
    manifest: '1.0', owner: 'acme', name: 'careful', version: '1.0.0', description: 'Answers late.',
    providers: {far: {base_url: `http://127.0.0.1:${far.address().port}`}},
    skills: [{name: 'hold', description: 'Holds.', input: {type: 'object'}, request: {method: 'POST', path: '/hold'}}],
  }));
});
after(() => far.close());

const until = async (isSo) => {
  while (!await isSo()) await new Promise((wake) => { setTimeout(wake, 5); });
};
/// A connection that has sent all of a request but its last line.
async function halfAsked(url, path) {
  const {hostname, port, host} = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding('utf8');
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n`);
  return async () => {
    let text = '';
    socket.on('data', (chunk) => { text += chunk; });
    const ended = once(socket, 'end');
    socket.write('\r\n');
    await ended;
    const [head, body] = text.split('\r\n\r\n');
    return {status: Number(head.split(' ')[1]), head: head.toLowerCase(), body};
  };
}
const refuses = (url) => new Promise((done) => {
  const {hostname, port} = new URL(url);
  const socket = connect(Number(port), hostname, () => { socket.destroy(); done(false); });
  socket.on('error', () => done(true));
});

test('who is connected hears that a gateway which stops is alive and not ready, while a call runs to its end', async () => {
  const gateway = await startGateway({plugins: [plugins]});
  assert.equal((await fetch(`${gateway.url}/readyz`)).status, 200);
  const readyz = await halfAsked(gateway.url, '/readyz');
  const livez = await halfAsked(gateway.url, '/livez');
  const agent = new Agent({keepAlive: true});
  const running = new Promise((done, fail) => {
    const sent = request(`${gateway.url}/v1/tools/call`, {method: 'POST', agent, headers: {'content-type': 'application/json'}}, (reply) => {
      reply.resume();
      reply.on('end', () => done({status: reply.statusCode, connection: reply.headers.connection}));
    });
    sent.on('error', fail);
    sent.end(JSON.stringify({tool: 'careful', skill: 'hold', input: {}}));
  });
  await until(() => held.length === 1);

  const ended = gateway.stop();
  await until(() => refuses(gateway.url));
  const unready = await readyz();
  assert.equal(unready.status, 503);
  assert.match(unready.body, /"status":"unavailable"/);
  assert.match(unready.head, /\r\nconnection: close/);
  assert.equal((await livez()).status, 200);

  held.pop().writeHead(200, {'content-type': 'application/json'}).end('{}');
  assert.deepEqual(await running, {status: 200, connection: 'close'});
  assert.deepEqual(await ended, {code: 0, signal: null});
});

/// A session at 2025-11-25; `post` sends it a message and gives the response, whose body is not read yet.
async function openSession(url) {
  // As behind a proxy that keeps no connection for a client.
  const headers = {connection: 'close', 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25'};
  const post = (message, signal) => fetch(`${url}/mcp`, {method: 'POST', headers, body: JSON.stringify({jsonrpc: '2.0', ...message}), signal});
  const opened = await post({id: 1, method: 'initialize', params: {protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {name: 'test', version: '1'}}});
  headers['mcp-session-id'] = opened.headers.get('mcp-session-id');
  await opened.text();
  await (await post({method: 'notifications/initialized'})).text();
  const {'content-type': _, ...bare} = headers;
  return {post, comeBack: (id) => fetch(`${url}/mcp`, {headers: {...bare, 'last-event-id': id}})};
}
/// A call that has let go of its connection; the id of the last event that its client got.
async function letGo(session) {
  const told = await (await session.post({id: 2, method: 'tools/call', params: {name: 'careful_hold', arguments: {}}})).text();
  assert.match(told, /^retry: 500$/m);
  return told.match(/^id: (.+)$/m)[1];
}
function pollingRack() {
  const file = join(scratch(), 'rack.json');
  writeFileSync(file, JSON.stringify({mcp: {poll_after_ms: 50}}));
  return ['--config', file];
}

test('a client that was let go of just before a stop or a renewal comes back for its answer', async () => {
  for (const [signal, goesOn] of [['SIGTERM', false], ['SIGUSR2', true]]) {
    const gateway = await startGateway({plugins: [plugins], args: pollingRack()});
    const session = await openSession(gateway.url);
    held.length = 0;
    const last = await letGo(session);
    await until(() => held.length === 1);
    process.kill(gateway.pid, signal);
    await new Promise((wake) => { setTimeout(wake, 500); });  // As it was told.
    const back = await session.comeBack(last);
    assert.equal(back.status, 200);
    held.pop().writeHead(200, {'content-type': 'application/json'}).end('{"late":true}');
    assert.match(await back.text(), /"id":2,"result".*late/);
    if (goesOn) await gateway.stop();
    assert.deepEqual(await gateway.ended, {code: 0, signal: null});
  }
});

test('with a stop delay new clients hear that it is not ready, and are served, before anybody is refused', async () => {
  const file = join(scratch(), 'rack.json');
  writeFileSync(file, JSON.stringify({stop_delay_ms: 300_000}));
  const gateway = await startGateway({args: ['--config', file]});
  const ask = async (path, init) => (await fetch(`${gateway.url}${path}`, {...init, headers: {connection: 'close', ...init?.headers}})).status;
  assert.equal(await ask('/readyz'), 200);
  process.kill(gateway.pid, 'SIGTERM');
  await until(async () => await ask('/readyz') === 503);
  assert.equal(await ask('/livez'), 200);
  const body = JSON.stringify({tool: 'echo', skill: 'echo', input: {message: 'late'}});
  assert.equal(await ask('/v1/tools/call', {method: 'POST', headers: {'content-type': 'application/json'}, body}), 200);
  assert.deepEqual(await gateway.stop(), {code: 1, signal: null}, 'a second SIGTERM ends it at once');
});

test('a stop delay is the one that was read last, and ends by itself', async () => {
  const file = join(scratch(), 'rack.json');
  writeFileSync(file, JSON.stringify({stop_delay_ms: 300_000}));
  const gateway = await startGateway({args: ['--config', file]});
  writeFileSync(file, JSON.stringify({stop_delay_ms: 50}));
  process.kill(gateway.pid, 'SIGHUP');
  await gateway.logged(({changed}) => changed === 'stop_delay_ms');
  const began = performance.now();
  assert.deepEqual(await gateway.stop(), {code: 0, signal: null});
  assert.ok(performance.now() - began >= 50);
});
