// The official clients over HTTP and stdio: they find the tools and call them.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {clients, connectHttp, connectStdio} from './support/clients.mjs';
import {scratch, startGateway} from './support/gateway.mjs';

const metaTools = ['discover', 'use_tool'];

async function exercise(client) {
  const {tools} = await client.listTools();
  const names = tools.map((tool) => tool.name);
  for (const name of metaTools) assert.ok(names.includes(name), `${name} is listed`);
  assert.deepEqual(names, [...new Set(names)], 'no name twice');
  for (const tool of tools) {
    assert.ok(tool.description.length > 0);
    assert.equal(tool.inputSchema.type, 'object');
  }

  const found = await client.callTool({name: 'discover', arguments: {query: 'echo'}});
  assert.ok(!found.isError);
  assert.ok(JSON.parse(found.content[0].text).tools.some((tool) => tool.name === 'echo'));

  const message = 'héllo "wörld" 漢字 \u0001';
  const used = await client.callTool({name: 'use_tool', arguments: {tool: 'echo', skill: 'echo', input: {message}}});
  assert.ok(!used.isError, JSON.stringify(used));
  assert.equal(JSON.parse(used.content[0].text).message, message);

  // A flat name is callable at any exposure.
  const flat = await client.callTool({name: 'echo', arguments: {message}});
  assert.deepEqual(flat.structuredContent, {message});

  const wrong = await client.callTool({name: 'echo', arguments: {message: 7}});
  assert.equal(wrong.isError, true);
  assert.match(wrong.content[0].text, /message/);
  await assert.rejects(client.callTool({name: 'no_such_tool', arguments: {}}), /no_such_tool/);
}

describe('over HTTP', () => {
  let gateway;
  before(async () => { gateway = await startGateway(); });
  after(() => gateway.stop());
  for (const kind of clients) {
    test(`${kind.name} lists and calls`, async () => {
      const client = await connectHttp(kind, gateway.url);
      await exercise(client);
      await client.close();
    });
    test(`${kind.name} sees flat names where the URL asks for them`, async () => {
      const client = await connectHttp(kind, gateway.url, '?expose=flat&tools=echo');
      const {tools} = await client.listTools();
      assert.deepEqual(tools.map((tool) => tool.name).sort(), ['echo', 'echo_paid']);
      const paid = await client.callTool({name: 'echo_paid', arguments: {message: 'x'}});
      assert.equal(paid._meta['dev.toolrack/cost_usd'], 0.000001);
      await client.close();
    });
  }
});

describe('over stdio', () => {
  for (const kind of clients) {
    test(`${kind.name} lists and calls without a gateway`, async () => {
      const client = await connectStdio(kind, scratch());
      await exercise(client);
      await client.close();
    });
  }
  test('attaches to the gateway that runs', async () => {
    const gateway = await startGateway();
    const client = await connectStdio(clients[0], gateway.data);
    await exercise(client);
    await client.close();
    const usage = await (await fetch(`${gateway.url}/v1/usage`)).json();
    assert.ok(usage.usage.some((row) => row.tool === 'echo' && row.calls >= 2), 'the gateway recorded the calls');
    await gateway.stop();
  });
  test('reaches a remote gateway by --url', async () => {
    const gateway = await startGateway();
    const client = await connectStdio(clients[3], scratch(), ['--url', gateway.url]);
    await exercise(client);
    await client.close();
    await gateway.stop();
  });
});
