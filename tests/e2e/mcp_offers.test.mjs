// Resources, prompts and completions of a plugin, as the official clients see them: in both eras, over HTTP and stdio, with the plugin in
// the gateway's process and in one of its own.
import assert from 'node:assert/strict';
import {copyFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {clients, connectHttp, connectStdio} from './support/clients.mjs';
import {build, examples, isSanitized, scratch, startGateway} from './support/gateway.mjs';

const plugins = scratch();
for (const name of ['lists', 'offers']) copyFileSync(join(build, `tests/plugins/${name}.so`), join(plugins, `${name}.so`));

/// Everything that a client can ask for.
async function exercise(client) {
  const {resources} = await client.listResources();
  const uris = resources.map(({uri}) => uri);
  // What manifests say is in order; then comes what the plugin `lists` lists itself.
  assert.deepEqual(uris, ['notes://index', 'test://both', 'test://bytes', 'test://gone', 'test://nothing', 'test://slow', 'test://text',
    'ui://offers/view', 'notes://1', 'notes://2', 'notes://3']);
  assert.deepEqual(resources.find(({uri}) => uri === 'notes://1')._meta, {'a.example/n': 1});
  assert.equal((await client.readResource({uri: 'notes://3'})).contents[0].text, 'note {"id":"3"}');
  const text = resources.find(({uri}) => uri === 'test://text');
  assert.deepEqual([text.name, text.title, text.mimeType, text.size], ['text', 'A text', 'text/plain', 9]);
  assert.equal(resources.find(({uri}) => uri === 'ui://offers/view').mimeType, 'text/html;profile=mcp-app');
  const {resourceTemplates} = await client.listResourceTemplates();
  assert.deepEqual(resourceTemplates.map(({uriTemplate}) => uriTemplate),
    ['notes://{id}', 'test://files/{+path}', 'test://items/{id}', 'notes://{year}-{month}']);
  assert.equal((await client.readResource({uri: 'notes://2026-11'})).contents[0].text, 'note {"id":"2026-11"}');
  const months = await client.complete({ref: {type: 'ref/resource', uri: 'notes://{year}-{month}'}, argument: {name: 'month', value: ''}});
  assert.deepEqual(months.completion.values, ['notes://{year}-{month}']);

  const [read] = (await client.readResource({uri: 'test://text'})).contents;
  assert.deepEqual(read, {uri: 'test://text', mimeType: 'text/plain', text: 'Some text'});
  const [bytes] = (await client.readResource({uri: 'test://bytes'})).contents;
  assert.deepEqual(bytes, {uri: 'test://bytes', mimeType: 'image/png', blob: Buffer.from('\x89PNG\0\xff', 'latin1').toString('base64')});
  assert.equal((await client.readResource({uri: 'test://both'})).contents.length, 2);
  assert.equal((await client.readResource({uri: 'test://slow'})).contents[0].text, 'slept');
  const [item] = (await client.readResource({uri: 'test://items/a%20b'})).contents;
  assert.deepEqual(item, {uri: 'test://items/a%20b', mimeType: 'application/json', text: '{"id":"a b"}'});
  const [view] = (await client.readResource({uri: 'ui://offers/view'})).contents;
  assert.deepEqual(view._meta, {ui: {prefersBorder: true}});
  for (const uri of ['test://no/such', 'test://gone', 'notes://9']) {
    await assert.rejects(client.readResource({uri}), (error) => {
      assert.ok([-32602, -32002].includes(error.code), `${error.code}: ${error.message}`);
      assert.equal(error.data.uri, uri);
      return true;
    });
  }

  const {prompts} = await client.listPrompts();
  assert.deepEqual(prompts.map(({name}) => name), ['lists_fixed', 'offers_broken', 'offers_greet', 'offers_hello', 'offers_rich', 'lists_made']);
  const made = await client.getPrompt({name: 'lists_made', arguments: {q: 'x'}});
  assert.equal(made.messages[0].content.text, 'made {"q":"x"}');
  await assert.rejects(client.getPrompt({name: 'lists_none'}), /it was never made/);
  assert.deepEqual(prompts[2].arguments.map(({name, required}) => [name, required ?? false]), [['who', true], ['tone', false]]);
  const greeting = await client.getPrompt({name: 'offers_greet', arguments: {who: 'Ωmega'}});
  assert.equal(greeting.description, 'From greet');
  assert.deepEqual(greeting.messages, [{role: 'user', content: {type: 'text', text: '{"who":"Ωmega"}'}}]);
  const rich = await client.getPrompt({name: 'offers_rich'});
  assert.deepEqual(rich.messages.map(({content}) => content.type), ['image', 'audio', 'resource_link', 'resource']);
  await assert.rejects(client.getPrompt({name: 'offers_greet'}), /needs the argument "who"/);
  await assert.rejects(client.getPrompt({name: 'offers_no_such'}), /offers_no_such/);
  await assert.rejects(client.getPrompt({name: 'offers_broken'}), {code: -32603});

  const who = await client.complete({ref: {type: 'ref/prompt', name: 'offers_greet'}, argument: {name: 'who', value: 'm'}});
  assert.equal(who.completion.values[0], 'greet');
  const tones = await client.complete({ref: {type: 'ref/prompt', name: 'offers_greet'}, argument: {name: 'tone', value: ''}});
  assert.equal(tones.completion.values.length, 100);
  assert.deepEqual([tones.completion.total, tones.completion.hasMore], [101, true]);
  const id = await client.complete({ref: {type: 'ref/resource', uri: 'test://items/{id}'}, argument: {name: 'id', value: ''},
    context: {arguments: {a: 'b'}}});
  assert.deepEqual(JSON.parse(id.completion.values[1]).context, {arguments: {a: 'b'}});

  const {tools} = await client.listTools();
  assert.equal(tools.find(({name}) => name === 'offers_show')._meta.ui.resourceUri, 'ui://offers/view');
}

for (const isolation of ['in_process', 'worker']) {
  describe(isolation, () => {
    let gateway;
    before(async () => {
      const config = join(scratch(), 'toolrack.json');
      // A sanitizer reserves terabytes.
      writeFileSync(config, JSON.stringify({isolation: {default: isolation, ...(isSanitized && {max_memory_mb: 1073741824})}}));
      gateway = await startGateway({plugins: [examples, plugins], args: ['--config', config]});
    });
    after(() => gateway.stop());
    for (const kind of clients) {
      test(`${kind.name} over HTTP`, async () => {
        const client = await connectHttp(kind, gateway.url, '?expose=flat');
        await exercise(client);
        await client.close();
      });
      test(`${kind.name} over stdio`, async () => {
        const client = await connectStdio(kind, gateway.data, ['--expose', 'flat']);
        await exercise(client);
        await client.close();
      });
    }
    test('is recorded, and costs nothing', async () => {
      const {calls} = await (await fetch(`${gateway.url}/v1/usage/history?limit=500`)).json();
      const own = calls.filter(({tool}) => tool === 'offers');
      for (const skill of ['resources/read', 'prompts/get', 'completion/complete'])
        assert.ok(own.some((call) => call.skill === skill), skill);
      assert.ok(own.every(({cost}) => Number(cost) === 0));
    });
  });
}
