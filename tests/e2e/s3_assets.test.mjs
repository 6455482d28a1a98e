// Files in a bucket: the real program against an S3 server, behind a gate that computes every signature by itself and lets
// nothing through that is not signed as AWS describes it (the server behind would take anything).
import assert from 'node:assert/strict';
import {createHash, createHmac, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer, request as send} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import S3rver from 's3rver';
import {isSanitized, run, scratch, startGateway} from './support/gateway.mjs';

const key = {TOOLRACK_CREDENTIAL_ASSETS_S3_ACCESS_KEY: 'S3RVER', TOOLRACK_CREDENTIAL_ASSETS_S3_SECRET_KEY: 'S3RVER'};
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const hmac = (secret, text) => createHmac('sha256', secret).update(text).digest();
/// Unreserved characters as they are, every other byte escaped.
const escape = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

let bucket;
let gate;
let behind;
/// What the gate has seen: {method, url, status}, and why it refused something.
const seen = [];
const refusals = [];

/// Null, or what is wrong with the signature of a request.
function fault(request, body) {
  const url = new URL(request.url, 'http://x');
  const presigned = url.searchParams.has('X-Amz-Signature');
  const header = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(request.headers.authorization ?? '');
  if (!presigned && !header) return 'no signature';
  const [credential, names, given] = presigned
    ? ['Credential', 'SignedHeaders', 'Signature'].map((name) => url.searchParams.get(`X-Amz-${name}`)) : header.slice(1);
  const [id, day, region, service, end] = credential.split('/');
  const date = presigned ? url.searchParams.get('X-Amz-Date') : request.headers['x-amz-date'];
  if (id !== 'S3RVER' || service !== 's3' || end !== 'aws4_request' || !date.startsWith(day)) return `the credential is ${credential}`;
  const then = Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
  if (!(Math.abs(Date.now() - then) < 15 * 60_000)) return `signed at ${date}`;
  const signed = names.split(';');
  if (!signed.includes('host') || Object.keys(request.headers).some((name) => name.startsWith('x-amz-') && !signed.includes(name))) return `${names} are signed`;
  const payload = presigned ? 'UNSIGNED-PAYLOAD' : request.headers['x-amz-content-sha256'];
  if (!presigned && payload !== sha256(body)) return 'another body';
  const query = [...url.searchParams].filter(([name]) => name !== 'X-Amz-Signature').map((pair) => pair.map(escape).join('=')).sort().join('&');
  const path = url.pathname.split('/').map((part) => escape(decodeURIComponent(part))).join('/');
  const canonical = [request.method, path, query, ...signed.map((name) => `${name}:${request.headers[name].trim()}`), '', names, payload].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, [day, region, service, end].join('/'), sha256(canonical)].join('\n');
  const derived = [day, region, service, end].reduce(hmac, 'AWS4S3RVER');
  return hmac(derived, text).toString('hex') === given ? null : 'another signature';
}

before(async () => {
  bucket = new S3rver({port: 0, address: '127.0.0.1', silent: true, directory: scratch('toolrack-s3-'), configureBuckets: [{name: 'files'}]});
  behind = (await bucket.run()).port;
  gate = createServer(async (request, reply) => {
    const body = Buffer.concat(await Array.fromAsync(request));
    const wrong = fault(request, body);
    seen.push({method: request.method, url: request.url});
    if (wrong) {
      refusals.push(`${request.method} ${request.url}: ${wrong}`);
      reply.writeHead(403, {'content-type': 'application/xml'});
      return reply.end('<Error><Code>SignatureDoesNotMatch</Code><Message>The gate refused it.</Message></Error>');
    }
    const passed = send({port: behind, host: '127.0.0.1', method: request.method, path: request.url, headers: request.headers}, (answer) => {
      reply.writeHead(answer.statusCode, answer.headers);
      answer.pipe(reply);
    });
    passed.end(body);
  }).listen(0, '127.0.0.1');
  await once(gate, 'listening');
});
after(async () => {
  gate.closeAllConnections();
  gate.close();
  await bucket.close();
});

function configure(more = {}) {
  const file = join(scratch(), 'rack.json');
  writeFileSync(file, JSON.stringify({assets: {s3: {endpoint: `http://127.0.0.1:${gate.address().port}`, bucket: 'files', prefix: 'rack/', ...more}}}));
  return ['--config', file];
}
const upload = async (gateway, bytes, query = '') => {
  const reply = await fetch(`${gateway.url}/v1/assets${query}`, {method: 'POST', body: bytes, headers: {'content-type': 'image/png'}});
  assert.equal(reply.status, 201, await reply.clone().text());
  return reply.json();
};
const fetched = async (url, options) => {
  const reply = await fetch(url, options);
  return [reply.status, Buffer.from(await reply.arrayBuffer())];
};
const memory = ({pid}) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const files = (data) => existsSync(join(data, 'assets')) ? readdirSync(join(data, 'assets'), {recursive: true}) : [];

