// The bundled tool kraken against a scripted Kraken that checks signatures and nonces: what is sent, what is sent once,
// and what a caller hears when an answer gets lost.
import assert from 'node:assert/strict';
import {createHash, createHmac} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, beforeEach, describe, test} from 'node:test';
import {post, run, scratch, source, startGateway} from './support/gateway.mjs';

const apiKey = 'platform-key-0123456789';
const secret = Buffer.from('a secret of the platform that signs').toString('base64');
const callers = {key: 'callers-key-9876543210', secret: Buffer.from('a secret that came with the call').toString('base64')};
const other = {key: 'another-gateways-key-123', secret: Buffer.from('a secret of another gateway').toString('base64')};
const secrets = {[apiKey]: secret, [callers.key]: callers.secret, [other.key]: other.secret};
const requests = [];
const nonces = {};
let answer, server, gateway, bare, config;
const data = scratch();

/// As Kraken documents it.
function fault(request, body) {
  const form = new URLSearchParams(body);
  const nonce = form.get('nonce');
  const key = request.headers['api-key'];
  if (!(key in secrets)) return 'EAPI:Invalid key';
  const inner = createHash('sha256').update(nonce + body).digest();
  const wanted = createHmac('sha512', Buffer.from(secrets[key], 'base64')).update(request.url).update(inner).digest('base64');
  if (wanted !== request.headers['api-sign']) return 'EAPI:Invalid signature';
  if (BigInt(nonce) <= (nonces[key] ?? 0n)) return 'EAPI:Invalid nonce';
  nonces[key] = BigInt(nonce);
  return undefined;
}

