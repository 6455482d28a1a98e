// The skills of the tool seo that ask search services, against scripted ones: who is asked what with whose credential, who takes
// over, and the price.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, beforeEach, describe, test} from 'node:test';
import {clients, connectHttp} from './support/clients.mjs';
import {post, scratch, startGateway} from './support/gateway.mjs';

const key = 'key-of-serper-12345';
const login = 'me@example.com';
const password = 'password-of-dataforseo';
const requests = [];
let answers, server, gateway;

before(async () => {
  server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const provider = request.url.startsWith('/v3/') ? 'dataforseo' : 'serper';
      requests.push({provider, method: request.method, url: request.url, headers: request.headers,
        body: JSON.parse(Buffer.concat(chunks).toString())});
      const [status, body, headers = {}] = answers[provider](requests.at(-1));
      if (status === 0) return request.socket.destroy();
      response.writeHead(status, {'content-type': 'application/json', ...headers});
      return response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const base_url = `http://127.0.0.1:${server.address().port}`;
  const config = join(scratch(), 'config.json');
  writeFileSync(config, JSON.stringify({providers: {serper: {base_url}, dataforseo: {base_url}}}));
  gateway = await startGateway({plugins: [], args: ['--config', config], env: {
    TOOLRACK_CREDENTIAL_SERPER: key, TOOLRACK_CREDENTIAL_DATAFORSEO_LOGIN: login, TOOLRACK_CREDENTIAL_DATAFORSEO_PASSWORD: password}});
});
after(async () => {
  await gateway?.stop();
  server.closeAllConnections();
  server.close();
});

const task = (result, extra = {}) => [200, {status_code: 20000, status_message: 'Ok.', cost: 0.002, tasks_count: 1, tasks_error: 0,
  tasks: [{id: '1', status_code: 20000, status_message: 'Ok.', cost: 0.002, result, ...extra}]}];
const organic = (rank, url) => ({type: 'organic', rank_group: rank, rank_absolute: rank + 1, url, title: `Page ${rank}`, description: null});
const good = {
  serper: ({url, body}) => (url === '/autocomplete'
    ? [200, {suggestions: [{value: `${body.q} red`}, {value: `${body.q} blue`}], credits: 1}]
    : [200, {searchParameters: {q: body.q}, organic: [{position: 1, link: 'https://one.example/', title: 'One'},
      {position: 2, link: 'https://www.example.com/shoes', title: 'Shoes'}], credits: body.num > 10 ? 2 : 1}]),
  dataforseo: ({url, body}) => (url.includes('keyword_ideas')
    ? task([{total_count: 9, items: [{keyword: `${body[0].keywords[0]} red`, keyword_info: {search_volume: 900, cpc: 0.51},
      keyword_properties: {keyword_difficulty: 7}}]}], {cost: 0.0103})
    : task([{item_types: ['organic', 'local_pack'], items: [organic(1, 'https://one.example/'), organic(2, 'https://example.com/')]}])),
};
beforeEach(() => {
  requests.length = 0;
  answers = {...good};
});

const call = (skill, input, backend) =>
  post(`${gateway.url}/v1/tools/call`, {tool: 'seo', skill, input, async: false, ...(backend ? {backend} : {})});
