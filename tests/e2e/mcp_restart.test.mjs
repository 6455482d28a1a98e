// Clients of sessions go on when their gateway ends and another starts with its data at its port: nobody connects again by hand.
import assert from 'node:assert/strict';
import {rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {StreamableHTTPClientTransport as Http2} from '@modelcontextprotocol/client';
import {StreamableHTTPClientTransport as Http1} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {ToolListChangedNotificationSchema} from '@modelcontextprotocol/sdk/types.js';
import {clients} from './support/clients.mjs';
import {examples, keptPort, scratch, startGateway} from './support/gateway.mjs';
import {library} from './support/swapped.mjs';

const [v1, legacy] = clients;
/// As the clients' own, but for the pauses and how often: a sanitized gateway takes its time to start.
const reconnectionOptions = {initialReconnectionDelay: 100, maxReconnectionDelay: 500, reconnectionDelayGrowFactor: 1.5, maxRetries: 100};

async function connect(kind, url) {
  const client = kind.make();
  const Transport = kind === v1 ? Http1 : Http2;
  await client.connect(new Transport(new URL(`${url}/mcp?expose=flat`), {reconnectionOptions}));
  return client;
}

/// Resolves when the client is told that the tools have changed.
function nextChange(client, kind) {
  return new Promise((heard) => {
    if (kind === v1) client.setNotificationHandler(ToolListChangedNotificationSchema, heard);
    else client.setNotificationHandler('notifications/tools/list_changed', heard);
  });
}

for (const kind of [v1, legacy])
  for (const end of ['SIGTERM', 'SIGKILL'])
    test(`${kind.name}: calls and news go on after ${end}`, async () => {
      const plugins = scratch();
      const setUp = {data: scratch(), plugins: [examples, plugins], port: await keptPort()};
      let gateway = await startGateway(setUp);
      const client = await connect(kind, gateway.url);
      const names = async () => (await client.listTools()).tools.map(({name}) => name);
      const before = await names();
      assert.ok(before.includes('echo'));

      for (let restart = 0; restart < 3; ++restart) {
        await gateway.stop(end);
        gateway = await startGateway(setUp);
        const result = await client.callTool({name: 'echo', arguments: {message: `restart ${restart}`}});
        assert.equal(JSON.parse(result.content[0].text).message, `restart ${restart}`);
      }

      // Its stream comes again by itself, and hears what happens from then on.
      const change = nextChange(client, kind);
      const heard = change.then(() => true);
      const at = join(plugins, 'swapped.so');
      for (let there = false, isHeard = false; !isHeard; there = !there) {
        if (there) rmSync(at); else writeFileSync(at, library(1));
        isHeard = await Promise.race([heard, new Promise((next) => setTimeout(next, 2_000, false))]);
      }
      await client.close();
      await gateway.stop();
    });
