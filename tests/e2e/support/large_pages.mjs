// Pages of 5 MB and more, each ugly in its own way, and what a report must say of them: the numbers come from how a page
// was made, never from a report. Standard library only.
import {createServer} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import {gzipSync} from 'node:zlib';

export const size = 5 << 20;
/// What analyze_page reads of a page when it is not told otherwise.
export const cap = 10 << 20;

const start = '<!doctype html><html lang=en><meta charset=utf-8><title>A large page</title><h1>Large</h1>';
const html = 'text/html; charset=utf-8';

/// {text, count}: unit(0), unit(1), ... until there are `bytes`; for ASCII.
function fill(unit, bytes = size) {
  const parts = [];
  let length = 0;
  while (length < bytes) {
    const part = unit(parts.length);
    length += part.length;
    parts.push(part);
  }
  return {text: parts.join(''), count: parts.length};
}

const link = (i) => `<a href=/${String(i).padStart(6, '0')}>x</a>\n`;
const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const repeated = (piece, count) => Buffer.alloc(piece.length * count, piece);

function links(count) {
  const expected = {total: count, internal: 0, external: 0, nofollow: 0, malformed: 0, without_text: 0};
  const parts = [];
  for (let i = 0; i < count; ++i) {
    const text = i % 500 === 9 ? '' : 'x';
    const rel = i % 10 === 0 ? ' rel=nofollow' : '';
    if (i % 1000 === 7) {
      parts.push('<a href="http://[">x</a>');
      ++expected.malformed;
      continue;
    }
    parts.push(`<a href=${i % 4 === 3 ? '//other.example' : ''}/${i}${rel}>${text}</a>\n`);
    ++expected[i % 4 === 3 ? 'external' : 'internal'];
    if (rel) ++expected.nofollow;
    if (!text) ++expected.without_text;
  }
  return {text: parts.join(''), expected};
}

