// The calls that are recorded, one at least of each bundled tool that talks to somebody, and the far ends that they talk to.
import {createServer} from 'node:http';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';

export const secrets = {
  TOOLRACK_CREDENTIAL_GITHUB: 'github_pat_platform_0123456789',
  TOOLRACK_CREDENTIAL_FIRECRAWL: 'fc-platform-0123456789abcdef',
  TOOLRACK_CREDENTIAL_KRAKEN_API_KEY: 'platform-key-0123456789',
  TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET: Buffer.from('a secret of the platform that signs').toString('base64'),
  TOOLRACK_CREDENTIAL_ELEVENLABS: 'key-of-elevenlabs-0123456789',
};
const crawlId = '123e4567-e89b-12d3-a456-426614174000';
/// Bytes that are no text, the same each time.
const audio = Buffer.from(Array.from({length: 600}, (_, i) => (i * 37 + 255) % 256));
const page = '<!doctype html><html lang="en"><head><title>A page about racks</title></head><body><h1>Racks</h1></body></html>';
const crawl = (status) => ({status, total: 2, completed: 1, creditsUsed: 1, expiresAt: '2026-01-07T10:00:00.000Z', data: []});
const metadata = {title: 'Home', description: 'a', language: 'en', sourceURL: 'https://firecrawl.dev', url: 'https://firecrawl.dev/', statusCode: 200, contentType: 'text/html', creditsUsed: 1};

/// `home`: where the far end lives when it is not scripted. `other`: input that asks for something else.
export const calls = [
  {name: 'seo', words: ['seo', 'analyze_page'], home: 'http://racks.example', input: (base) => ({url: `${base}/page`}), other: (base) => ({url: `${base}/page-of-another-name`})},
  {name: 'github', words: ['github', 'get_repo'], home: 'https://api.github.com', input: () => ({owner: 'o', repo: 'r'}), other: () => ({owner: 'o', repo: 'another'})},
  {name: 'firecrawl', words: ['firecrawl', 'scrape'], home: 'https://api.firecrawl.dev', input: () => ({url: 'https://firecrawl.dev'}), other: () => ({url: 'https://another.example'})},
  {name: 'firecrawl-wait', words: ['firecrawl', 'crawl_wait'], home: 'https://api.firecrawl.dev', input: () => ({id: crawlId}), other: () => ({id: '223e4567-e89b-12d3-a456-426614174000'})},
  {name: 'kraken', words: ['kraken', 'balance'], home: 'https://api.kraken.com', input: () => ({})},
  {name: 'voices', words: ['voice-generator', 'list_voices'], home: 'https://api.elevenlabs.io', input: () => ({limit: 1}), other: () => ({limit: 2})},
  {name: 'voice', words: ['voice-generator', 'generate_voice'], home: 'https://api.elevenlabs.io', input: () => ({text: 'Hello'}), other: () => ({text: 'Good bye'})},
];

/// Far ends on one port; each says back what it was sent with. `seen`: every request.
export async function startFarEnds(folder) {
  const seen = [];
  let asked = 0;
  const answer = ({method, url, headers}, body) => {
    const echo = `${headers.authorization ?? ''} ${headers['api-key'] ?? ''} ${headers['api-sign'] ?? ''} ${headers['xi-api-key'] ?? ''} ${body}`;
    if (url.startsWith('/page')) return ['text/html', page];
    if (url === '/repos/o/r') return ['application/json', {full_name: 'o/r', default_branch: 'main', description: echo}];
    if (url === '/v2/scrape') return ['application/json', {success: true, data: {markdown: `# Home ${echo}`, metadata}}];
    if (url === `/v2/crawl/${crawlId}`) return ['application/json', crawl(++asked % 2 === 1 ? 'scraping' : 'completed')];
    if (url === '/0/private/Balance') return ['application/json', {error: [], result: {ZUSD: '171288.6158'}}];
    if (url.startsWith('/v2/voices')) return ['application/json', {voices: [{voice_id: 'v1', name: `George ${echo}`, labels: {gender: 'male'}}], has_more: false}];
    if (method === 'POST' && url.startsWith('/v1/text-to-speech/')) return ['audio/mpeg', audio];
    return ['text/plain', 'no such page', 404];
  };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      seen.push({headers: request.headers, body, line: `${request.method} ${request.url}`});
      const [type, document, status = 200] = answer(request, body);
      response.writeHead(status, {'content-type': type, 'x-echo': `${request.headers.authorization ?? ''}${request.headers['api-sign'] ?? ''}`});
      response.end(typeof document === 'string' || Buffer.isBuffer(document) ? document : JSON.stringify(document));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const base = `http://127.0.0.1:${server.address().port}`;
  const config = join(folder, 'config.json');
  const providers = ['github', 'firecrawl', 'kraken', 'kraken-public', 'elevenlabs'];
  writeFileSync(config, JSON.stringify({providers: Object.fromEntries(providers.map((name) => [name, {base_url: base}]))}));
  return {
    base, config, seen,
    async stop() {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/// What a call came to, as scripts compare it.
export const settled = (text) => { const {status, output, content, error} = JSON.parse(text); return {status, output, content, error}; };
/// What the host added to requests, and must not be in a file.
export const added = (seen) => seen.flatMap(({headers, body}) => [headers.authorization, headers['api-sign'], new URLSearchParams(body).get('nonce')]).filter(Boolean);
