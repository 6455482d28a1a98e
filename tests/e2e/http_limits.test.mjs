// curl against the gateway: every way to send it wrong has its own status and error, and the good ways work.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {scratch, startGateway} from './support/gateway.mjs';

const cases = JSON.parse(readFileSync(new URL('cases/rest_errors.json', import.meta.url)));
const sent = '{"tool":"echo","skill":"echo","input":{"message":"x"}}';
let gateway;
before(async () => {
  const config = join(scratch(), 'config.json');
  writeFileSync(config, '{"http": {"max_body_bytes": 8192}}');
  gateway = await startGateway({args: ['--config', config]});
});
after(() => gateway.stop());

/// Runs curl to its end; {status, headers (lower case), body}.
function curl(path, args, body) {
  return new Promise((done, fail) => {
    const input = body === undefined ? [] : ['--data-binary', '@-'];
    const child = spawn('curl', ['-sS', '--max-time', '120', '--path-as-is', ...(args.includes('-I') ? [] : ['-i']), ...input, ...args, gateway.url + path]);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => { stdout += chunk; });
    child.stderr.on('data', (chunk) => { stderr += chunk; });
    child.on('error', fail);
    child.on('close', (code) => {
      const end = stdout.indexOf('\r\n\r\n');
      const [first, ...lines] = stdout.slice(0, end).split('\r\n');
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(first)?.[1]);
      if (!status) return fail(new Error(`curl ended with ${code}: ${stderr}`));
      done({status, body: stdout.slice(end + 4), headers: Object.fromEntries(lines.filter((line) => line.includes(': ')).map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(': ') + 2)]))});
    });
    child.stdin.on('error', () => {});  // A gateway that refuses early need not read on.
    child.stdin.end(body ?? '');
  });
}

function bytes({text, hex, before = '', repeat, total, after = ''}) {
  if (text !== undefined) return Buffer.from(text);
  if (hex !== undefined) return Buffer.from(hex, 'hex');
  return Buffer.from(before + repeat.repeat(total - before.length - after.length) + after);
}

describe('rows of rest_errors.json', () => {
  for (const one of cases) {
    test(`${one.name} (${one.why})`, async () => {
      const args = (one.headers ?? []).flatMap((line) => ['-H', line]);
      if (one.method === 'HEAD') args.push('-I');
      else if (one.method) args.push('-X', one.method);
      if (one.body) args.push('-H', `Content-Type:${one.type === '' ? '' : ` ${one.type ?? 'application/json'}`}`, '-H', 'Expect:');
      const reply = await curl(one.path + 'x'.repeat(one.path_repeat ?? 0), args, one.body && bytes(one.body));
      assert.equal(reply.status, one.status, reply.body);
      assert.match(reply.headers['x-request-id'], /^\S{10,}$/);
      if (one.allow) assert.deepEqual(reply.headers.allow.split(', ').sort(), one.allow.split(', ').sort());
      if (one.method === 'HEAD') return assert.ok(Number(reply.headers['content-length']) > 0);
      if (one.status === 200 || !one.code) return;
      const {error} = JSON.parse(reply.body);
      assert.equal(error.code, one.code, reply.body);
      for (const member of ['type', 'message', 'resolution_hint']) assert.ok(error[member], member);
      if (one.mentions) assert.ok(error.message.includes(one.mentions), error.message);
    });
  }
});

test('each kind of failure has an error of its own', () => {
  const kinds = ['unknown path', 'wrong method', 'wrong content type', 'oversized body', 'bad JSON', 'bad UTF-8', 'duplicate keys', 'too deep'];
  const codes = kinds.map((kind) => cases.find((one) => one.name === kind).code);
  assert.equal(new Set(codes).size, kinds.length);
});

test('an X-Request-Id comes back, in the header and in the answer', async () => {
  const json = ['-H', 'Content-Type: application/json'];
  const mine = await curl('/v1/tools/call', [...json, '-H', 'X-Request-Id: my-own.id_42'], sent);
  assert.equal(mine.headers['x-request-id'], 'my-own.id_42');
  assert.equal(JSON.parse(mine.body).request_id, 'my-own.id_42');
  const unfit = await curl('/health', ['-H', 'X-Request-Id: "quoted" <b>']);
  assert.notEqual(unfit.headers['x-request-id'], '"quoted" <b>');
  const [one, two] = [await curl('/health', []), await curl('/health', [])];
  assert.notEqual(one.headers['x-request-id'], two.headers['x-request-id']);
});

test('a call tells where its time went', async () => {
  const {headers} = await curl('/v1/tools/call', ['-H', 'Content-Type: application/json'], sent);
  assert.match(headers['server-timing'], /\w+;dur=[\d.]+/);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['x-content-type-options'], 'nosniff');
});

test('HEAD has the head of GET and no body', async () => {
  const get = await curl('/v1/tools', []);
  const head = await curl('/v1/tools', ['-I']);
  assert.equal(head.status, get.status);
  assert.equal(head.headers['content-length'], String(Buffer.byteLength(get.body)));
  assert.equal(head.headers['content-type'], get.headers['content-type']);
});

test('two transfer lengths are refused, and the connection ends', async () => {
  const reply = await curl('/v1/tools/call', ['-H', 'Content-Type: application/json', '-H', 'Transfer-Encoding: chunked', '-H', `Content-Length: ${sent.length}`], sent);
  assert.equal(reply.status, 400);
  assert.equal(JSON.parse(reply.body).error.code, 'bad_http');
  assert.equal(reply.headers.connection, 'close');
});

test('it goes on serving after all that', async () => {
  const reply = await curl('/v1/tools/call', ['-H', 'Content-Type: application/json'], sent);
  assert.deepEqual(JSON.parse(reply.body).output, {message: 'x'});
});
