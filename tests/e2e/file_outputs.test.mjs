// What becomes of the files that a skill leaves: stored and linked, or refused; and assets in the hands of a plugin.
import assert from 'node:assert/strict';
import {copyFileSync, existsSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {clients, connectHttp} from './support/clients.mjs';
import {build, examples, post, run, scratch, startGateway} from './support/gateway.mjs';

const plugins = scratch();
let gateway;
let owner;
let stranger;
before(async () => {
  copyFileSync(join(build, 'tests/plugins/files.so'), join(plugins, 'files.so'));
  gateway = await startGateway({plugins: [plugins], args: ['--mode', 'hosted']});
  const make = async (account) => JSON.parse(
    (await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', 'k', '--account', account])).stdout).api_key;
  owner = {authorization: `Bearer ${await make('owner')}`};
  stranger = {authorization: `Bearer ${await make('stranger')}`};
});
after(() => gateway.stop());

const call = (skill, input = {}, headers = owner) =>
  post(`${gateway.url}/v1/tools/call`, {tool: 'test/files', skill, input}, headers);
const below = (...folders) => readdirSync(join(gateway.data, 'scratch', ...folders));
/// Directories of calls; a worker process has a folder of its own for those of its plugin.
const left = () => below().flatMap((name) => (name.startsWith('worker-') ? below(name) : [name]));
async function becomesEmpty() {
  while (left().length > 0) await new Promise((next) => setTimeout(next, 5));
}

test('a file becomes an asset with a link', async () => {
  const {status, json, text} = await call('one');
  assert.equal(status, 200, text);
  const {report_url: url, report_asset: asset, ...rest} = json.output;
  assert.deepEqual(rest, {n: 1.5});
  assert.match(asset.id, /^as_/);
  assert.equal(asset.media_type, 'text/plain');
  assert.equal(asset.bytes, 8);
  assert.match(asset.sha256, /^[0-9a-f]{64}$/);
  assert.ok(Date.parse(asset.expires) > Date.now());
  const got = await fetch(url);
  assert.equal(await got.text(), 'a report');
  assert.equal(got.headers.get('etag'), `"${asset.sha256}"`);
  assert.equal((await fetch(`${gateway.url}/v1/assets/${asset.id}`, {headers: stranger})).status, 404);
});

test('at any depth, one or several', async () => {
  const {json, text} = await call('nested');
  assert.equal(json.status, 'success', text);
  const [first, [{deep}]] = json.output.items;
  assert.equal(await (await fetch(first.image_url)).text(), 'A');
  assert.deepEqual(await Promise.all(deep.sound_url.map(async (url) => (await fetch(url)).text())), ['B', 'C']);
  assert.deepEqual(deep.sound_asset.map((asset) => asset.media_type), ['audio/mpeg', 'text/html']);
  assert.equal(json.output.none_path, null);
  assert.equal(json.output.path, '/etc/passwd', 'a member of another name is text, and nobody reads it');
});

for (const kind of clients) {
  test(`${kind.name} sees small files in the result and links to others`, async () => {
    const client = kind.make();
    await client.connect(new kind.Http(new URL(`${gateway.url}/mcp`), {requestInit: {headers: owner}}));
    try {
      const {content, structuredContent} = await client.callTool({name: 'use_tool', arguments: {tool: 'test/files', skill: 'nested', input: {}}});
      const [text, image, sound, page] = content;
      assert.deepEqual(JSON.parse(text.text), structuredContent);
      assert.deepEqual([image.type, image.mimeType, atob(image.data)], ['image', 'image/png', 'A']);
      assert.deepEqual([sound.type, sound.mimeType, atob(sound.data)], ['audio', 'audio/mpeg', 'B']);
      assert.deepEqual([page.type, page.mimeType, page.name, page.size], ['resource_link', 'text/html', 'c.html', 1]);
      assert.equal(await (await fetch(page.uri)).text(), 'C');
      assert.equal(content.length, 4);
    } finally { await client.close(); }
  });
}

test('how much stands in a result is for the operator to say', async () => {
  const data = scratch();
  const config = join(data, 'config.json');
  writeFileSync(config, JSON.stringify({mcp: {inline_media_bytes: 0, inline_text_bytes: 4500}}));
  const strict = await startGateway({data, plugins: [plugins, examples], args: ['--config', config]});
  const client = await connectHttp(clients[3], strict.url);
  try {
    const files = await client.callTool({name: 'use_tool', arguments: {tool: 'test/files', skill: 'nested', input: {}}});
    assert.deepEqual(files.content.filter(({type}) => type === 'resource_link').map(({name}) => name), ['a.png', 'b.mp3', 'c.html']);
    const message = 'x'.repeat(5000);
    const long = await client.callTool({name: 'echo', arguments: {message}});
    const [beginning, link] = long.content;
    assert.equal(beginning.text.length, 4096);
    assert.deepEqual(await (await fetch(link.uri)).json(), {message});
    assert.equal(long._meta['dev.toolrack/truncated'], true);
    assert.deepEqual(long.structuredContent, {message}, 'echo promises a shape, so it is there');
  } finally {
    await client.close();
    await strict.stop();
  }
});

test('what is not in the directory is refused, whatever it is', async () => {
  for (const skill of ['outside', 'above', 'link', 'fifo', 'device']) {
    const {status, json, text} = await call(skill);
    assert.equal(status, 502, `${skill}: ${text}`);
    assert.equal(json.error.code, 'file_refused', skill);
    assert.equal(json.output, undefined);
    assert.ok(!text.includes('root:'), skill);
  }
});

test('a skill that asked for no directory names no file', async () => {
  const {json} = await call('unasked');
  assert.deepEqual(json.output, {x_path: '/etc/passwd'}, 'text, and nobody reads it');
});

test('a directory is gone after its call', async () => {
  const seen = [];
  for (let turn = 0; turn < 5; ++turn)  // Four at a time: a key has five at most.
    seen.push(...(await Promise.all(Array.from({length: 4}, () => call('where')))).map(({json}) => json.output));
  assert.equal(new Set(seen.map(({directory}) => directory)).size, 20, 'each has its own');
  assert.ok(seen.every(({is_same: same}) => same));
  await becomesEmpty();
  assert.ok(seen.every(({directory}) => !existsSync(directory)));
});

test('a plugin writes an asset in pieces and reads it again', async () => {
  const {json, text} = await call('written');
  assert.equal(json.status, 'success', text);
  const asset = json.output;
  assert.equal(asset.bytes, 12);
  assert.equal(await (await fetch(`${gateway.url}/v1/assets/${asset.id}`, {headers: owner})).text(), 'first second');
  assert.deepEqual((await call('reads', {id: asset.id})).json.output, {end: 'second'});
  const refused = await call('reads', {id: asset.id}, stranger);
  assert.equal(refused.json.error.code, 'asset_not_found', refused.text);
});

test('a writer that is not closed leaves nothing', async () => {
  assert.deepEqual((await call('unclosed')).json.output, {appended: true});
  const incoming = () => readdirSync(join(gateway.data, 'assets', 'incoming'));
  while (incoming().length > 0) await new Promise((next) => setTimeout(next, 5));
  const listed = await (await fetch(`${gateway.url}/v1/assets`, {headers: owner})).json();
  assert.ok(!listed.assets.some((asset) => asset.bytes === 10));
});
