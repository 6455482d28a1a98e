// SIGUSR2: the gateway becomes the program that is on the disk, and no client notices. And sockets that somebody else has opened.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {createServer, request} from 'node:http';
import {join} from 'node:path';
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

/// The next line of the log from `seen` on with a message that begins so.
async function line(seen, beginning) {
  for (;;) {
    const found = gateway.log.slice(seen).map((one) => JSON.parse(one)).find(({message}) => message.startsWith(beginning));
    if (found) return found;
    await new Promise((wake) => { setTimeout(wake, 5); });
  }
}
async function renew() {
  const seen = gateway.log.length;
  process.kill(gateway.pid, 'SIGUSR2');
  return line(seen, 'the gateway is');
}
/// On a connection of its own, as curl makes one.
function call(message, path = '/v1/tools/call') {
  return new Promise((done, fail) => {
    const url = new URL(path, gateway.url);
    const sent = request(url, {method: 'POST', agent: false, headers: {'content-type': 'application/json'}}, (reply) => {
      let text = '';
      reply.on('data', (chunk) => { text += chunk; });
      reply.on('end', () => done({status: reply.statusCode, json: JSON.parse(text)}));
      reply.on('error', fail);
    });
    sent.on('error', fail);
    sent.end(JSON.stringify({tool: 'echo', skill: 'echo', input: {message}}));
  });
}

describe('a gateway that is renewed', () => {
  test('answers every call meanwhile, as the same process at the same port', {timeout: 60_000 + 5_000 * renewals}, async () => {
    let isOver = false;
    let calls = 0;
    const callers = Array.from({length: 16}, async (_, which) => {
      for (let i = 0; !isOver; ++i) {
        const {status, json} = await call(`${which}.${i}`);
        assert.equal(status, 200, JSON.stringify(json));
        assert.equal(json.output.message, `${which}.${i}`);
        ++calls;
      }
    });
    const seen = gateway.log.length;
    for (let i = 0; i < renewals; ++i) {
      const before = gateway.log.length;
      assert.equal((await renew()).message, 'the gateway is renewed: running calls may end, new ones wait');
      assert.equal((await line(before, 'the gateway is ready')).url, gateway.url);
      const enough = calls + 32;
      while (calls < enough) await Promise.race([...callers, new Promise((wake) => { setTimeout(wake, 10); })]);
      process.kill(gateway.pid, 'SIGHUP');
      await line(before, 'the configuration is read again');
    }
    isOver = true;
    await Promise.all(callers);
    const starts = gateway.log.slice(seen).filter((one) => JSON.parse(one).message === 'the gateway is ready');
    assert.equal(starts.length, renewals);
    console.log(`${calls} calls over ${renewals} renewals and reloads, none lost`);
  });

  test('serves commands that come in the middle', {timeout: 60_000}, async () => {
    const seen = gateway.log.length;
    const commands = Array.from({length: 4}, () => run(['--data', gateway.data, 'call', 'echo', 'echo', '--message', 'x']));
    await renew();
    for (const {code, stdout, stderr} of await Promise.all(commands)) {
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), {message: 'x'});
    }
    await line(seen, 'the gateway is ready');
  });

  test('goes on telling its log to who follows it', {timeout: 60_000}, async () => {
    const followers = [['--data', gateway.data], ['--url', gateway.url]].map((target) => {
      const child = spawn(program, [...target, 'logs', '-f'], {env: environment(), stdio: ['ignore', 'pipe', 'inherit']});
      const follower = {child, text: ''};
      child.stdout.on('data', (chunk) => { follower.text += chunk; });
      return follower;
    });
    const starts = ({text}) => text.split('the gateway is ready').length;
    const until = async (isSo) => { while (!followers.every(isSo)) await new Promise((wake) => { setTimeout(wake, 5); }); };
    await until((one) => starts(one) > 1);
    const before = new Map(followers.map((one) => [one, starts(one)]));
    await renew();
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
  function start(sockets, names) {
    const options = ['serve', '--listen', '127.0.0.1:1', '--metrics-listen', '127.0.0.1:1', '--data', scratch(), '--plugins', examples];
    const variables = `LISTEN_PID=$$ LISTEN_FDS=${sockets.length} LISTEN_FDNAMES=${names}`;
    const child = spawn('sh', ['-c', `${variables} exec "$0" "$@"`, program, ...options], {env: environment(), stdio: ['ignore', 'ignore', 'pipe', ...sockets]});
    let log = '';
    child.stderr.on('data', (chunk) => { log += chunk; });
    const ended = new Promise((done) => child.on('exit', (code) => done({code, log})));
    const ready = new Promise((done) => child.stderr.on('data', () => log.includes('the gateway is ready') && done()));
    return {child, ended, ready};
  }
  const listening = () => new Promise((done) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => done({server, port: server.address().port, fd: server._handle.fd}));
  });

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

  test('are refused by name when they are something else', async () => {
    const started = start(['pipe'], 'toolrack.socket');
    const {code, log} = await started.ended;
    assert.equal(code, 6);
    assert.match(log, /The descriptor 3 that was handed over is no listening TCP socket/);
  });
});