const output = (reply) => {
  assert.equal(reply.status, 200, reply.text);
  return reply.json.output;
};
const asked = () => requests.map(({provider}) => provider);
const cost = (reply) => Number(/"raw_cost":\s*"?([0-9.]+)/.exec(reply.text)[1]);

describe('rankings', () => {
  test('of the cheaper provider first, with its key, and charged by its credits', async () => {
    const reply = await call('rankings', {query: 'shoes', target: 'example.com', country: 'DE', language: 'de', depth: 50});
    const got = output(reply);
    assert.equal(got.position, 2);
    assert.equal(got.url, 'https://www.example.com/shoes');
    assert.equal(got.provider, 'serper');
    assert.deepEqual(asked(), ['serper']);
    assert.equal(requests[0].headers['x-api-key'], key);
    assert.deepEqual(requests[0].body, {q: 'shoes', gl: 'de', hl: 'de', num: 50});
    assert.equal(cost(reply), 0.002);
  });
  test('of a phone by the other, with login and password, and charged what it says', async () => {
    answers.dataforseo = () => task([{items: [organic(1, 'https://example.com/')]}], {cost: 0.0016});
    const reply = await call('rankings', {query: 'shoes', target: 'example.com', device: 'mobile'});
    assert.equal(output(reply).provider, 'dataforseo', reply.text);
    assert.equal(output(reply).position, 1);
    assert.deepEqual(asked(), ['dataforseo']);
    assert.equal(requests[0].headers.authorization, `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`);
    assert.deepEqual(requests[0].body, [{keyword: 'shoes', location_code: 2840, language_code: 'en', device: 'mobile', depth: 10}]);
    assert.equal(cost(reply), 0.0016);
  });
  test('that nobody has are none, and no failure', async () => {
    answers.dataforseo = () => task(null, {status_code: 40102, status_message: 'No Search Results.'});
    const got = output(await call('rankings', {query: 'q', target: 'example.com'}, {only: ['dataforseo']}));
    assert.equal(got.position, null);
    assert.deepEqual(got.results, []);
  });
  test('reach MCP clients as structured content', async () => {
    const mcp = await connectHttp(clients.at(-1), gateway.url, '?expose=flat&tools=seo');
    const reply = await mcp.callTool({name: 'seo_rankings', arguments: {query: 'shoes', target: 'example.com'}});
    await mcp.close();
    assert.ok(!reply.isError, JSON.stringify(reply));
    assert.equal(reply.structuredContent.position, 2);
  });
});

describe('keyword ideas', () => {
  test('have figures, so the provider that has them is asked', async () => {
    const reply = await call('keyword_ideas', {keywords: ['shoes'], country: 'DE', language: 'de'});
    const [idea] = output(reply).ideas;
    assert.deepEqual([idea.keyword, idea.volume, idea.cpc_usd, idea.difficulty, idea.trend], ['shoes red', 900, 0.51, 7, null]);
    assert.deepEqual(asked(), ['dataforseo']);
    assert.equal(cost(reply), 0.0103);
  });
  test('come by the thousand, month by month', async () => {
    const months = Array.from({length: 12}, (_, i) => ({year: 2026, month: i + 1, search_volume: i * 10}));
    answers.dataforseo = ({body}) => task([{total_count: 70000, items: Array.from({length: body[0].limit}, (_, i) => ({
      keyword: `shoes ${i}`, keyword_info: {search_volume: i, monthly_searches: months, search_volume_trend: {monthly: 1, quarterly: 2, yearly: 3}}}))}]);
    const {ideas} = output(await call('keyword_ideas', {keywords: ['shoes'], limit: 1000, history: true}));
    assert.equal(ideas.length, 1000);
    assert.deepEqual(ideas[999].history[11], {month: '2026-12', volume: 110});
  });
  test('without figures are the completions of each seed', async () => {
    const reply = await call('keyword_ideas', {keywords: ['shoes', 'boots'], metrics: false});
    assert.deepEqual(output(reply).ideas.map(({keyword, volume}) => [keyword, volume]),
      [['shoes red', null], ['shoes blue', null], ['boots red', null], ['boots blue', null]]);
    assert.deepEqual(asked(), ['serper', 'serper']);
    assert.equal(cost(reply), 0.002);
  });
});

describe('another provider', () => {
  test('takes over where the account of the first is empty', async () => {
    answers.serper = () => [400, {message: 'Not enough credits', statusCode: 400}];
    const reply = await call('rankings', {query: 'shoes', target: 'example.com'});
    assert.equal(output(reply).provider, 'dataforseo');
    assert.match(reply.text, /seo\.quota_exceeded/);
    assert.deepEqual(asked(), ['serper', 'dataforseo']);
  });
  test('takes over after a broken connection, a 500 and nonsense: searching twice does no harm', async () => {
    for (const lost of [[0], [500, '<html>'], [200, '<html>']]) {
      requests.length = 0;
      answers.serper = () => lost;
      assert.equal(output(await call('rankings', {query: 'shoes'})).provider, 'dataforseo', JSON.stringify(lost));
      assert.deepEqual(asked(), ['serper', 'dataforseo']);
    }
  });
});

describe('errors', () => {
  for (const [about, answer, type, code, wait] of [
    ['that come with HTTP 200, of the task', task(null, {status_code: 40501, status_message: "Invalid Field: 'keyword'."}), 'validation', 'seo.rejected'],
    ['about money, with HTTP 200', task(null, {status_code: 40210, status_message: 'Insufficient Funds.'}), 'billing', 'seo.quota_exceeded'],
    ['about speed, of the request', [200, {status_code: 40202, status_message: 'The rate-limit per minute has been exceeded.', tasks: null}], 'rate_limit', 'seo.rate_limited', 60],
    ['about speed, with a header', [429, {status_code: 40202, status_message: 'Slow down.', tasks: null}, {'retry-after': '7'}], 'rate_limit', 'seo.rate_limited', 7],
    ['about the login', [401, {status_code: 40100, status_message: 'You are not Authorized.', tasks: null}], 'auth', 'seo.bad_key'],
    ['of the provider itself', [200, {status_code: 50301, status_message: '3rd Party API Service Unavailable.', tasks: null}], 'provider', 'seo.unavailable', 30],
  ]) {
    test(`${about} are ${type}`, async () => {
      answers.dataforseo = () => answer;
      const reply = await call('rankings', {query: 'q'}, {only: ['dataforseo']});
      assert.equal(reply.json.status, 'error', reply.text);
      assert.equal(reply.json.error.type, type, reply.text);
      assert.equal(reply.json.error.code, code, reply.text);
      assert.equal(reply.json.error.retry_after, wait, reply.text);
      assert.ok(reply.json.error.resolution_hint, reply.text);
      for (const secret of [key, password, Buffer.from(`${login}:${password}`).toString('base64')]) assert.ok(!reply.text.includes(secret));
    });
  }
  test('name the value and the remedy where nobody can be asked', async () => {
    const country = await call('rankings', {query: 'q', country: 'ZZ'});
    assert.equal(country.json.error.code, 'seo.unknown_country', country.text);
    assert.match(country.json.error.message, /"ZZ"/);
    const metrics = await call('keyword_ideas', {keywords: ['a']}, {only: ['serper']});
    assert.equal(metrics.json.error.code, 'seo.metrics_not_offered', metrics.text);
    assert.match(metrics.json.error.resolution_hint, /metrics/);
    assert.deepEqual(asked(), []);
  });
});