/// Each: name; what it does to a reader; make() gives {body, type, headers, serve, values: by pointer, has: issues}.
export const pages = [
  {name: 'nesting', what: 'a million open elements', make() {
    const body = bytes(start, '<div>'.repeat(size / 5), 'deep text <a href=/x>link</a>');
    return {body, values: {'/links/total': 1, '/words/count': 4, '/links/samples/0/text': 'link'}, has: ['html.too_deep']};
  }},
  {name: 'text', what: 'one text of 5 MB', make() {
    const {text, count} = fill((i) => `w${i} `);
    return {body: bytes(start, text), values: {'/words/count': count + 1, '/weight/elements': 6}, has: ['weight.html_large']};
  }},
  {name: 'links', what: '200,000 links of every sort', make() {
    const {text, expected} = links(200_000);
    const values = Object.fromEntries(Object.entries(expected).map(([name, value]) => [`/links/${name}`, value]));
    return {body: bytes(start, text), values, has: ['links.too_many', 'links.malformed', 'links.no_text']};
  }},
  {name: 'attributes', what: 'a megabyte in an attribute, several times', make() {
    const long = 'long '.repeat(200_000).trim();
    const body = bytes(start, `<meta name=description content="${long}"><link rel=canonical href="/${'c'.repeat(1 << 20)}">`,
      `<a href="/${'h'.repeat(1 << 20)}" rel="${long}">x</a><img src=i.png alt="${long}">`);
    return {body, values: {'/meta_description/length': long.length, '/links/total': 1, '/links/malformed': 1, '/images/without_alt': 0, '/canonical/count': 1}, has: ['description.too_long', 'links.malformed']};
  }},
  {name: 'attribute-count', what: 'one tag of 600,000 attributes', make() {
    const {text} = fill((i) => ` a${i}=1`);
    return {body: bytes(start, `<p${text}>one <a href=/x>two</a>`), values: {'/links/total': 1, '/words/count': 3}, has: []};
  }},
  {name: 'script', what: 'a script of 5 MB that is full of markup', make() {
    const {text} = fill(() => 'if (a<b) document.write("<a href=/x>y</a>");</scrip\n');
    const body = bytes(start, '<script>', text, '</script><a href=/real>real</a>');
    return {body, values: {'/weight/inline_script_bytes': text.length, '/weight/inline_scripts': 1, '/links/total': 1, '/words/count': 2}, has: ['weight.inline_heavy']};
  }},
  {name: 'json-ld', what: 'structured data of 5 MB', make() {
    const text = `{"@context": "https://schema.org", "@graph": [${fill((i) => `{"@type": "Thing", "name": "${i}"},`).text}{}]}`;
    const body = bytes(start, '<script type=application/ld+json>', text, '</script>');
    return {body, values: {'/json_ld/0/bytes': text.length, '/json_ld/0/valid': false}, has: ['json_ld.invalid']};
  }},
  {name: 'headings', what: 'half a million headings', make() {
    const {text, count} = fill((i) => `<h2>${i % 7 ? 'a' : ''}</h2>`);
    const empty = Math.ceil(count / 7);
    return {body: bytes(start, text), values: {'/headings/counts/h2': count, '/words/count': count - empty + 1}, counts: {'headings.empty': empty}, has: []};
  }},
  {name: 'paragraphs', what: 'a million elements, none closed', make() {
    const {text, count} = fill(() => '<p>x\n');
    return {body: bytes(start, text), values: {'/weight/elements': count + 6, '/words/count': count + 1}, has: []};
  }},
  {name: 'soup', what: 'tables within tables, nothing closed, wrong end tags', make() {
    // </b> closes <i> and <a> too; as HTML has it, both are opened anew before the image: two links a row.
    const {text, count} = fill(() => '<table><tr><td><b><i><a href=/x>text</b></p></span><img src=/i.png alt=>');
    return {body: bytes(start, text), values: {'/links/total': 2 * count, '/images/total': count, '/words/count': count + 1}, has: ['html.too_deep']};
  }},
  {name: 'comment', what: 'a comment that never ends, from the middle on', make() {
    const {text, count} = fill(link, size / 2);
    return {body: bytes(start, text, '<!-- ', fill(link, size / 2).text), values: {'/links/total': count}, has: []};
  }},
  {name: 'broken-utf-8', what: 'two bytes in six are no UTF-8', make() {
    const count = Math.ceil(size / 6);
    return {body: bytes(start, repeated(Buffer.from('ab \xff\xfe ', 'latin1'), count)), values: {'/document/charset/replaced': 2 * count, '/words/count': count + 1}, has: ['charset.invalid_bytes']};
  }},
  {name: 'windows-1251', what: 'Cyrillic in one byte a letter', make() {
    const cyrillic = (text) => Buffer.from([...text].map((c) => (c >= 'А' ? c.charCodeAt(0) - 0x410 + 0xc0 : c.charCodeAt(0))));
    const count = Math.ceil(size / 6);
    const body = bytes('<!doctype html><title>', cyrillic('Большая страница'), '</title><p>', repeated(cyrillic('Слово '), count));
    return {body, type: 'text/html; charset=windows-1251', values: {'/title/text': 'Большая страница', '/title/length': 16, '/document/charset/name': 'windows-1251', '/document/charset/replaced': 0, '/words/count': count}, has: ['charset.legacy']};
  }},
  {name: 'utf-16', what: 'two bytes a letter, told by the byte order mark', make() {
    const {text, count} = fill(link, size / 2);
    return {body: Buffer.from(`\ufeff${start}${text}`, 'utf16le'), type: 'text/html', values: {'/links/total': count, '/document/charset/name': 'UTF-16LE', '/document/charset/source': 'bom', '/title/text': 'A large page'}, has: []};
  }},
  {name: 'euc-jp', what: 'an encoding that needs tables', make() {
    const count = size / 2;
    const [a, i] = [Buffer.from([0xa4, 0xa2]), Buffer.from([0xa4, 0xa4])];
    const body = bytes('<!doctype html><meta charset=euc-jp><title>', a, '</title><p>', repeated(i, count));
    return {body, type: 'text/html', values: {'/title/text': 'あ', '/words/count': count, '/document/charset/name': 'EUC-JP', '/document/charset/source': 'meta'}, has: []};
  }},
  {name: 'gzip', what: 'compressed on its way', make() {
    const {text, count} = fill(link);
    const body = bytes(start, text);
    const packed = gzipSync(body);
    return {body: packed, headers: {'content-encoding': 'gzip'}, values: {'/links/total': count, '/weight/html_bytes': body.length, '/weight/transferred_bytes': packed.length, '/weight/content_encoding': 'gzip'}, has: []};
  }},
  {name: 'slow', what: 'in chunks of 64 KiB with pauses, without a length', make() {
    const {text, count} = fill(link);
    const body = bytes(start, text);
    return {body, serve: {piece: 64 << 10, pause_ms: 3, chunked: true}, values: {'/links/total': count, '/weight/html_bytes': body.length, '/weight/truncated': false}, has: []};
  }},
  {name: 'cut', what: 'the connection breaks in the middle', make() {
    const {text, count} = fill(link, size / 2);
    const body = bytes(start, text, '<a hr');
    return {body, headers: {'content-length': size}, serve: {cut: true}, values: {'/links/total': count, '/weight/html_bytes': body.length, '/weight/truncated': true}, has: ['http.body_cut']};
  }},
  {name: 'endless', what: '60 MB, of which no more is read than the limit', make() {
    const {text} = fill(link, cap);
    const body = bytes(start, text);
    const whole = Math.floor((cap - start.length) / link(0).length);
    return {body, serve: {chunked: true, piece: 256 << 10, total: 60 << 20}, values: {'/links/total': whole, '/weight/html_bytes': cap, '/weight/truncated': true}, has: ['http.body_cut'], sent_at_most: 24 << 20};
  }},
  {name: 'gzip-bomb', what: '60 MB out of 60 KB', make() {
    const body = gzipSync(repeated(Buffer.from('bomb '), 12 << 20));
    return {body, headers: {'content-encoding': 'gzip'}, values: {'/weight/html_bytes': cap, '/weight/truncated': true, '/words/count': Math.ceil(cap / 5)}, has: ['http.body_cut']};
  }},
];

