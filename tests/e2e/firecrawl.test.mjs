// The bundled tool firecrawl against a scripted Firecrawl: what is sent, what its answers become, and which failure is which.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, beforeEach, describe, test} from 'node:test';
import {post, scratch, startGateway} from './support/gateway.mjs';

const key = 'fc-platform-0123456789abcdef';
const id = '123e4567-e89b-12d3-a456-426614174000';
const requests = [];
/// Takes a request, gives [status, headers, document]; of the test that runs.
let answer;
let server, gateway;

const metadata = {title: 'Home', description: ['a', 'b'], language: null, sourceURL: 'https://firecrawl.dev', url: 'https://firecrawl.dev/',
  statusCode: 200, contentType: 'text/html', creditsUsed: 1, 'og:image': 'https://firecrawl.dev/og.png'};
const page = {markdown: '# Firecrawl', metadata};
const crawl = (status, more = {}) => ({status, total: 36, completed: 10, creditsUsed: 10, expiresAt: '2026-01-07T10:00:00.000Z', data: [page], ...more});

before(async () => {
  server = createServer((request, reply) => {
    let text = '';
    request.on('data', (chunk) => { text += chunk; });
    request.on('end', () => {
      requests.push({line: `${request.method} ${request.url}`, headers: request.headers, body: text === '' ? undefined : JSON.parse(text)});
      const [status, headers, document] = answer(requests.length);
      reply.writeHead(status, {'content-type': 'application/json', ...headers});
      reply.end(typeof document === 'string' ? document : JSON.stringify(document));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const config = join(scratch(), 'config.json');
  writeFileSync(config, JSON.stringify({providers: {firecrawl: {base_url: `http://127.0.0.1:${server.address().port}`}}}));
  gateway = await startGateway({args: ['--config', config], env: {TOOLRACK_CREDENTIAL_FIRECRAWL: key}});
});
after(async () => {
  await gateway?.stop();
  server.close();
});
beforeEach(() => { requests.length = 0; });

const call = (skill, input, headers = {}) => post(`${gateway.url}/v1/tools/call`, {tool: 'firecrawl', skill, input}, headers);
const output = async (skill, input) => {
  const reply = await call(skill, input);
  assert.equal(reply.status, 200, reply.text);
  return {...reply, output: reply.json.output ?? reply.json.result};
};
const says = (document, status = 200, headers = {}) => () => [status, headers, document];

describe('sends what Firecrawl describes, and gives what it answers:', () => {
  test('scrape', async () => {
    answer = says({success: true, data: page});
    const {output: got, json} = await output('scrape', {url: 'https://firecrawl.dev'});
    assert.deepEqual(got, page);
    assert.equal(json.raw_cost, 0.001);
    const [request] = requests;
    assert.equal(request.line, 'POST /v2/scrape');
    assert.equal(request.headers.authorization, `Bearer ${key}`);
    assert.equal(request.headers['content-type'], 'application/json');
    assert.equal(request.headers.accept, 'application/json');
    assert.deepEqual(request.body, {url: 'https://firecrawl.dev'}, 'nothing that was not asked for');
  });
  test('scrape with everything', async () => {
    answer = says({success: true, data: {json: {plans: ['a']}, warning: null, metadata: {...metadata, creditsUsed: 5}}});
    const schema = {type: 'object', properties: {plans: {type: 'array'}}};
    const {output: got, json} = await output('scrape', {
      url: 'https://firecrawl.dev/x?a=1', formats: ['links', {type: 'json', schema, prompt: 'plans'}], only_main_content: false,
      include_tags: ['main'], exclude_tags: ['.ad'], wait_for_ms: 100, timeout_ms: 5000, max_age_ms: 0, mobile: true, country: 'DE',
      languages: ['de-DE'], proxy: 'auto', headers: {Cookie: 'a=b'},
    });
    assert.deepEqual(got.json, {plans: ['a']});
    assert.equal(json.raw_cost, 0.005);
    assert.deepEqual(requests[0].body, {
      url: 'https://firecrawl.dev/x?a=1', formats: ['links', {type: 'json', schema, prompt: 'plans'}], onlyMainContent: false,
      includeTags: ['main'], excludeTags: ['.ad'], waitFor: 100, timeout: 5000, maxAge: 0, mobile: true,
      location: {country: 'DE', languages: ['de-DE']}, proxy: 'auto', headers: {Cookie: 'a=b'},
    });
  });
  test('a page that is not there is an answer', async () => {
    answer = says({success: true, data: {markdown: '', warning: 'This website is no longer supported', metadata: {...metadata, statusCode: 404, error: 'Not Found'}}});
    assert.equal((await output('scrape', {url: 'https://firecrawl.dev/gone'})).output.metadata.statusCode, 404);
  });
  test('search', async () => {
    const web = [{title: 'Firecrawl', description: 'Web data API', url: 'https://firecrawl.dev', position: 1}];
    answer = says({success: true, data: {web, images: [], news: []}, creditsUsed: 2, id: '0195b1c0-1111-7000-8000-000000000000'});
    const {output: got, json} = await output('search', {query: 'web data'});
    assert.deepEqual(got, {web, news: [], images: [], credits_used: 2});
    assert.equal(json.raw_cost, 0.002);
    assert.equal(requests[0].line, 'POST /v2/search');
    assert.deepEqual(requests[0].body, {query: 'web data'});
    await output('search', {query: 'q', limit: 3, source: 'news', category: 'pdf', include_domains: ['a.example'], period: 'w', country: 'DE',
      location: 'Berlin', safe: true, timeout_ms: 9000, scrape_formats: ['markdown']});
    assert.deepEqual(requests[1].body, {query: 'q', limit: 3, sources: [{type: 'news'}], categories: [{type: 'pdf'}], includeDomains: ['a.example'],
      tbs: 'qdr:w', country: 'DE', location: 'Berlin', safe: true, timeout: 9000, scrapeOptions: {formats: ['markdown']}});
  });
  test('map', async () => {
    const links = [{url: 'https://firecrawl.dev/pricing', title: 'Pricing'}, {url: 'https://firecrawl.dev/'}];
    answer = says({success: true, links});
    const {output: got, json} = await output('map', {url: 'https://firecrawl.dev', search: 'pricing', sitemap: 'only', include_subdomains: false,
      ignore_query_parameters: true, ignore_cache: true, limit: 50, timeout_ms: 5000, country: 'US'});
    assert.deepEqual(got, {links});
    assert.equal(json.raw_cost, 0.001);
    assert.equal(requests[0].line, 'POST /v2/map');
    assert.deepEqual(requests[0].body, {url: 'https://firecrawl.dev', search: 'pricing', sitemap: 'only', includeSubdomains: false,
      ignoreQueryParameters: true, ignoreCache: true, limit: 50, timeout: 5000, location: {country: 'US'}});
  });
  test('crawl_start', async () => {
    answer = says({success: true, id, url: `https://api.firecrawl.dev/v2/crawl/${id}`});
    const {output: got, json} = await output('crawl_start', {url: 'https://docs.firecrawl.dev', limit: 25, include_paths: ['a/.*'], exclude_paths: ['b/.*'],
      max_depth: 1, sitemap: 'skip', ignore_query_parameters: true, entire_domain: true, external_links: false, subdomains: false, delay_seconds: 0.5,
      max_concurrency: 2, prompt: 'only docs', formats: ['markdown'], only_main_content: true});
    assert.deepEqual(got, {id, url: `https://api.firecrawl.dev/v2/crawl/${id}`});
    assert.equal(json.raw_cost, 0.025, 'a credit for each page of the limit');
    assert.equal(requests[0].line, 'POST /v2/crawl');
    assert.deepEqual(requests[0].body, {url: 'https://docs.firecrawl.dev', limit: 25, includePaths: ['a/.*'], excludePaths: ['b/.*'], maxDiscoveryDepth: 1,
      sitemap: 'skip', ignoreQueryParameters: true, crawlEntireDomain: true, allowExternalLinks: false, allowSubdomains: false, delay: 0.5,
      maxConcurrency: 2, prompt: 'only docs', scrapeOptions: {formats: ['markdown'], onlyMainContent: true}});
  });
  test('crawl_status', async () => {
    const next = `https://api.firecrawl.dev/v2/crawl/${id}?skip=10`;
    answer = says(crawl('scraping', {next}));
    const {output: got, json} = await output('crawl_status', {id});
    assert.deepEqual(got, {status: 'scraping', total: 36, completed: 10, credits_used: 10, expires_at: '2026-01-07T10:00:00.000Z', next, pages: [page]});
    assert.equal(json.raw_cost, 0);
    await output('crawl_status', {id, skip: 10});
    assert.deepEqual(requests.map(({line}) => line), [`GET /v2/crawl/${id}`, `GET /v2/crawl/${id}?skip=10`]);
    assert.equal(requests[0].headers.authorization, `Bearer ${key}`);
  });
});

describe('crawl_wait', () => {
  test('asks until the crawl is completed', async () => {
    answer = (count) => [200, {}, crawl(count < 2 ? 'scraping' : 'completed')];
    const {output: got} = await output('crawl_wait', {id});
    assert.equal(got.status, 'completed');
    assert.deepEqual(got.pages, [page]);
    assert.deepEqual(requests.map(({line}) => line), Array(2).fill(`GET /v2/crawl/${id}`));
    for (const {headers} of requests) assert.equal(headers.authorization, `Bearer ${key}`);
  });
  for (const state of ['failed', 'cancelled']) {
    test(`fails with a crawl that is ${state}`, async () => {
      answer = says(crawl(state, {data: []}));
      const {json} = await call('crawl_wait', {id});
      assert.equal(json.error.code, 'work_failed');
      assert.match(json.error.message, new RegExp(state));
      assert.equal(requests.length, 1);
    });
  }
});

test('a caller pays with an own key', async () => {
  answer = says({success: true, data: page});
  const {json} = await call('scrape', {url: 'https://firecrawl.dev'}, {'X-Provider-Key-Firecrawl': 'fc-callers-own-key'});
  assert.equal(requests[0].headers.authorization, 'Bearer fc-callers-own-key');
  assert.equal(json.markup, 0.05);
});

test('no key is shown where Firecrawl repeats it', async () => {
  answer = says({success: false, error: `Unauthorized: Invalid token ${key}`}, 401);
  const {json, text} = await call('map', {url: 'https://firecrawl.dev'});
  assert.equal(json.error.code, 'firecrawl.bad_key', text);
  assert.ok(!text.includes(key), text);
});

describe('names each failure:', () => {
  const limited = 'Rate limit exceeded. Consumed (req/min): 11, Remaining (req/min): 0. Upgrade your plan at https://firecrawl.dev/pricing for increased '
    + 'rate limits or please retry after 30s, resets at Tue Jan 06 2026 10:00:00 GMT+0000';
  const rows = [
    [400, {success: false, error: 'Bad Request', details: [{code: 'invalid_string', validation: 'url', message: 'Invalid URL', path: ['url']}]},
      'firecrawl.rejected', 'validation', /Invalid URL/],
    [400, {success: false, error: 'Bad Request'}, 'firecrawl.rejected', 'validation', /Bad Request/],
    [401, {success: false, error: 'Unauthorized: Invalid token'}, 'firecrawl.bad_key', 'auth', /Invalid token/],
    [402, {success: false, error: 'Insufficient credits to perform this request.'}, 'firecrawl.no_credits', 'billing', /Insufficient credits/],
    [408, {success: false, code: 'SCRAPE_TIMEOUT', error: 'The scrape operation timed out before completing.'}, 'firecrawl.timeout', 'provider', /timed out/],
    [429, {success: false, error: limited}, 'firecrawl.rate_limited', 'rate_limit', /Rate limit exceeded/],
    [500, {success: false, code: 'UNKNOWN_ERROR', error: 'An unexpected error occurred on the server.'}, 'firecrawl.unavailable', 'provider', /unexpected error/],
    [200, {success: false, error: 'The page could not be read.'}, 'firecrawl.failed', 'provider', /could not be read/],
    [200, {success: false, code: 'SCRAPE_TIMEOUT', error: 'The scrape operation timed out.'}, 'firecrawl.timeout', 'provider', /timed out/],
    [200, '<html>', 'provider_error', 'provider', /cannot be read/],
  ];
  const inputs = {scrape: {url: 'https://a.example'}, search: {query: 'q'}, map: {url: 'https://a.example'}, crawl_start: {url: 'https://a.example', limit: 1}};
  for (const [status, document, code, type, message] of rows) {
    test(`${status} ${document.code ?? document.error ?? 'that is no JSON'}`, async () => {
      for (const [skill, input] of status >= 500 ? [['scrape', inputs.scrape]] : Object.entries(inputs)) {
        requests.length = 0;
        answer = says(document, status);
        const {json, text} = await call(skill, input);
        assert.equal(json.status, 'error', text);
        assert.equal(json.error.code, code, text);
        assert.equal(json.error.type, type, text);
        assert.match(json.error.message, message);
        assert.equal(requests.length, 1, 'none of these is asked again');
        if (status === 429) assert.equal(json.error.retry_after, 30);
        answer = says({success: true, links: []});
        await call('map', inputs.map);  // Four failures in a row would bring a pause.
      }
    });
  }
  test('404 of a crawl', async () => {
    for (const skill of ['crawl_status', 'crawl_wait']) {
      answer = says({error: 'Crawl job not found.'}, 404);
      const {json, text} = await call(skill, {id});
      assert.equal(json.error.code, 'firecrawl.not_found', text);
      assert.equal(json.error.type, 'not_found');
    }
  });
});

test('reading is asked again while Firecrawl is busy, a crawl is started once', async () => {
  answer = (count) => (count === 1 ? [503, {}, '{}'] : [200, {}, {success: true, data: page}]);
  assert.equal((await call('scrape', {url: 'https://a.example'})).json.status, 'success');
  assert.equal(requests.length, 2);
  requests.length = 0;
  assert.equal((await call('crawl_start', {url: 'https://a.example', limit: 1})).json.status, 'error');
  assert.equal(requests.length, 1);
});

test('pages that are too slow are not held against Firecrawl', async () => {
  answer = says({success: false, code: 'SCRAPE_TIMEOUT', error: 'timed out'}, 408);
  for (let i = 0; i < 6; ++i) assert.equal((await call('scrape', {url: 'https://a.example'})).json.error.code, 'firecrawl.timeout');
  assert.equal(requests.length, 6);
});

test('a Firecrawl that fails again and again is given a pause', async () => {
  answer = says({success: false, error: 'down'}, 500);
  let last;
  for (let i = 0; i < 5; ++i) last = await call('map', {url: 'https://a.example'});
  assert.match(last.json.error.message, /given a pause/, last.text);
  assert.equal(requests.length, 4);
  const {providers} = await (await fetch(`${gateway.url}/v1/providers`)).json();
  const row = providers.find(({provider}) => provider === 'firecrawl');
  assert.equal(row.breaker, 'open', JSON.stringify(row));
});
