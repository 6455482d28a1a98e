// Clients that listen hear of plugins that come and go, over every transport and in both eras.
import assert from 'node:assert/strict';
import {copyFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {SSEClientTransport} from '@modelcontextprotocol/sdk/client/sse.js';
import {ToolListChangedNotificationSchema} from '@modelcontextprotocol/sdk/types.js';
import {clients, connectHttp} from './support/clients.mjs';
import {ear} from './support/ear.mjs';
import {build, environment, post, program, run, scratch, startGateway} from './support/gateway.mjs';
import {library} from './support/swapped.mjs';

const [v1, legacy, , modern] = clients;
const stopped = [];
after(() => Promise.all(stopped.map((stop) => stop())));

/// A gateway with an empty plugin directory, into which `drop` puts a tool.
async function serve(config = {}) {
  const plugins = scratch();
  const file = join(scratch(), 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const gateway = await startGateway({plugins: [plugins], args: ['--config', file]});
  stopped.push(() => gateway.stop());
  const at = join(plugins, 'swapped.so');
  let generation = 0;
  return {...gateway, plugins, drop: () => writeFileSync(at, library(++generation)), remove: () => rmSync(at)};
}

function listenFor(client, kind, one) {
  if (kind === v1) client.setNotificationHandler(ToolListChangedNotificationSchema, one.hear);
  else client.setNotificationHandler('notifications/tools/list_changed', one.hear);
}

/// A client whose stream may not be open yet misses the first changes, and hears the next.
async function changesUntilHeard(gateway, one) {
  for (let there = false; one.heard === 0; there = !there) {
    if (there) gateway.remove(); else gateway.drop();
    await Promise.race([one.next(1), new Promise((next) => setTimeout(next, 2_000))]);
  }
}

for (const kind of [v1, legacy])
  test(`${kind.name} hears of a tool on the stream of its session`, async () => {
    const gateway = await serve();
    const one = ear();
    const client = await connectHttp(kind, gateway.url, '?expose=flat');
    listenFor(client, kind, one);
    await changesUntilHeard(gateway, one);
    await client.close();
  });

test('a listening client hears each real change once, and nothing of a build that shows the same', async () => {
  const gateway = await serve();
  const one = ear();
  const client = await connectHttp(modern, gateway.url, '?expose=flat');
  listenFor(client, modern, one);
  const subscription = await client.listen({toolsListChanged: true, promptsListChanged: true});
  assert.equal(subscription.honoredFilter.toolsListChanged, true);

  gateway.drop();
  await one.next(1);
  assert.ok((await client.listTools()).tools.some((tool) => tool.name.startsWith('swapped_')));
  gateway.drop(); // Another build of the same manifest.
  for (;;) {
    const {json} = await post(`${gateway.url}/v1/tools/call`, {tool: 'swapped', skill: 'which', input: {ms: 0}});
    if (Number(json?.output?.generation) === 2) break;
  }
  gateway.remove();
  await one.next(2);
  assert.ok(!(await client.listTools()).tools.some((tool) => tool.name.startsWith('swapped_')));
  assert.equal(one.heard, 2);
  await subscription.close();
  await client.close();
});

test('a tool hears of its followers again when its worker was killed, and when it was away', async () => {
  const plugins = scratch();
  const at = join(plugins, 'offers.so');
  const put = () => copyFileSync(join(build, 'tests/plugins/offers.so'), at);
  put();
  const config = join(scratch(), 'config.json');
  writeFileSync(config, JSON.stringify({isolation: {plugins: {'test/offers': 'worker'}}}));
  const gateway = await startGateway({plugins: [plugins], args: ['--config', config]});
  stopped.push(() => gateway.stop());
  const until = async (holds) => {
    while (!await holds()) await new Promise((next) => setTimeout(next, 50));
  };
  const told = async () => {
    const {calls} = await (await fetch(`${gateway.url}/v1/usage/history?limit=500`)).json();
    return calls.filter(({tool, skill}) => tool === 'offers' && skill === 'resources/subscribe').length;
  };
  const offers = async () => {
    const {stdout} = await run(['--data', gateway.data, '--format', 'json', 'plugins']);
    return JSON.parse(stdout).plugins.find((file) => file.tool === 'test/offers');
  };

  const client = await connectHttp(modern, gateway.url);
  const subscription = await client.listen({resourceSubscriptions: ['test://text']});
  await until(async () => await told() >= 1);
  process.kill((await offers()).worker.process, 'SIGKILL');
  await until(async () => await told() >= 2);
  rmSync(at);
  await until(async () => (await fetch(`${gateway.url}/v1/tools/offers`)).status === 404);
  put();
  await until(async () => await told() >= 3);
  assert.equal(await told(), 3, 'once each time');
  await subscription.close();
  await client.close();
});

test('the transport of 2024-11-05 is served where it is wanted, and tells news, too', async () => {
  const without = await serve();
  assert.equal((await fetch(`${without.url}/sse`)).status, 404);

  const gateway = await serve({mcp: {http_sse: true}});
  const one = ear();
  const client = v1.make();
  listenFor(client, v1, one);
  await client.connect(new SSEClientTransport(new URL(`${gateway.url}/sse?expose=flat`)));
  assert.ok((await client.listTools()).tools.length > 0);
  await changesUntilHeard(gateway, one);
  await client.close();
});

for (const kind of [v1, legacy, modern])
  test(`${kind.name} hears of a tool over stdio`, async () => {
    const gateway = await serve();
    const one = ear();
    const client = kind.make();
    listenFor(client, kind, one);
    await client.connect(new kind.Stdio({
      command: program, args: ['stdio', '--data', gateway.data, '--expose', 'flat'], env: environment(), stderr: 'inherit'}));
    const subscription = kind === modern ? await client.listen({toolsListChanged: true}) : undefined;
    await changesUntilHeard(gateway, one);
    await subscription?.close();
    await client.close();
  });

test('the stream of a stdio session outlives its gateway', async () => {
  const gateway = await serve();
  const one = ear();
  const client = v1.make();
  listenFor(client, v1, one);
  await client.connect(new v1.Stdio({
    command: program, args: ['stdio', '--data', gateway.data, '--expose', 'flat'], env: environment(), stderr: 'inherit'}));
  await gateway.stop();
  const next = await startGateway({data: gateway.data, plugins: [gateway.plugins]});
  stopped.push(() => next.stop());
  await changesUntilHeard(gateway, one);
  await client.close();
});

test('a gateway that stops ends the streams at once', async () => {
  const gateway = await serve();
  const client = await connectHttp(modern, gateway.url);
  const subscription = await client.listen({toolsListChanged: true});
  const began = performance.now();
  const {code} = await gateway.stop();
  assert.equal(code, 0);
  assert.ok(performance.now() - began < 19_000, 'nothing waits for who listens, as for calls, which have 20 s');
  await subscription.close();
  await client.close();
});