test('a file goes into the bucket and comes back, and is gone after its deletion', async () => {
  const gateway = await startGateway({args: configure(), env: key});
  try {
    const small = randomBytes(70_000);
    const large = randomBytes(50 << 20);
    await upload(gateway, randomBytes(1000)); // Whatever is made once is there.
    const start = memory(gateway);
    const assets = [[await upload(gateway, small, '?name=a%20b.png'), small], [await upload(gateway, large), large]];
    for (const [asset, bytes] of assets) {
      assert.equal(asset.sha256, sha256(bytes));
      const [status, body] = await fetched(asset.url);
      assert.equal(status, 200);
      assert.ok(body.equals(bytes), 'the same bytes');
      assert.deepEqual(await fetched(asset.url, {headers: {range: 'bytes=1000-1999'}}), [206, bytes.subarray(1000, 2000)]);
    }
    const more = memory(gateway) - start;
    console.log(`50 MiB in and out: ${more.toFixed(1)} MiB more memory at most`);
    if (!isSanitized) assert.ok(more < 16, `${more} MiB`);
    assert.deepEqual(files(gateway.data).filter((name) => /as_/.test(name)), [], 'none of it lies here');
    const [{id}] = assets[0];
    assert.equal((await fetch(`${gateway.url}/v1/assets/${id}`, {method: 'DELETE'})).status, 200);
    assert.equal((await fetch(assets[0][0].url)).status, 404);
    assert.equal((await fetch(`http://127.0.0.1:${behind}/files/rack/${id}`)).status, 404, 'nor there');
    assert.deepEqual(refusals, []);
  } finally {
    await gateway.stop();
  }
});

test('what a restart finds is kept, and what nobody owns is dropped', async () => {
  const data = scratch();
  const args = configure({prefix: 'again/'});
  let gateway = await startGateway({data, args, env: key});
  const kept = await upload(gateway, Buffer.from('kept'));
  await gateway.stop();
  const orphan = `as_${'0'.repeat(32)}`;
  const put = async (name) => assert.equal((await fetch(`http://127.0.0.1:${behind}/files/again/${name}`, {method: 'PUT', body: 'x'})).status, 200);
  await put(orphan);
  await put('notes.txt');
  gateway = await startGateway({data, args, env: key});
  try {
    const url = kept.url.replace(/^http:\/\/[^/]+/, gateway.url);
    assert.equal((await fetched(url))[1].toString(), 'kept');
    assert.equal((await fetch(`http://127.0.0.1:${behind}/files/again/${orphan}`)).status, 404);
    assert.equal((await fetch(`http://127.0.0.1:${behind}/files/again/notes.txt`)).status, 200, 'the control, and no file of ours');
  } finally {
    await gateway.stop();
  }
  const other = await run(['serve', '--listen', '127.0.0.1:0', '--data', scratch(), ...args], {env: key});
  assert.notEqual(other.code, 0, 'a second rack has no business there');
  assert.match(other.stderr, /another rack.*assets\.s3\.prefix/s);
});

test('callers are sent on to the bucket where the operator wants it', async () => {
  const gateway = await startGateway({args: configure({prefix: 'direct/', redirect: true}), env: key});
  try {
    const bytes = randomBytes(100_000);
    const asset = await upload(gateway, bytes, '?name=%C3%A4.png');
    const reply = await fetch(asset.url, {redirect: 'manual'});
    assert.equal(reply.status, 307);
    assert.equal(reply.headers.get('cache-control'), 'no-store');
    const link = reply.headers.get('location');
    assert.match(link, new RegExp(`:${gate.address().port}/files/direct/${asset.id}\\?`));
    const [status, body] = await fetched(asset.url, {headers: {range: 'bytes=10-19'}});
    assert.equal(status, 206);
    assert.ok(body.equals(bytes.subarray(10, 20)));
    assert.equal((await fetch(asset.url)).headers.get('content-type'), 'image/png');
    assert.deepEqual(refusals, []);
    assert.equal((await fetch(link.replace(/.$/, (c) => (c === '0' ? '1' : '0')))).status, 403, 'the control: the gate looks');
    refusals.length = 0;
  } finally {
    await gateway.stop();
  }
});

test('what is wrong with the bucket is said, with the remedy', async () => {
  const doctor = async (more, env) => JSON.parse((await run(['--format', 'json', '--data', scratch(), ...configure(more), 'doctor'], {env})).stdout)
    .checks.find(({name}) => name.startsWith('assets'));
  assert.equal((await doctor({}, key)).status, 'ok');
  const start = (more, env) => run(['serve', '--listen', '127.0.0.1:0', '--data', scratch(), ...configure(more)], {env});
  const without = await start({}, {});
  assert.notEqual(without.code, 0);
  assert.match(without.stderr, /TOOLRACK_CREDENTIAL_ASSETS_S3_ACCESS_KEY/);
  const wrong = await start({}, {...key, TOOLRACK_CREDENTIAL_ASSETS_S3_SECRET_KEY: 'other'});
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /403/);
  assert.match(wrong.stderr, /assets-s3/);
  const diagnosis = await doctor({}, {...key, TOOLRACK_CREDENTIAL_ASSETS_S3_SECRET_KEY: 'other'});
  assert.equal(diagnosis.status, 'error');
  assert.match(diagnosis.detail, /403 SignatureDoesNotMatch/);
  assert.ok(!wrong.stderr.includes('other'), 'the secret is nowhere');
  refusals.length = 0;
  const absent = await start({bucket: 'absent'}, key);
  assert.notEqual(absent.code, 0);
  assert.match(absent.stderr, /404|NoSuchBucket/);
});
