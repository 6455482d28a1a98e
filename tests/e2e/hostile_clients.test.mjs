// Clients that send too slowly, too much, or nothing at all, against the real program: they cost little and others are served.
//
// TOOLRACK_HOSTILE_CONNECTIONS (500) says how many slow clients there are, TOOLRACK_HOSTILE_SECONDS (0: not at all) how long they
// come back again and again. `./dev hostile` runs it with 5,000 and 30, and judges times: they say something only on a machine that does
// nothing else. Otherwise all that counts is that the slow ones are cut off, and that the good one is served all the while.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {promisify} from 'node:util';
import {build, isSanitized, post, startGateway} from './support/gateway.mjs';

const connections = Number(process.env.TOOLRACK_HOSTILE_CONNECTIONS ?? 500);
const again = Number(process.env.TOOLRACK_HOSTILE_SECONDS ?? 0);
const isFull = connections >= 5000;
const KiB = 1024;
const MiB = 1024 * KiB;
const call = {tool: 'echo', skill: 'echo', input: {message: 'good'}};

let gateway;
let port;
// As many descriptors as a shell gives by default; the gateway asks for more itself.
before(async () => {
  gateway = await startGateway({descriptors: 1024});
  port = Number(new URL(gateway.url).port);
});
after(() => gateway.stop());

const memory = () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))[1]) * KiB;
const isServed = async () => (await post(`${gateway.url}/v1/tools/call`, call)).status === 200;
const inMiB = (bytes) => `${(bytes / MiB).toFixed(1)} MiB`;

/// Until `done()` is true, for a minute at most.
async function until(done) {
  for (let i = 0; i < 1200 && !await done(); ++i) await new Promise((wake) => { setTimeout(wake, 50); });
  return done();
}

function open() {
  return new Promise((done, fail) => {
    const socket = connect({host: '127.0.0.1', port}, () => done(socket));
    socket.on('error', fail);
  });
}

/// The next reply of a connection, as text up to its length.
function reply(socket) {
  return new Promise((done, fail) => {
    let text = '';
    socket.on('data', function more(chunk) {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1]);
      if (end < 0 || text.length < end + 4 + length) return;
      socket.off('data', more);
      done(text);
    });
    socket.on('close', () => fail(new Error(`closed after: ${text.slice(0, 500)}`)));
  });
}

describe('slow clients', () => {
  /// Good clients alone, then beside slow ones; with the full number five times over, because others work on a machine that tests.
  async function run(seconds, ...more) {
    const runs = [];
    for (let i = 0; i < (isFull ? 5 : 1); ++i) {
      const {stdout} = await promisify(execFile)(join(build, 'tests/hostile_clients'), [String(port), String(connections), String(seconds), ...more]);
      console.log(stdout.trim());
      runs.push(JSON.parse(stdout));
    }
    return runs;
  }
  const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
  function expectService(runs) {
    const rate = ({calls, seconds}) => calls / seconds;
    for (const {alone, beside} of runs) {
      assert.equal(alone.failed + beside.failed, 0);
      // Each call waits for the one before: had a slow client held a loop, there would be next to none.
      assert.ok(rate(beside) > rate(alone) / 20, `${rate(beside)} calls a second beside slow clients and ${rate(alone)} without`);
      if (isFull) assert.ok(alone.calls > 4000, 'the good client was hardly there');
    }
    const [alone, beside] = ['alone', 'beside'].map((when) => median(runs.map((one) => one[when].p99_ms)));
    console.log(`99 of 100 calls took up to ${beside} ms beside slow clients and ${alone} ms without (medians of ${runs.length})`);
    if (isFull) assert.ok(beside < 2 * alone, `99 of 100 calls took up to ${beside} ms beside slow clients and ${alone} ms without`);
  }

  test('are cut off within 15 s, and nobody else notices', async () => {
    const runs = await run(isFull ? 20 : 400);
    for (const {slow} of runs) {
      assert.deepEqual({...slow, told_408: 0, longest_s: 0}, {connections, told_408: 0, closed: connections, refused: 0, still_open: 0, longest_s: 0});
      assert.ok(slow.longest_s >= 9, `the last one was closed after ${slow.longest_s} s`);
      if (isFull) assert.ok(slow.longest_s <= 15, `the last one was closed after ${slow.longest_s} s`);
      // All but those that said nothing.
      assert.equal(slow.told_408, connections - Math.floor(connections / 4));
    }
    expectService(runs);
  });

  test('that come back again and again change nothing', {skip: again === 0 && 'TOOLRACK_HOSTILE_SECONDS is not set'}, async () => {
    const runs = await run(again, 'again');
    for (const {slow} of runs) {
      assert.ok(slow.closed >= connections * Math.floor(again / 15));
      assert.ok(slow.longest_s <= 15);
    }
    expectService(runs);
  });
});