before(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      const isPrivate = request.url.startsWith('/0/private/');
      const form = Object.fromEntries(new URLSearchParams(body));
      requests.push({line: `${request.method} ${request.url}`, headers: request.headers, form});
      const wrong = isPrivate ? fault(request, body) : undefined;
      const [status, document] = wrong ? [200, {error: [wrong]}] : answer(requests.at(-1), requests.length);
      if (status === 0) return request.socket.destroy();
      if (status === undefined) return undefined;  // Never answers.
      response.writeHead(status, {'content-type': 'application/json'});
      return response.end(typeof document === 'string' ? document : JSON.stringify(document));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const base_url = `http://127.0.0.1:${server.address().port}`;
  config = join(scratch(), 'config.json');
  writeFileSync(config, JSON.stringify({providers: {kraken: {base_url}, 'kraken-public': {base_url}}}));
  gateway = await start();
  bare = await startGateway({args: ['--config', config]});
});
after(async () => {
  for (const each of [gateway, bare]) await each?.stop();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => { requests.length = 0; });

const start = () => startGateway({data, args: ['--config', config],
  env: {TOOLRACK_CREDENTIAL_KRAKEN_API_KEY: apiKey, TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET: secret}});
const says = (result) => () => [200, {error: [], result}];
const call = (skill, input, more = {}, headers = {}, to = gateway) =>
  post(`${to.url}/v1/tools/call`, {tool: 'kraken', skill, input, ...more}, headers);
const output = (reply) => {
  assert.equal(reply.status, 200, reply.text);
  return reply.json.output ?? reply.json.result;
};
const order = {pair: 'XBTUSD', type: 'buy', ordertype: 'limit', volume: '1.25', price: '27500.0'};
const placed = says({descr: {order: 'buy 1.25 XBTUSD @ limit 27500.0'}, txid: ['OU22CG-KLAF2-FWUDD7']});
/// A provider that fails again and again is given a pause: good answers keep it away.
const recover = async (to = gateway) => {
  answer = says({});
  for (let i = 0; i < 3; ++i) output(await call('balance', {}, {}, {}, to));
  requests.length = 0;
};
const mayHave = (reply) => {
  assert.equal(reply.json.error.code, 'kraken.may_have_acted', reply.text);
  assert.equal(reply.json.error.type, 'provider');
  assert.match(reply.json.error.message, /may have been placed/);
  assert.match(reply.json.error.resolution_hint, /open_orders/);
};

test('is one of the tools, and says what it needs', async () => {
  assert.match((await run(['tools'])).stdout, /kraken/);
  const info = await (await fetch(`${bare.url}/v1/tools/kraken`)).json();
  assert.deepEqual(info.missingCredentials[0].variables, ['TOOLRACK_CREDENTIAL_KRAKEN_API_KEY', 'TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET']);
});

test('market data needs no credential, and keeps every digit', async () => {
  answer = () => [200, '{"error":[],"result":{"XXBTZUSD":[["30243.12345678901234567890","0.34507674",1688669597.8277369,"b","m","",9007199254740993]],"last":"1688671969993150842"}}'];
  const reply = await call('recent_trades', {pair: 'XBTUSD', since: '1688671969993150842'}, {}, {}, bare);
  const got = output(reply);
  assert.equal(got.trades[0].price, '30243.12345678901234567890');
  assert.equal(got.trades[0].time, '1688669597.8277369');
  assert.match(reply.text, /"trade_id":\s*9007199254740993\b/);
  assert.equal(got.last, '1688671969993150842');
  assert.equal(requests[0].line, 'GET /0/public/Trades?pair=XBTUSD&since=1688671969993150842');
  assert.equal(requests[0].headers['user-agent'], 'toolrack-kraken/1.0');
  assert.equal(requests[0].headers['api-key'], undefined);
  await call('system_status', {});
  assert.equal(requests.at(-1).headers['api-key'], undefined, 'nor is one sent where there is one');
});

describe('the account', () => {
  test('is read with signed requests, whose numbers rise over a restart', async () => {
    answer = says({ZUSD: '171288.61580000000000001'});
    assert.equal(output(await call('balance', {})).balances[0].balance, '171288.61580000000000001');
    const replies = await Promise.all(Array.from({length: 5}, () => call('balance', {})));
    replies.forEach(output);
    await gateway.stop();
    gateway = await start();
    output(await call('balance', {}));
    assert.equal(requests.length, 7);
    assert.equal(requests[0].headers['api-key'], apiKey);
    assert.deepEqual(Object.keys(requests[0].form), ['nonce']);
  });
  test('is the caller\'s where a key comes along, and no secret is shown', async () => {
    answer = (request) => [200, {error: ['EGeneral:Invalid arguments'], seen: request.headers['api-key']}];
    const reply = await call('balance', {}, {}, {'X-Provider-Key-Kraken-Api-Key': callers.key, 'X-Provider-Key-Kraken-Api-Secret': callers.secret});
    assert.equal(requests[0].headers['api-key'], callers.key);
    assert.equal(reply.json.error.code, 'kraken.rejected', reply.text);
    assert.ok(!reply.text.includes(callers.key) && !reply.text.includes(callers.secret), reply.text);
  });
  test('needs a credential', async () => {
    const reply = await call('balance', {}, {}, {}, bare);
    assert.equal(reply.json.error.code, 'credential_missing', reply.text);
    assert.equal(requests.length, 0);
  });
  test('is asked again, with another number, where the connection is cut', async () => {
    answer = (_, count) => (count === 1 ? [0] : [200, {error: [], result: {}}]);
    output(await call('balance', {}));
    assert.equal(requests.length, 2);
    assert.ok(BigInt(requests[1].form.nonce) > BigInt(requests[0].form.nonce));
  });
  test('with a wrong secret is told so', async () => {
    const reply = await call('balance', {}, {}, {'X-Provider-Key-Kraken-Api-Key': callers.key, 'X-Provider-Key-Kraken-Api-Secret': secret});
    assert.equal(reply.json.error.code, 'kraken.bad_signature', reply.text);
    assert.equal(reply.json.error.type, 'auth');
  });
});

describe('an order', () => {
  test('wants a confirmation, and nothing is sent without', async () => {
    for (const [skill, input] of [['add_order', order], ['add_order', {...order, validate_only: true}], ['cancel_order', {txid: 'O1'}],
      ['cancel_all_orders', {}], ['edit_order', {txid: 'O1', pair: 'XBTUSD', price: '1'}]]) {
      const reply = await call(skill, input);
      assert.equal(reply.json.error.code, 'confirmation_required', reply.text);
    }
    assert.equal(requests.length, 0);
  });
  test('is placed as it was given', async () => {
    answer = placed;
    const got = output(await call('add_order', {...order, volume: '0.12345678901234567890'}, {confirm: true}));
    assert.deepEqual(got.txid, ['OU22CG-KLAF2-FWUDD7']);
    const {nonce, ...form} = requests[0].form;
    assert.match(nonce, /^\d{13,19}$/);
    assert.deepEqual(form, {ordertype: 'limit', type: 'buy', volume: '0.12345678901234567890', pair: 'XBTUSD', price: '27500.0', cl_ord_id: got.cl_ord_id});
  });
  test('is only checked with validate_only', async () => {
    answer = says({descr: {order: 'buy'}});
    const got = output(await call('add_order', {...order, validate_only: true}, {confirm: true}));
    assert.equal(got.placed, false);
    assert.equal(requests[0].form.validate, 'true');
  });
  test('is sent once when the connection is cut, and the caller hears how to look', async () => {
    await recover();
    answer = () => [0];
    const reply = await call('add_order', {...order, cl_ord_id: 'mine-1'}, {confirm: true});
    mayHave(reply);
    assert.match(reply.json.error.resolution_hint, /mine-1/);
    assert.equal(requests.length, 1);
  });
  test('is sent once when the server fails', async () => {
    for (const [status, text] of [[503, '{}'], [502, '<html>'], [520, ''], [429, '']]) {
      await recover();
      answer = () => [status, text];
      const reply = await call('add_order', order, {confirm: true});
      if (status === 429) assert.equal(reply.json.error.code, 'kraken.rate_limited', reply.text);
      else mayHave(reply);
      assert.equal(requests.length, 1, `${status}`);
    }
  });
  test('that gets no answer in time says so, and was sent once', async () => {
    await recover();
    answer = () => [];
    const reply = await call('add_order', {...order, userref: 77}, {confirm: true, timeout_ms: 4000});
    mayHave(reply);
    assert.match(reply.json.error.resolution_hint, /userref 77/);
    assert.equal(requests.length, 1);
  });
  test('is refused after thirty in an hour, all kinds together, before it is sent', async () => {
    answer = says({count: 1});
    const fresh = await startGateway({args: ['--config', config],
      env: {TOOLRACK_CREDENTIAL_KRAKEN_API_KEY: other.key, TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET: other.secret}});
    try {
      for (let i = 0; i < 30; ++i)
        output(await call(i % 2 ? 'cancel_all_orders' : 'cancel_order', i % 2 ? {} : {txid: 'O1'}, {confirm: true}, {}, fresh));
      const seen = requests.length;
      assert.equal(seen, 30);
      const reply = await call('add_order', order, {confirm: true}, {}, fresh);
      assert.equal(reply.json.error.code, 'rate_limited', reply.text);
      assert.ok(reply.json.error.retry_after > 3000, reply.text);
      assert.equal(requests.length, seen);
      output(await call('balance', {}, {}, {}, fresh));
    } finally {
      await fresh.stop();
    }
  });
});

test('Kraken\'s words become errors of the right type, though they come with 200', async () => {
  const rows = JSON.parse(readFileSync(join(source, 'tests/data/kraken_errors.json'), 'utf8'));
  for (const {said, code, type, retry_after} of rows) {
    await recover();
    answer = () => [200, {error: [said]}];
    const {json, text} = await call('balance', {});
    assert.equal(json.error.code, code, text);
    assert.equal(json.error.type, type, text);
    assert.equal(json.error.retry_after ?? 0, retry_after, text);
    assert.ok(json.error.message.includes(said), text);
    assert.equal(requests.length, 1);
  }
});
