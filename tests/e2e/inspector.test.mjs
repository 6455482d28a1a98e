// The official Inspector's command line against the gateway and the stdio server.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {environment, examples, program, scratch, startGateway} from './support/gateway.mjs';

const inspector = join(import.meta.dirname, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js');
const home = scratch();

function inspect(args) {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [inspector, '--cli', ...args], {env: environment({HOME: home})});
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => { stdout += chunk; });
    child.stderr.on('data', (chunk) => { stderr += chunk; });
    child.on('exit', (code) => (code === 0 ? done(JSON.parse(stdout)) : fail(new Error(`exit code ${code}: ${stdout}${stderr}`))));
    child.stdin.end();
  });
}

let gateway;
before(async () => { gateway = await startGateway(); });
after(() => gateway.stop());

test('lists tools over HTTP', async () => {
  const {tools} = await inspect([`${gateway.url}/mcp?expose=flat`, '--transport', 'http', '--method', 'tools/list']);
  assert.ok(tools.some((tool) => tool.name === 'echo'));
});

// It calls only what tools/list shows.
test('calls a tool over HTTP', async () => {
  const result = await inspect([`${gateway.url}/mcp?expose=flat`, '--transport', 'http', '--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'message=hi']);
  assert.equal(JSON.parse(result.content[0].text).message, 'hi');
});

test('calls a tool over stdio', async () => {
  const result = await inspect([program, 'stdio', '--expose', 'flat', '--data', scratch(), '--plugins', examples,
                                '--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'message=hi']);
  assert.equal(JSON.parse(result.content[0].text).message, 'hi');
});
