// SIGUSR2: the gateway becomes the program that is on the disk, and no client notices. And sockets that somebody else has opened.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {Agent, createServer, request} from 'node:http';
import {join} from 'node:path';
import {monitorEventLoopDelay} from 'node:perf_hooks';
import {after, before, describe, test} from 'node:test';
import {environment, examples, post, program, run, scratch, startGateway} from './support/gateway.mjs';

/// `TOOLRACK_RENEWALS` (5) of them under load, with as many reloads of the configuration. `./dev crash renew` makes it 100.
const renewals = Number(process.env.TOOLRACK_RENEWALS ?? 5);
const file = join(scratch(), 'rack.json');
const write = (config) => writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));

let gateway;
before(async () => {
  write({});
  gateway = await startGateway({args: ['--config', file], env: {TOOLRACK_CREDENTIAL_GITHUB: 'a-token-of-the-environment'}});
});
after(() => gateway.stop());

/// The next line of a gateway's log from `seen` on with a message that begins so.
const find = (rack, seen, beginning) => rack.logged(({message}) => message.startsWith(beginning), seen);
const line = (seen, beginning) => find(gateway, seen, beginning);
async function renew() {
  const seen = gateway.log.length;
  process.kill(gateway.pid, 'SIGUSR2');
  return line(seen, 'the gateway is');
}
/// On a connection of its own, as curl makes one, or with an agent that keeps it.
function call(message, agent = false) {
  return new Promise((done, fail) => {
    const url = new URL('/v1/tools/call', gateway.url);
    const sent = request(url, {method: 'POST', agent, headers: {'content-type': 'application/json'}}, (reply) => {
      let text = '';
      reply.on('data', (chunk) => { text += chunk; });
      reply.on('end', () => done({status: reply.statusCode, json: JSON.parse(text), isReused: sent.reusedSocket}));
      reply.on('error', fail);
    });
    sent.on('error', fail);
    sent.end(JSON.stringify({tool: 'echo', skill: 'echo', input: {message}}));
  });
}

const listening = (address = '127.0.0.1') => new Promise((done) => {
  const server = createServer();
  server.listen(0, address, () => done({server, port: server.address().port, fd: server._handle.fd}));
});

/// A connection on which nothing came for the quarter of a second that is given was closed in time. This process leaves none alone so long unless
/// it is held up itself, again and again; only then a call is made anew.
async function isLate({code}, delay) {
  await new Promise((next) => setTimeout(next, 20)); // What it is held up by now is told by its timers, which come after.
  return ['ECONNRESET', 'EPIPE'].includes(code) && delay.max >= 50e6;
}

