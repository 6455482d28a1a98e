// Files in and out over the real program: upload, links, ranges, other people's files, and how much memory it takes.
import assert from 'node:assert/strict';
import {createHash, randomBytes} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {connect} from 'node:net';
import {createServer as createHttpServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {isSanitized, run, scratch, startGateway} from './support/gateway.mjs';

let gateway;
let owner;
let stranger;
before(async () => {
  gateway = await startGateway({args: ['--mode', 'hosted']});
  const make = async (account) => JSON.parse(
    (await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', 'k', '--account', account])).stdout).api_key;
  owner = {authorization: `Bearer ${await make('owner')}`};
  stranger = {authorization: `Bearer ${await make('stranger')}`};
});
after(() => gateway.stop());

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const upload = (bytes, headers = {}, query = '') => fetch(`${gateway.url}/v1/assets${query}`, {
  method: 'POST', body: bytes, headers: {'content-type': 'image/png', ...owner, ...headers}});
async function made(bytes, headers, query) {
  const reply = await upload(bytes, headers, query);
  assert.equal(reply.status, 201, await reply.clone().text());
  return reply.json();
}

test('a file comes back as it went in', async () => {
  const bytes = randomBytes(300_000);
  const asset = await made(bytes, {}, '?name=a%20picture.png');
  assert.match(asset.id, /^as_[0-9a-f]{32}$/);
  assert.equal(asset.bytes, bytes.length);
  assert.equal(asset.sha256, sha256(bytes));
  assert.equal(asset.name, 'a picture.png');
  for (const [url, headers] of [[asset.url, {}], [`${gateway.url}/v1/assets/${asset.id}`, owner]]) {
    const reply = await fetch(url, {headers});
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('content-type'), 'image/png');
    assert.equal(reply.headers.get('content-length'), String(bytes.length));
    assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(reply.headers.get('etag'), `"${asset.sha256}"`);
    assert.match(reply.headers.get('content-security-policy'), /sandbox/);
    assert.match(reply.headers.get('content-disposition'), /^inline; filename\*=UTF-8''a%20picture.png$/);
    assert.deepEqual(Buffer.from(await reply.arrayBuffer()), bytes);
  }
  const head = await fetch(asset.url, {method: 'HEAD'});
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('content-length'), String(bytes.length));
});

test('a page is never shown as one', async () => {
  for (const type of ['text/html', 'image/svg+xml', 'application/xhtml+xml', 'application/pdf', 'text/html; charset=utf-8', 'x']) {
    const asset = await made('<script>alert(1)</script>', {'content-type': type});
    const reply = await fetch(asset.url);
    assert.match(reply.headers.get('content-disposition'), /^attachment/, type);
    assert.match(reply.headers.get('content-security-policy'), /^sandbox; default-src 'none'$/);
    assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
  }
});

test('parts of a file', async () => {
  const asset = await made(Buffer.from('0123456789'));
  const part = async (range, extra = {}) => {
    const reply = await fetch(asset.url, {headers: {range, ...extra}});
    return [reply.status, reply.headers.get('content-range'), await reply.text()];
  };
  assert.deepEqual(await part('bytes=2-4'), [206, 'bytes 2-4/10', '234']);
  assert.deepEqual(await part('bytes=7-'), [206, 'bytes 7-9/10', '789']);
  assert.deepEqual(await part('bytes=-3'), [206, 'bytes 7-9/10', '789']);
  assert.deepEqual(await part('bytes=5-500'), [206, 'bytes 5-9/10', '56789']);
  assert.deepEqual(await part('bytes=-500'), [206, 'bytes 0-9/10', '0123456789']);
  assert.deepEqual(await part('bytes=10-'), [416, 'bytes */10', '']);
  for (const odd of ['bytes=4-2', 'bytes=a-b', 'lines=1-2', 'bytes=0-1,3-4', 'bytes=-', 'bytes=99999999999999999999-'])
    assert.deepEqual(await part(odd), [200, null, '0123456789'], odd);
  assert.deepEqual(await part('bytes=2-4', {'if-range': `"${asset.sha256}"`}), [206, 'bytes 2-4/10', '234']);
  assert.deepEqual(await part('bytes=2-4', {'if-range': '"other"'}), [200, null, '0123456789']);
  for (const tag of [`"${asset.sha256}"`, `W/"${asset.sha256}"`, `"x", "${asset.sha256}"`, '*'])
    assert.equal((await fetch(asset.url, {headers: {'if-none-match': tag}})).status, 304, tag);
  assert.equal((await fetch(asset.url, {headers: {'if-none-match': '"x"'}})).status, 200);
});

test('an upload without bytes is refused', async () => {
  const reply = await upload('');
  assert.equal(reply.status, 400);
  assert.match((await reply.json()).error.resolution_hint, /body/);
  assert.equal(await refusal('Transfer-Encoding: chunked', '0\r\n\r\n', true), '400');
});

test('nobody else reads a file without a link', async () => {
  const asset = await made('mine');
  const bare = `${gateway.url}/v1/assets/${asset.id}`;
  assert.equal((await fetch(bare)).status, 401);
  const theirs = await fetch(bare, {headers: stranger});
  const absent = await fetch(`${gateway.url}/v1/assets/as_${'0'.repeat(32)}`, {headers: stranger});
  assert.equal(theirs.status, 404);
  assert.equal(absent.status, 404);
  assert.equal((await theirs.json()).error.code, 'asset_not_found');
  assert.equal((await fetch(bare, {method: 'DELETE', headers: stranger})).status, 404);
  assert.equal((await (await fetch(`${gateway.url}/v1/assets`, {headers: stranger})).json()).assets.length, 0);
  assert.equal((await fetch(bare, {headers: owner})).status, 200);
  assert.equal((await fetch(asset.url, {method: 'DELETE'})).status >= 400, true, 'a link reads and does nothing else');
});

test('links that were changed open nothing', async () => {
  const asset = await made('mine');
  const url = new URL(asset.url);
  const path = url.pathname + url.search;
  const changed = [
    path.replace(/expires=\d+/, 'expires=99999999999'), path.replace('expires', 'Expires'), `${path}&x=1`, `${path}#`.replace('#', '%23'),
    path.replace('/v1/assets/', '/v1/assets//'), path.replace('as_', '%61s_'), path.slice(0, -1), `${path}=`,
    path.replace(/signature=.*/, 'signature='), path.replace(/&signature=.*/, ''), `${path}&${url.search.slice(1)}`,
    path.replace(asset.id, `as_${'0'.repeat(32)}`), `${url.pathname}?`.replace('?', '?signature=') ];
  for (const one of changed) {
    const reply = await fetch(gateway.url + one, {headers: owner});
    assert.ok([400, 403, 404, 405].includes(reply.status), `${one}: ${reply.status}`);
  }
  assert.equal((await fetch(asset.url)).status, 200, 'the control');
});

/// The status that answers an upload which goes on until it is answered.
const refusal = (framing, piece, once = false) => new Promise((done, fail) => {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  let status;
  socket.on('data', (data) => {
    status ??= data.toString('latin1').split(' ')[1];
    socket.destroy();
  });
  socket.on('error', () => {});
  socket.on('close', () => (status ? done(status) : fail(new Error('the connection ended without an answer'))));
  socket.write(`POST /v1/assets HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${owner.authorization}\r\n${framing}\r\n\r\n`);
  const go = () => {
    while (socket.writable && socket.write(piece) && !once) { /* As much as it takes. */ }
  };
  if (piece) {
    socket.on('drain', go);
    go();
  }
});

test('what may be uploaded, and by whom', async () => {
  assert.equal((await fetch(`${gateway.url}/v1/assets`, {method: 'POST', body: 'x', headers: {'content-type': 'text/plain'}})).status, 401);
  assert.equal(await refusal('Content-Length: 52428801'), '413');
  assert.equal(await refusal('Transfer-Encoding: chunked', `10000\r\n${'x'.repeat(0x10000)}\r\n`), '413');
  const json = await made('{"a":1}', {'content-type': 'application/json'}, '?raw=true');
  assert.equal(json.media_type, 'application/json');
});

test('an upload that breaks off leaves nothing', async () => {
  const files = () => readdirSync(join(gateway.data, 'assets', 'incoming')).length;
  const {port} = new URL(gateway.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`POST /v1/assets HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${owner.authorization}\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(100_000)}`);
  while (files() === 0) await new Promise((next) => setTimeout(next, 5));
  socket.destroy();
  while (files() > 0) await new Promise((next) => setTimeout(next, 5));
});

test('base64 and URLs become assets too', async () => {
  const source = createHttpServer((request, reply) => {
    if (request.url === '/gone') return reply.writeHead(410).end();
    reply.writeHead(200, {'content-type': 'audio/mpeg'});
    reply.end(request.url === '/large' ? Buffer.alloc((50 << 20) + 1) : 'sound');
  });
  await new Promise((done) => source.listen(0, '127.0.0.1', done));
  const local = await startGateway();
  const ask = async (to, body, headers = {}) => {
    const reply = await fetch(`${to.url}/v1/assets`, {method: 'POST', body: JSON.stringify(body), headers: {'content-type': 'application/json', ...headers}});
    return {status: reply.status, json: await reply.json()};
  };
  const base = `http://127.0.0.1:${source.address().port}`;
  try {
    const fetched = await ask(local, {url: `${base}/a`, name: 'a.mp3'});
    assert.equal(fetched.status, 201, JSON.stringify(fetched.json));
    assert.equal(fetched.json.media_type, 'audio/mpeg');
    assert.equal(await (await fetch(`${local.url}/v1/assets/${fetched.json.id}`)).text(), 'sound', 'open in local mode');
    assert.equal((await ask(local, {base64: Buffer.from('text').toString('base64')})).json.bytes, 4);
    assert.equal((await ask(local, {base64: 'no base64!'})).status, 400);
    assert.equal((await ask(local, {})).status, 400);
    assert.equal((await ask(local, {url: `${base}/a`, base64: 'eA=='})).status, 400);
    assert.equal((await ask(local, {url: `${base}/gone`})).status, 502);
    assert.equal((await ask(local, {url: `${base}/large`})).status, 413);
    const refused = await ask(gateway, {url: `${base}/a`}, owner);
    assert.equal(refused.status, 403, 'a hosted gateway does not reach into its own machine');
    assert.equal(refused.json.error.code, 'egress_refused');
  } finally {
    await local.stop();
    source.close();
  }
});

/// Kilobytes that the program has ever had in memory.
const peak = (pid) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

test('50 MB in and out take less than 16 MiB of memory', async (t) => {
  const own = await startGateway();
  try {
    const bytes = randomBytes(50_000_000);
    const warm = await (await fetch(`${own.url}/v1/assets`, {method: 'POST', body: 'x', headers: {'content-type': 'video/mp4'}})).json();
    await (await fetch(`${own.url}/v1/assets/${warm.id}`)).text();
    const before = peak(own.pid);
    const asset = await (await fetch(`${own.url}/v1/assets`, {method: 'POST', body: bytes, headers: {'content-type': 'video/mp4'}})).json();
    const afterUpload = peak(own.pid);
    const back = await fetch(`${own.url}/v1/assets/${asset.id}`);
    const hash = createHash('sha256');
    for await (const piece of back.body) hash.update(piece);
    const extra = peak(own.pid) - before;
    t.diagnostic(`peak memory: +${afterUpload - before} KiB after the upload, +${extra} KiB after the download`);
    assert.equal(hash.digest('hex'), sha256(bytes));
    assert.ok(extra < 16 * 1024 || isSanitized, `${extra} KiB`);
  } finally {
    await own.stop();
  }
});

test('files outlive the program, half of them do not', async () => {
  const data = scratch();
  let own = await startGateway({data});
  const asset = await (await fetch(`${own.url}/v1/assets`, {method: 'POST', body: 'kept', headers: {'content-type': 'text/plain'}})).json();
  const {port} = new URL(own.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`POST /v1/assets HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(100_000)}`);
  const incoming = () => readdirSync(join(data, 'assets', 'incoming')).length;
  while (incoming() === 0) await new Promise((next) => setTimeout(next, 5));
  await own.stop('SIGKILL');
  assert.equal(incoming(), 1, 'the control: the kill leaves half a file');
  own = await startGateway({data});
  try {
    assert.equal(incoming(), 0);
    const path = new URL(asset.url);
    assert.equal(await (await fetch(own.url + path.pathname + path.search)).text(), 'kept');
  } finally {
    await own.stop();
  }
});
