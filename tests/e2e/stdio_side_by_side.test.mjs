// Several stdio processes on one data directory: side by side with a gateway, without one, and after its death.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {clients, connectStdio} from './support/clients.mjs';
import {scratch, startGateway} from './support/gateway.mjs';

async function works(client, message) {
  const result = await client.callTool({name: 'echo', arguments: {message}});
  assert.deepEqual(result.structuredContent, {message});
}

const [sdk1, , , modern] = clients;

test('two started at once on the directory of a running gateway work side by side', async (context) => {
  const gateway = await startGateway();
  context.after(() => gateway.stop('SIGKILL'));
  const [a, b] = await Promise.all([connectStdio(sdk1, gateway.data), connectStdio(modern, gateway.data)]);
  await Promise.all(Array.from({length: 40}, (_, i) => works(i % 2 ? a : b, `call ${i}`)));
  await Promise.all([a.close(), b.close()]);
  await gateway.stop();
});

test('two started at once without a gateway work side by side', async () => {
  const data = scratch();
  const [a, b] = await Promise.all([connectStdio(sdk1, data), connectStdio(modern, data)]);
  await Promise.all(Array.from({length: 40}, (_, i) => works(i % 2 ? a : b, `call ${i}`)));
  await Promise.all([a.close(), b.close()]);
});

test('a kill of the gateway leaves the attached ones working', async (context) => {
  const gateway = await startGateway();
  context.after(() => gateway.stop('SIGKILL'));
  const [a, b] = await Promise.all([connectStdio(sdk1, gateway.data), connectStdio(modern, gateway.data)]);
  await works(a, 'before');
  await works(b, 'before');
  await gateway.stop('SIGKILL');
  await a.listTools();
  await b.listTools();
  await works(a, 'after');
  await works(b, 'after');
  await Promise.all([a.close(), b.close()]);
});

test('a kill of the one that owns the directory leaves the other working', async () => {
  const data = scratch();
  const first = await connectStdio(sdk1, data);
  await works(first, 'owner');
  const second = await connectStdio(modern, data);
  await works(second, 'guest');
  process.kill(first.transport.pid, 'SIGKILL');
  await second.listTools();
  await works(second, 'alone');
  await second.close();
});