describe('a gateway that is renewed', () => {
  test('answers every call meanwhile, as the same process at the same port', async () => {
    let isOver = false;
    let calls = 0;
    let reused = 0;
    let late = 0;
    const delay = monitorEventLoopDelay({resolution: 5});
    delay.enable();
    const callers = Array.from({length: 16}, async (_, which) => {
      // Half of them keep their connections, as clients in programs do.
      const agent = which % 2 === 0 ? false : new Agent({keepAlive: true, maxSockets: 1});
      for (let i = 0; !isOver; ++i) {
        const {status, json, isReused} = await call(`${which}.${i}`, agent).catch(async (error) => {
          if (!await isLate(error, delay)) throw error;
          ++late;
          return call(`${which}.${i}`);
        });
        if (isReused) ++reused;
        assert.equal(status, 200, JSON.stringify(json));
        assert.equal(json.output.message, `${which}.${i}`);
        ++calls;
      }
    });
    const seen = gateway.log.length;
    for (let i = 0; i < renewals; ++i) {
      const before = gateway.log.length;
      delay.reset();
      assert.equal((await renew()).message, 'the gateway is renewed: running calls may end, new ones wait');
      assert.equal((await line(before, 'the gateway is ready')).url, gateway.url);
      const enough = {calls: calls + 32, reused: reused + 16};
      while (calls < enough.calls || reused < enough.reused) await Promise.race([...callers, new Promise((wake) => { setTimeout(wake, 10); })]);
      process.kill(gateway.pid, 'SIGHUP');
      await line(before, 'the configuration is read again');
    }
    isOver = true;
    await Promise.all(callers);
    const starts = gateway.log.slice(seen).filter((one) => JSON.parse(one).message === 'the gateway is ready');
    assert.equal(starts.length, renewals);
    console.log(`${calls} calls over ${renewals} renewals and reloads, ${reused} over kept connections, none lost; ${late} too late and asked again`);
  });

  test('refuses nobody at the socket of its data directory', async () => {
    const socketPath = join(gateway.data, 'toolrack.sock');
    const ask = () => new Promise((done, fail) => {
      const sent = request({socketPath, path: '/livez', agent: false}, (reply) => { reply.resume().on('end', () => done(reply.statusCode)).on('error', fail); });
      sent.on('error', fail).end();
    });
    let isOver = false;
    let asked = 0;
    const failures = [];
    const delay = monitorEventLoopDelay({resolution: 5});
    delay.enable();
    const clients = Array.from({length: 4}, async () => {
      for (; !isOver; ++asked) await ask().catch(async (error) => { if (!await isLate(error, delay)) failures.push(error.message); });
    });
    for (let i = 0; i < 3; ++i) {
      const before = gateway.log.length;
      delay.reset();
      await renew();
      await line(before, 'the gateway is ready');
      const enough = asked + 8;
      while (asked < enough) await new Promise((wake) => { setTimeout(wake, 5); });
    }
    isOver = true;
    await Promise.all(clients);
    assert.deepEqual(failures, []);
  });

  test('serves commands that come in the middle', async () => {
    const seen = gateway.log.length;
    const commands = Array.from({length: 4}, () => run(['--data', gateway.data, 'call', 'echo', 'echo', '--message', 'x']));
    await renew();
    for (const {code, stdout, stderr} of await Promise.all(commands)) {
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), {message: 'x'});
    }
    await line(seen, 'the gateway is ready');
  });

  test('goes on telling its log to who follows it', async () => {
    const followers = [['--data', gateway.data], ['--url', gateway.url]].map((target) => {
      const child = spawn(program, [...target, 'logs', '-f'], {env: environment(), stdio: ['ignore', 'pipe', 'inherit']});
      const follower = {child, text: ''};
      child.stdout.on('data', (chunk) => { follower.text += chunk; });
      return follower;
    });
    const starts = ({text}) => text.split('the gateway is ready').length;
    const goesOn = ({child}) => assert.equal(child.exitCode, null);
    const until = async (isSo) => { for (; !followers.every(isSo); followers.forEach(goesOn)) await new Promise((wake) => { setTimeout(wake, 5); }); };
    await until((one) => starts(one) > 1);
    const before = new Map(followers.map((one) => [one, starts(one)]));
    const seen = gateway.log.length;
    await renew();
    await line(seen, 'the gateway is ready');
    await until((one) => starts(one) > before.get(one));
    for (const {child} of followers) child.kill();
  });

  test('still knows the credentials that it was started with, and shows them to nobody', async () => {
    const {json} = await post(`${gateway.url}/v1/tools/call`, {tool: 'github', skill: 'get_repo', input: {owner: 'o', repo: 'r'}, dry_run: true});
    assert.ok(!JSON.stringify(json).includes('missing'), JSON.stringify(json));
    const shown = await import('node:fs').then(({readFileSync}) => readFileSync(`/proc/${gateway.pid}/environ`, 'latin1'));
    assert.ok(!shown.includes('a-token-of-the-environment'));
  });

  test('reads its configuration again', async () => {
    write({http: {max_body_bytes: 2048}});
    const seen = gateway.log.length;
    await renew();
    await line(seen, 'the gateway is ready');
    const {status} = await post(`${gateway.url}/v1/tools/call`, {tool: 'echo', skill: 'echo', input: {message: 'x'.repeat(4096)}});
    assert.equal(status, 413);
  });

  test('listens where its configuration says by then, and says where that is', async () => {
    write({listen: '127.0.0.2:0'});
    const moving = await startGateway({listen: null, args: ['--config', file]});
    const renewed = async () => {
      const seen = moving.log.length;
      process.kill(moving.pid, 'SIGUSR2');
      return find(moving, seen, 'the gateway is ready');
    };
    const isServed = async (url) => (await fetch(`${url}/livez`).catch(() => ({ok: false}))).ok;
    assert.equal((await renewed()).url, moving.url, 'a free port stays what it is');
    write({listen: '127.0.0.3:0'});
    const seen = moving.log.length;
    const {url} = await renewed();
    assert.equal(new URL(url).hostname, '127.0.0.3');
    assert.equal((await find(moving, seen, 'the address to listen at has changed')).former, moving.url);
    assert.equal(await isServed(url), true);
    assert.equal(await isServed(moving.url), false);
    // Somebody is there: it goes on where it is, says so, and goes on saying so.
    const taken = await listening();
    write({listen: `127.0.0.1:${taken.port}`});
    const before = moving.log.length;
    assert.equal((await renewed()).url, url);
    assert.equal((await find(moving, before, 'the address to listen at is kept')).field, 'listen');
    process.kill(moving.pid, 'SIGHUP');
    assert.equal((await find(moving, before, 'the configuration is read again')).needs_restart, 'listen');
    assert.equal(await isServed(url), true);
    taken.server.close();
    write({});
    await moving.stop();
  });

  test('goes on as it is when it would not start again, and says why', async () => {
    write('{"http": {"max_body_bytes": "many"}}');
    const seen = gateway.log.length;
    const said = await renew();
    assert.equal(said.message, 'the gateway is not renewed: everything stays as it was');
    assert.match(said.reason, /rack\.json, line 1: \/http\/max_body_bytes/);
    assert.equal((await call('still')).status, 200);
    assert.ok(!gateway.log.slice(seen).some((one) => one.includes('the gateway is ready')));
    write({});
  });

  test('ends when it is told to while it renews', async () => {
    process.kill(gateway.pid, 'SIGUSR2');
    assert.deepEqual(await gateway.stop(), {code: 0, signal: null});
  });
});

