// Seeds for the fuzz targets out of the lists of tests/data, so that the two never differ: `seeds(target)` gives the inputs
// as buffers. What no list holds stands in tests/fuzz/corpus.
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const data = (name) => join(root, 'tests/data', name);
const rows = (name) => (existsSync(data(name)) ? JSON.parse(readFileSync(data(name), 'utf8')) : []);
const files = (folder, suffix) => (existsSync(folder) ? readdirSync(folder, {recursive: true}) : [])
    .filter((name) => name.endsWith(suffix)).sort().map((name) => readFileSync(join(folder, name)));

function* http() {
  for (const row of [...rows('http_attacks.json'), ...rows('http_odd_requests.json')]) {
    if (row.bytes) yield row.bytes;
    if (row.control) yield row.control;
  }
  for (const row of rows('host_origin.json'))
    yield `GET /v1/tools HTTP/1.1\r\nHost: ${row.host}\r\n${row.origin === undefined ? '' : `Origin: ${row.origin}\r\n`}\r\n`;
  for (const row of rows('rest_requests.json')) {
    const body = row.body_text ?? (row.body === undefined ? '' : JSON.stringify(row.body));
    const headers = Object.entries({...(body && {'Content-Type': 'application/json'}), ...row.headers}).filter(([, value]) => typeof value === 'string');
    const head = [`${row.method} ${row.path} HTTP/1.1`, 'Host: localhost', ...headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n');
    yield `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    if (body) yield `${head}\r\nTransfer-Encoding: chunked\r\n\r\n${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  }
  for (const message of mcp()) {
    const [head, body] = message.split('\n\n');
    yield `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${head.replaceAll('\n', '\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  }
}

function* mcp() {
  for (const row of rows('mcp_http.json')) {
    const method = row.body?.method;
    const isModern = row.era !== 'legacy' && row.body && !Array.isArray(row.body);
    const headers = {'Content-Type': 'application/json', Accept: 'application/json, text/event-stream'};
    const body = row.body && structuredClone(row.body);
    if (isModern && method) {
      headers['MCP-Protocol-Version'] = '2026-07-28';
      headers['Mcp-Method'] = String(method);
      const name = body.params?.name ?? body.params?.uri ?? body.params?.taskId;
      if (name !== undefined) headers['Mcp-Name'] = String(name);
      if (row.meta !== null && (body.params === undefined || body.params?.constructor === Object))
        body.params = {...body.params, _meta: {'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, ...row.meta, ...body.params?._meta}};
    }
    Object.assign(headers, row.headers);
    const lines = Object.entries(headers).filter(([, value]) => typeof value === 'string').map(([name, value]) => `${name}: ${value}`);
    yield `${lines.join('\n')}\n\n${row.body_text ?? JSON.stringify(body ?? {})}`;
  }
}

/// The control, and the control as each row of the attacks changes it (tests/unit/registry/manifest_test.cpp reads them the same way).
function* manifests() {
  const control = readFileSync(data('manifest_control.json'), 'utf8');
  const place = (document, pointer) => {
    const names = pointer.split('/').slice(1).map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = names.pop();
    return [names.reduce((at, name) => at?.[name], document), last];
  };
  const build = ({list, open = '', item = '', close = '', times = 1}) => (list
    ? Array.from({length: times}, (_, i) => list.replace('{i}', i)).join(',')
    : open.repeat(times) + item + close.repeat(times));
  for (const row of rows('manifest_attacks.json')) {
    let text = row.keep_bytes === undefined ? control : control.slice(0, row.keep_bytes);
    if (row.from) text = text.replace(row.from, () => (row.bomb ? row.to.replace('{bomb}', () => build(row.bomb)) : row.to));
    if (row.remove || row.set) {
      let document = JSON.parse(text);
      for (const pointer of [row.remove ?? []].flat()) {
        const [parent, name] = place(document, pointer);
        if (Array.isArray(parent)) parent.splice(Number(name), 1);
        else if (parent) delete parent[name];
      }
      for (const [pointer, value] of Object.entries(row.set ?? {})) {
        if (pointer === '') { document = value; continue; }
        const [parent, name] = place(document, pointer);
        if (Array.isArray(parent) && name === '-') parent.push(value);
        else if (parent) parent[name] = value;
      }
      text = JSON.stringify(document);
    }
    yield Buffer.from(text, row.bytes ? 'latin1' : 'utf8');
  }
}

function* schemas() {
  for (const text of [...files(join(root, 'manifests/tools'), '.json'), readFileSync(data('manifest_control.json'))])
    for (const skill of JSON.parse(text).skills)
      for (const schema of [skill.input, skill.output])
        if (schema) yield [schema, (skill.examples ?? []).map((example) => (schema === skill.input ? example.input : example.output))];
  for (const text of files(data('json-schema-suite'), '.json')) {
    const groups = JSON.parse(text);
    if (!Array.isArray(groups)) continue;
    for (const group of groups) if (group.tests) yield [group.schema, group.tests.map((test) => test.data)];
  }
}

const targets = {
  http,
  mcp,
  * config() { for (const row of rows('config_errors.json')) yield row.file.join('\n'); },
  * json() {
    yield* manifests();
    for (const row of [...rows('mcp_http.json'), ...rows('rest_requests.json')])
      yield row.body_text ?? JSON.stringify(row.body ?? null);
  },
  * declarative() {
    for (const row of rows('declarative_attacks.json'))
      yield [JSON.stringify(row.request), JSON.stringify(row.input ?? {id: 'a', q: 1}), '{"d":[{"a":1.10}],"next":"b","ok":false}'].join('\n');
    yield ['{"path":"/x","page":{"items":"","link":true}}', '{}', '<?page=2>; rel="prev next"; title="a, b"'].join('\n');
  },
  manifest: manifests,
  * markdown() { yield* files(join(root, 'plugins/seo/knowledge'), '.md'); },
  * schema() { for (const [schema] of schemas()) yield JSON.stringify(schema); },
  * validator() {
    for (const [schema, values] of schemas()) yield [schema, ...values.slice(0, 4)].map((value) => JSON.stringify(value)).join('\n');
  },
  * url() {
    const list = rows('egress_attacks.json');
    for (const row of list.rows) yield row.url.replace('{port}', '8080');
    for (const address of list.addresses) yield `http://${address.includes(':') ? `[${address}]` : address}/\n//${address}\n${address}`;
  },
};

export function seeds(target) {
  return [...(targets[target]?.() ?? [])].map((input) => Buffer.from(input));
}
