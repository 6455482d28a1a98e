// Every message that is emitted is valid by the official schema of its revision.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {copyFileSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {build, environment, examples, post, scratch, source, startGateway} from './support/gateway.mjs';

const revisions = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'];

/// A check of `value` against one definition of a revision's schema.
function validators(revision) {
  const schema = JSON.parse(readFileSync(`${source}/tests/data/mcp-schema/${revision}/schema.json`));
  const root = schema.$defs ? '$defs' : 'definitions';
  const ajv = new (schema.$defs ? Ajv2020 : Ajv)({strict: false, allErrors: true});
  addFormats(ajv);
  ajv.addFormat('byte', true);
  ajv.addSchema(schema, 'mcp');
  return (name, value) => {
    const check = ajv.getSchema(`mcp#/${root}/${name}`) ?? assert.fail(`${revision} has no ${name}`);
    assert.ok(check(value), `${name}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(value).slice(0, 2000)}`);
  };
}

/// What the unit tests make of all that is emitted and needs a tool or a client of its own: made anew, so none is of another build.
const samples = scratch();
const made = spawnSync(join(build, 'tests/mcp_tests'), ['--gtest_filter=*Samples*', '--gtest_brief=1'],
  {env: environment({TOOLRACK_MCP_SAMPLES: samples}), encoding: 'utf8'});

/// The samples of what comes on streams, which no request of this file meets.
function streamSamples(revision) {
  const both = ['progress', 'log', 'log-with-fields', 'news-tools', 'news-prompts', 'news-resources', 'news-updated', 'answer-after-progress'];
  if (revision >= '2026') return [...both, 'acknowledged', 'listen-end', 'input-required'];
  const asked = ['sample', 'roots', ...(revision >= '2025-06' ? ['form'] : []), ...(revision >= '2025-11' ? ['url'] : [])];
  return [...both, 'taken-back', ...asked.map((kind) => `question-${kind}`), ...asked.map((kind) => `answer-after-${kind}`),
    ...(revision >= '2025-11' ? ['page-done'] : []), ...(revision === '2025-03-26' ? ['batch'] : [])];
}

let gateway;
before(async () => {
  const plugins = scratch();
  for (const name of ['lists', 'offers']) copyFileSync(join(build, `tests/plugins/${name}.so`), join(plugins, `${name}.so`));
  gateway = await startGateway({plugins: [examples, plugins]});
});
after(() => gateway.stop());

const meta = (revision) => ({
  'io.modelcontextprotocol/protocolVersion': revision,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': {name: 'e2e', version: '1'},
});

/// Sends a method the way the revision wants it.
async function send(revision, method, params = {}, query = '') {
  const modern = revision >= '2026';
  const headers = {'mcp-protocol-version': revision};
  if (modern) {
    headers['mcp-method'] = method;
    if (params.name ?? params.uri) headers['mcp-name'] = params.name ?? params.uri;
  } else if (revision < '2025-06') {
    delete headers['mcp-protocol-version'];
    const opened = await post(`${gateway.url}/mcp`, {jsonrpc: '2.0', id: 0, method: 'initialize',
      params: {protocolVersion: revision, capabilities: {}, clientInfo: {name: 'e2e', version: '1'}}});
    headers['mcp-session-id'] = opened.headers.get('mcp-session-id');
  }
  const body = {jsonrpc: '2.0', id: 'a 1', method, params: modern ? {...params, _meta: meta(revision)} : params};
  const reply = await post(`${gateway.url}/mcp${query}`, body, headers);
  assert.equal(reply.json.id, 'a 1');
  return reply.json;
}