async function send(page, response) {
  const {body, type = html, headers = {}, serve = {}} = page;
  response.writeHead(200, {'content-type': type, ...(serve.chunked ? {} : {'content-length': body.length}), ...headers});
  const total = serve.total ?? body.length;
  const piece = serve.piece ?? body.length;
  let sent = 0;
  while (sent < total && !response.destroyed) {
    if (sent > 0 && serve.pause_ms) await delay(serve.pause_ms);
    const at = sent % body.length;
    const part = body.subarray(at, Math.min(at + piece, at + total - sent));
    // `close` comes instead of the callback when the reader has left.
    await new Promise((done) => {
      response.once('close', done);
      response.write(part, () => (response.off('close', done), done()));
    });
    sent += part.length;
  }
  page.most_sent = Math.max(page.most_sent ?? 0, sent);
  if (serve.cut) response.destroy();
  else response.end();
}

/// Makes and serves them on a free port of 127.0.0.1: {pages with body and url, close()}.
export async function startLargePageServer() {
  const made = pages.map(({name, what, make}) => ({name, what, ...make()}));
  const server = createServer((request, response) => {
    const page = made.find(({name}) => request.url === `/${name}`);
    if (page) return send(page, response);
    response.writeHead(404).end();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  for (const page of made) page.url = `http://127.0.0.1:${server.address().port}/${page.name}`;
  return {pages: made, close: () => (server.closeAllConnections(), server.close())};
}
