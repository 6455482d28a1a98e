// The official Inspector's command line against the gateway and the stdio server.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {build, environment, examples, program, scratch, startGateway} from './support/gateway.mjs';

const inspector = join(import.meta.dirname, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js');
const home = scratch();

function inspect(args) {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [inspector, '--cli', ...args], {env: environment({HOME: home})});
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => { stdout += chunk; });
    child.stderr.on('data', (chunk) => { stderr += chunk; });
    child.on('close', (code) => (code === 0 ? done(JSON.parse(stdout)) : fail(new Error(`exit code ${code}: ${stdout}${stderr}`))));
    child.stdin.end();
  });
}

let gateway;
before(async () => { gateway = await startGateway({plugins: [examples, join(build, 'examples/conformance')]}); });
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

// Its revision comes from a configuration file only.
for (const protocolEra of ['legacy', 'auto', 'modern']) {
  const ask = (...words) => {
    const config = join(scratch(), 'servers.json');
    const url = `${gateway.url}/mcp?expose=flat&tools=conformance`;
    writeFileSync(config, JSON.stringify({mcpServers: {rack: {type: 'streamable-http', url, protocolEra}}}));
    return inspect(['--config', config, '--server', 'rack', ...words]);
  };

  test(`reads resources (${protocolEra})`, async () => {
    const {resources} = await ask('--method', 'resources/list');
    assert.deepEqual(resources.map(({uri}) => uri), ['test://static-binary', 'test://static-text', 'test://watched-resource']);
    const {resourceTemplates} = await ask('--method', 'resources/templates/list');
    assert.deepEqual(resourceTemplates.map(({uriTemplate}) => uriTemplate), ['test://template/{id}/data']);
    const {contents} = await ask('--method', 'resources/read', '--uri', 'test://template/7/data');
    assert.equal(JSON.parse(contents[0].text).id, '7');
  });

  test(`gets prompts (${protocolEra})`, async () => {
    const {prompts} = await ask('--method', 'prompts/list');
    assert.ok(prompts.some(({name}) => name === 'test_simple_prompt'));
    const {messages} = await ask('--method', 'prompts/get', '--prompt-name', 'test_prompt_with_arguments', '--prompt-args', 'arg1=a', 'arg2=b');
    assert.equal(messages[0].content.text, "Prompt with arguments: arg1='a', arg2='b'");
  });

  test(`finds nothing in the lists that a strict client would not take (${protocolEra})`, async () => {
    const {tools} = await ask('--method', 'tools/list', '--strict');
    assert.ok(tools.length > 20);
  });
}
