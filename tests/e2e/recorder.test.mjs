// A call of each bundled tool is recorded against a scripted server, then replayed when that server has gone: the same
// outcome, no secret in the file, and another input fails the replay and shows what differs.
import assert from 'node:assert/strict';
import {existsSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {run, scratch, startGateway} from './support/gateway.mjs';

const secrets = {
  TOOLRACK_CREDENTIAL_GITHUB: 'github_pat_platform_0123456789',
  TOOLRACK_CREDENTIAL_FIRECRAWL: 'fc-platform-0123456789abcdef',
  TOOLRACK_CREDENTIAL_KRAKEN_API_KEY: 'platform-key-0123456789',
  TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET: Buffer.from('a secret of the platform that signs').toString('base64'),
};
const crawlId = '123e4567-e89b-12d3-a456-426614174000';
const folder = scratch();
const seen = [];
let server, base, config, asked = 0;

const crawl = (status) => ({status, total: 2, completed: 1, creditsUsed: 1, expiresAt: '2026-01-07T10:00:00.000Z', data: []});
const metadata = {title: 'Home', description: 'a', language: 'en', sourceURL: 'https://firecrawl.dev', url: 'https://firecrawl.dev/', statusCode: 200, contentType: 'text/html', creditsUsed: 1};

/// What the far ends say; each says back what it was sent with.
function answer({method, url, headers}, body) {
  if (url.startsWith('/page')) return ['text/html', '<!doctype html><html lang="en"><head><title>A page about racks</title></head><body><h1>Racks</h1></body></html>'];
  const echo = `${headers.authorization ?? ''} ${headers['api-key'] ?? ''} ${headers['api-sign'] ?? ''} ${body}`;
  if (url === '/repos/o/r') return ['application/json', {full_name: 'o/r', default_branch: 'main', description: echo}];
  if (url === '/v2/scrape') return ['application/json', {success: true, data: {markdown: `# Home ${echo}`, metadata}}];
  if (url === `/v2/crawl/${crawlId}`) return ['application/json', crawl(++asked < 2 ? 'scraping' : 'completed')];
  if (url === '/0/private/Balance') return ['application/json', {error: [], result: {ZUSD: '171288.6158'}}];
  return ['text/plain', 'no such page', 404];
}

before(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      seen.push({headers: request.headers, body, line: `${request.method} ${request.url}`});
      const [type, document, status = 200] = answer(request, body);
      response.writeHead(status, {'content-type': type, 'x-echo': `${request.headers.authorization ?? ''}${request.headers['api-sign'] ?? ''}`});
      response.end(typeof document === 'string' ? document : JSON.stringify(document));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  base = `http://127.0.0.1:${server.address().port}`;
  config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify({providers: Object.fromEntries(['github', 'firecrawl', 'kraken', 'kraken-public'].map((name) => [name, {base_url: base}]))}));
});
after(() => server.listening && server.close());

const toolrack = (args, env = {}, data = join(folder, 'data')) => run(['--config', config, '--data', data, '--format', 'json', 'call', ...args], {env});
const file = (name) => join(folder, `${name}.json`);
const calls = [
  {name: 'seo', words: ['seo', 'analyze_page'], input: () => ({url: `${base}/page`}), other: () => ({url: `${base}/page-of-another-name`})},
  {name: 'github', words: ['github', 'get_repo'], input: () => ({owner: 'o', repo: 'r'}), other: () => ({owner: 'o', repo: 'another'})},
  {name: 'firecrawl', words: ['firecrawl', 'scrape'], input: () => ({url: 'https://firecrawl.dev'}), other: () => ({url: 'https://another.example'})},
  {name: 'firecrawl-wait', words: ['firecrawl', 'crawl_wait'], input: () => ({id: crawlId}), other: () => ({id: '223e4567-e89b-12d3-a456-426614174000'})},
  {name: 'kraken', words: ['kraken', 'balance'], input: () => ({}), other: undefined},
];
const settled = (text) => { const {status, output, content, error} = JSON.parse(text); return {status, output, content, error}; };
const recorded = {};

describe('while the far ends are there', () => {
  for (const {name, words, input} of calls) {
    test(`${name} is recorded`, {timeout: 60_000}, async () => {
      seen.length = 0;
      const result = await toolrack([...words, '--input', JSON.stringify(input()), '--record', file(name)], secrets);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      recorded[name] = settled(result.stdout);
      assert.ok(seen.length > 0, 'the control: it was asked');
      assert.equal(statSync(file(name)).mode & 0o777, 0o600);
      const text = readFileSync(file(name), 'utf8');
      const document = JSON.parse(text);
      assert.equal(document.toolrack_recording, 1);
      assert.deepEqual([document.tool, document.skill], words);
      assert.ok(document.operations.some(({service}) => service === 'http.send'));
      const added = seen.flatMap(({headers, body}) => [headers.authorization, headers['api-sign'], new URLSearchParams(body).get('nonce')]);
      for (const secret of [...Object.values(secrets), ...added]) if (secret) assert.ok(!text.includes(secret), `${secret} is in the file`);
    });
  }

  test('the gateway of somebody else is not asked to record', async () => {
    const data = scratch();
    const gateway = await startGateway({data, plugins: []});
    try {
      const result = await toolrack(['seo', 'analyze_page', '--input', JSON.stringify({url: `${base}/page`}), '--record', file('refused')], {}, data);
      assert.equal(result.code, 6, result.stdout);
      assert.match(result.stdout, /needs a gateway of its own/);
      assert.ok(!existsSync(file('refused')));
    } finally {
      await gateway.stop();
    }
  });
});

describe('when they have gone', () => {
  before(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  for (const {name, words, other} of calls) {
    test(`${name} is replayed without network or credential, to the same outcome`, {timeout: 60_000}, async () => {
      const result = await toolrack(['--replay', file(name)]);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.deepEqual(settled(result.stdout), recorded[name]);
    });
    if (other === undefined) continue;
    test(`${name} with another input fails the replay, which shows the difference`, {timeout: 60_000}, async () => {
      const result = await toolrack([...words, '--input', JSON.stringify(other()), '--replay', file(name)]);
      assert.equal(result.code, 1, result.stdout + result.stderr);
      assert.match(result.stderr, /http\.send/);
      assert.match(result.stderr, /not in the record/);
      assert.match(result.stderr, /\/(url|body\/url): recorded ".*", asked "/);
      assert.match(result.stderr, /did not ask for operation/);
    });
  }

  test('a file that was tampered with is refused by name', async () => {
    writeFileSync(file('broken'), '{"toolrack_recording": 2}');
    const result = await toolrack(['--replay', file('broken')]);
    assert.equal(result.code, 6, result.stdout);
    assert.match(result.stdout, /broken\.json: the recording has format 2/);
  });

  test('another outcome than the recorded one fails the replay', async () => {
    const document = JSON.parse(readFileSync(file('github'), 'utf8'));
    document.outcome.output.full_name = 'o/was-another';
    writeFileSync(file('edited'), JSON.stringify(document));
    const result = await toolrack(['--replay', file('edited')]);
    assert.equal(result.code, 1, result.stdout);
    assert.match(result.stderr, /\/output\/full_name: recorded "o\/was-another", asked "o\/r"/);
  });
});