describe('serve --check', () => {
  test('ends with 0 where a gateway would start, beside one that runs', async () => {
    const other = await startGateway();
    write({});
    assert.deepEqual(await run(['--config', file, '--data', other.data, 'serve', '--check']), {code: 0, stdout: '', stderr: ''});
    await other.stop();
  });
  test('says what is wrong with the configuration', async () => {
    write('{"mode": "open"}');
    const {code, stderr} = await run(['--config', file, 'serve', '--check']);
    assert.equal(code, 6);
    assert.match(stderr, /rack\.json, line 1: \/mode/);
  });
});

describe('sockets that listen already', () => {
  /// As a service manager starts it: descriptors from 3 on.
  function start(sockets, names, more = []) {
    const options = [...more, 'serve', '--listen', '127.0.0.1:1', '--metrics-listen', '127.0.0.1:1', '--data', scratch(), '--plugins', examples];
    const variables = `LISTEN_PID=$$ LISTEN_FDS=${sockets.length} LISTEN_FDNAMES=${names}`;
    const child = spawn('sh', ['-c', `${variables} exec "$0" "$@"`, program, ...options], {env: environment(), stdio: ['ignore', 'ignore', 'pipe', ...sockets]});
    let log = '';
    child.stderr.on('data', (chunk) => { log += chunk; });
    const ended = new Promise((done) => child.on('close', (code) => done({code, log})));
    /// Once a line of the log matches.
    const logged = (pattern) => new Promise((done) => {
      const look = () => log.split('\n').some((one) => pattern.test(one)) && done();
      child.stderr.on('data', look);
      look();
    });
    return {child, ended, logged, ready: logged(/the gateway is ready/)};
  }
  test('are served instead of those of the configuration', async () => {
    const [http, metrics] = [await listening(), await listening()];
    const started = start([http.fd, metrics.fd], 'toolrack.socket:metrics');
    await Promise.race([started.ready, started.ended]);
    // Ours would take the connections.
    for (const {server} of [http, metrics]) server.close();
    const reply = await post(`http://127.0.0.1:${http.port}/v1/tools/call`, {tool: 'echo', skill: 'echo', input: {message: 'x'}});
    assert.equal(reply.status, 200);
    assert.match(await (await fetch(`http://127.0.0.1:${metrics.port}/metrics`)).text(), /toolrack_http_server_connections/);
    started.child.kill();
    assert.equal((await started.ended).code, 0);
  });

  /// A local gateway asks nobody for a key, so what counts is where the socket is, not what `--listen` says.
  test('are refused when a local gateway would serve strangers at them', async () => {
    const open = await listening('0.0.0.0');
    const {code, log} = await start([open.fd], 'toolrack.socket').ended;
    open.server.close();
    assert.equal(code, 6);
    assert.match(log, new RegExp(`asks for no key.*http://0\\.0\\.0\\.0:${open.port}`));
    assert.match(log, new RegExp(`Set mode to hosted, or bind the socket to loopback \\(ListenStream=127\\.0\\.0\\.1:${open.port}\\)`));
  });

  test('are not renewed to be served without a key', async () => {
    write({mode: 'hosted', http: {behind_proxy: true}});
    const open = await listening('0.0.0.0');
    const started = start([open.fd], 'toolrack.socket', ['--config', file]);
    await Promise.race([started.ready, started.ended]);
    open.server.close();
    const asked = () => post(`http://127.0.0.1:${open.port}/v1/tools/call`, {tool: 'echo', skill: 'echo', input: {message: 'x'}});
    assert.equal((await asked()).status, 401);
    for (const [signal, config, reason] of [
      ['SIGUSR2', {}, /is not renewed.*asks for no key/],
      ['SIGHUP', {mode: 'hosted'}, /is not taken over.*keys would travel unencrypted/],
    ]) {
      write(config);
      started.child.kill(signal);
      await started.logged(reason);
      assert.equal((await asked()).status, 401);
    }
    write({});
    started.child.kill();
    assert.equal((await started.ended).code, 0);
  });

  test('are refused by name when they are something else', async () => {
    const started = start(['pipe'], 'toolrack.socket');
    const {code, log} = await started.ended;
    assert.equal(code, 6);
    assert.match(log, /The descriptor 3 that was handed over is no listening TCP socket/);
  });
});
