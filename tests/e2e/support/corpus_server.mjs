// Serves the pages of tests/data/seo over HTTP as their meta.json says: status, headers, redirects, gzip, slow pieces,
// connections that break off. Standard library only.
//
//   node corpus_server.mjs     prints one line {"port": 1234, "cases": {"good": "http://127.0.0.1:1234/good/", ...}}
//
// A case is found at /<name>/, its redirects below it. A case with a robots.txt has a port of its own, since that file
// belongs to an origin. The server ends with its standard input, so that it never outlives the test that started it.
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const corpus = join(dirname(fileURLToPath(import.meta.url)), '../../data/seo');

function readCase(name) {
  const meta = JSON.parse(readFileSync(join(corpus, name, 'meta.json'), 'utf8'));
  const page = join(corpus, name, 'page.html');
  let body = existsSync(page) ? readFileSync(page) : Buffer.alloc(0);
  if (meta.repeat) {
    const at = body.indexOf(meta.repeat.marker);
    const many = Buffer.from(meta.repeat.text.repeat(meta.repeat.count));
    body = Buffer.concat([body.subarray(0, at), many, body.subarray(at + meta.repeat.marker.length)]);
  }
  return { name, meta, body };
}

async function sendPage({ meta, body }, response) {
  const serve = meta.serve ?? {};
  const bytes = serve.gzip ? gzipSync(body) : body;
  const headers = { ...meta.headers };
  // A length that is never reached: the client sees the connection break off.
  headers['content-length'] = serve.cut ? bytes.length + 1000 : bytes.length;
  response.writeHead(meta.status, headers);
  const piece = serve.piece_bytes ?? Math.max(bytes.length, 1);
  for (let at = 0; at < bytes.length; at += piece) {
    if (at > 0) await delay(serve.piece_delay_ms ?? 0);
    if (response.destroyed) return;
    await new Promise((done) => response.write(bytes.subarray(at, at + piece), done));
  }
  if (serve.cut) {
    response.destroy();
  } else {
    response.end();
  }
}

function sendRedirect({ name, meta }, [, status, location], response) {
  const isOwnPath = location.startsWith('/') && location !== `/${name}/`;
  response.writeHead(status, { ...(meta.redirect_headers ?? {}), location: isOwnPath ? `/${name}${location}` : location });
  response.end('moved');
}

function answer(cases, request, response) {
  const path = new URL(request.url, 'http://corpus.invalid').pathname;
  if (path === '/robots.txt') {
    const robots = cases.find((each) => each.meta.robots_txt)?.meta.robots_txt;
    response.writeHead(robots?.status ?? 404, { 'content-type': 'text/plain' });
    return response.end(robots?.body ?? 'no robots.txt');
  }
  const found = cases.find(({ name }) => path.startsWith(`/${name}/`));
  const rest = found && path.slice(found.name.length + 1);
  const hop = found?.meta.redirects?.find(([from]) => from === rest);
  if (hop) return sendRedirect(found, hop, response);
  if (rest === '/') return sendPage(found, response);
  response.writeHead(404, { 'content-type': 'text/plain' });
  return response.end('no such page');
}

async function listen(cases) {
  const server = createServer((request, response) => answer(cases, request, response));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

/** Starts serving; {port, cases: URL by name, close()}. */
export async function startCorpusServer() {
  const all = readdirSync(corpus, { withFileTypes: true }).filter((each) => each.isDirectory()).map((each) => readCase(each.name));
  const groups = [all.filter(({ meta }) => !meta.robots_txt), ...all.filter(({ meta }) => meta.robots_txt).map((each) => [each])];
  const servers = [];
  const cases = {};
  for (const group of groups) {
    const server = await listen(group);
    servers.push(server);
    for (const { name, meta } of group) {
      cases[name] = `http://127.0.0.1:${server.address().port}/${name}${meta.serve?.start ?? '/'}`;
    }
  }
  const close = () => servers.forEach((server) => (server.closeAllConnections(), server.close()));
  return { port: servers[0].address().port, cases, close };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { port, cases, close } = await startCorpusServer();
  process.stdout.write(`${JSON.stringify({ port, cases })}\n`);
  process.stdin.on('end', close).resume();
}