for (const revision of revisions) {
  describe(revision, () => {
    const valid = validators(revision);
    const modern = revision >= '2026';
    const response = (message) => valid(modern ? 'JSONRPCResultResponse' : 'JSONRPCResponse', message);
    const failure = (message) => valid(modern || revision === '2025-11-25' ? 'JSONRPCErrorResponse' : 'JSONRPCError', message);

    test('opening', async () => {
      if (modern) {
        const message = await send(revision, 'server/discover');
        response(message);
        valid('DiscoverResult', message.result);
      } else {
        const message = (await post(`${gateway.url}/mcp`, {jsonrpc: '2.0', id: 1, method: 'initialize',
          params: {protocolVersion: revision, capabilities: {}, clientInfo: {name: 'e2e', version: '1'}}})).json;
        response(message);
        valid('InitializeResult', message.result);
        assert.equal(message.result.protocolVersion, revision);
      }
    });
    for (const query of ['', '?expose=flat']) {
      test(`tools/list${query}`, async () => {
        const message = await send(revision, 'tools/list', {}, query);
        response(message);
        valid('ListToolsResult', message.result);
        assert.ok(message.result.tools.length >= 2);
      });
    }
    test('a call that succeeds', async () => {
      const message = await send(revision, 'tools/call', {name: 'echo', arguments: {message: 'x'}});
      response(message);
      valid('CallToolResult', message.result);
    });
    test('a meta-tool that succeeds', async () => {
      const message = await send(revision, 'tools/call', {name: 'discover', arguments: {query: '*'}});
      response(message);
      valid('CallToolResult', message.result);
    });
    test('a call that fails', async () => {
      const message = await send(revision, 'tools/call', {name: 'echo', arguments: {}});
      response(message);
      valid('CallToolResult', message.result);
      assert.equal(message.result.isError, true);
    });
    for (const [method, definition] of [['resources/list', 'ListResourcesResult'],
      ['resources/templates/list', 'ListResourceTemplatesResult'], ['prompts/list', 'ListPromptsResult']]) {
      test(method, async () => {
        const message = await send(revision, method, {}, '?expose=flat');
        response(message);
        valid(definition, message.result);
        assert.ok(Object.values(message.result).find(Array.isArray).length >= 3);
      });
    }
    for (const uri of ['test://text', 'test://bytes', 'test://both', 'test://items/1', 'ui://offers/view', 'notes://1']) {
      test(`reading ${uri}`, async () => {
        const message = await send(revision, 'resources/read', {uri});
        response(message);
        valid('ReadResourceResult', message.result);
      });
    }
    for (const name of ['offers_hello', 'offers_rich']) {
      test(`the prompt ${name}`, async () => {
        const message = await send(revision, 'prompts/get', {name});
        response(message);
        valid('GetPromptResult', message.result);
      });
    }
    test('a completion', async () => {
      const message = await send(revision, 'completion/complete',
        {ref: {type: 'ref/prompt', name: 'offers_greet'}, argument: {name: 'tone', value: 'a'}});
      response(message);
      valid('CompleteResult', message.result);
    });
    test('an unknown resource', async () => failure(await send(revision, 'resources/read', {uri: 'test://no/such'})));
    test('an unknown prompt', async () => failure(await send(revision, 'prompts/get', {name: 'nothing'})));
    const files = readdirSync(samples).filter((file) => file.startsWith(revision));
    test('everything has its sample', () => {
      assert.equal(made.status, 0, `${made.error ?? ''}${made.stdout}${made.stderr}`);
      const absent = streamSamples(revision).filter((name) => !files.includes(`${revision}-${name}.json`));
      assert.deepEqual(absent, []);
      assert.ok(files.length > streamSamples(revision).length, 'answers have samples, too');
    });
    for (const file of files) {
      test(`sample ${file}`, () => {
        const {checks} = JSON.parse(readFileSync(join(samples, file)));
        assert.ok(checks.length > 0);
        for (const {definition, value} of checks) valid(definition, value);
      });
    }
    test('an unknown tool', async () => failure(await send(revision, 'tools/call', {name: 'nothing', arguments: {}})));
    test('an unknown method', async () => failure(await send(revision, 'no/such')));
  });
}