describe('idle connections', () => {
  /// `count` connections, on which `use` was done; what each costs in KiB.
  async function cost(count, use) {
    assert.ok(await isServed());
    const start = memory();
    const sockets = [];
    for (let i = 0; i < count; i += 100) {
      const some = await Promise.all(Array.from({length: 100}, open));
      sockets.push(...some);
      await Promise.all(some.map(use));
    }
    const each = (memory() - start) / count / KiB;
    assert.equal(sockets.filter((socket) => socket.destroyed).length, 0);
    assert.ok(await isServed());
    for (const socket of sockets) socket.destroy();
    return each;
  }

  test('cost little before their first request', async () => {
    const each = await cost(1000, () => {});
    console.log(`a connection before its first request: ${each.toFixed(1)} KiB`);
    if (!isSanitized) assert.ok(each < 8, `${each} KiB`);
  });
  test('cost little between requests, and 2,000 are held', async () => {
    const each = await cost(2000, async (socket) => {
      const answer = reply(socket);
      socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
      assert.match(await answer, /^HTTP\/1.1 200/);
    });
    console.log(`a connection between requests: ${each.toFixed(1)} KiB`);
    if (!isSanitized) assert.ok(each < 8, `${each} KiB`);
  });
});

describe('large bodies', () => {
  const size = 4 * MiB;
  const head = `POST /v1/tools/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`;
  const chunkedHead = 'POST /v1/tools/call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  const body = Buffer.alloc(size, ' ');
  body.write('{"tool":"echo","skill":"echo","input":{"message":"large"}}');
  const chunks = Buffer.concat(Array.from({length: size / KiB}, (_, i) =>
    Buffer.concat([Buffer.from('400\r\n'), body.subarray(i * KiB, (i + 1) * KiB), Buffer.from('\r\n')])));
  const end = Buffer.from('0\r\n\r\n');

  /// Sends all but the end on `count` connections; the memory that this took; then the rest, which must be answered.
  async function hold(count, parts) {
    assert.ok(await isServed());
    const start = memory();
    const sockets = await Promise.all(Array.from({length: count}, open));
    await Promise.all(sockets.map((socket) => new Promise((done, fail) => {
      socket.once('close', () => fail(new Error('closed while the body was sent')));
      socket.write(parts[0], done);
    })));
    let held = 0;
    // Written is not yet received: wait until it grows no more.
    for (let same = 0; same < 5;) {
      await new Promise((wake) => { setTimeout(wake, 50); });
      const now = memory() - start;
      same = now > held + 64 * KiB ? 0 : same + 1;
      held = Math.max(held, now);
    }
    await Promise.all(sockets.map((socket) => {
      const answer = reply(socket);
      socket.write(parts[1]);
      return answer.then((text) => assert.match(text, /"message": *"large"/));
    }));
    // The connections stay; only the bodies are over.
    const returned = await until(async () => await isServed() && memory() - start < 0.1 * count * size + 8 * MiB);
    const left = memory() - start;
    for (const socket of sockets) socket.destroy();
    console.log(`${count} x 4 MiB: ${inMiB(held)} while received, ${inMiB(left)} afterwards`);
    return {held, left, returned};
  }

  const whole = [Buffer.concat([Buffer.from(head), body.subarray(0, size - 1)]), body.subarray(size - 1)];
  const inChunks = [Buffer.concat([Buffer.from(chunkedHead), chunks]), end];

  test('one of the largest size takes less than twice its size', async () => {
    const {held} = await hold(1, whole);
    if (!isSanitized) assert.ok(held < 2 * size, inMiB(held));
  });
  test('so does one in chunks', async () => {
    const {held} = await hold(1, inChunks);
    if (!isSanitized) assert.ok(held < 2 * size, inMiB(held));
  });
  test('64 at once take less than twice their size, and it comes back', async () => {
    const {held, returned} = await hold(64, whole);
    if (isSanitized) return;
    assert.ok(held < 2 * 64 * size, inMiB(held));
    assert.ok(returned);
  });
  test('64 at once in chunks, too', async () => {
    const {held, returned} = await hold(64, inChunks);
    if (isSanitized) return;
    assert.ok(held < 2 * 64 * size, inMiB(held));
    assert.ok(returned);
  });
  test('a compressed one is refused before it comes, whatever it would become', async () => {
    const answer = await post(`${gateway.url}/v1/tools/call`, 'x'.repeat(1000), {'content-encoding': 'gzip'});
    assert.equal(answer.status, 415);
    assert.equal(answer.json.error.code, 'unsupported_media_type');
    assert.match(answer.json.error.resolution_hint, /Content-Encoding/);
  });
});

test('it goes on serving after all that', async () => assert.ok(await isServed()));
