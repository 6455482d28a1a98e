// What tools bring to read, found over REST, MCP and the command line: the bundled tool seo carries its documents in the
// library, another tool has them in a folder beside its manifest.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {mkdirSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {clients, connectHttp} from './support/clients.mjs';
import {post, run, scratch, startGateway} from './support/gateway.mjs';

const plugins = scratch();
let gateway;

before(async () => {
  writeFileSync(join(plugins, 'parcels.tool.json'), JSON.stringify({
    manifest: '1.0', owner: 'acme', name: 'parcels', version: '1.0.0', description: 'Follows parcels.',
    knowledge: [{id: 'customs', title: 'Customs', text: 'Duties are paid at the border.', tags: ['tax']}],
    providers: {parcels: {base_url: 'http://127.0.0.1:9'}},
    skills: [{name: 'follow', description: 'Where it is.', input: {type: 'object'}, request: {method: 'GET', path: '/'}}],
  }));
  mkdirSync(join(plugins, 'parcels.knowledge'));
  writeFileSync(join(plugins, 'parcels.knowledge', 'states.md'),
    '---\ntitle: States\n---\n\n# What states mean\n\n## Held\n\nNobody opened the door twice; fetch it at the depot.\n');
  writeFileSync(join(plugins, 'parcels.knowledge', 'notes.txt'), 'No document, though it says depot.');
  gateway = await startGateway({plugins: [plugins]});
});
after(() => gateway.stop());

const search = async (query) => {
  const reply = await fetch(`${gateway.url}/v1/knowledge/search?${new URLSearchParams(query)}`);
  return {status: reply.status, ...await reply.json()};
};

test('a question finds the passage that answers it', async () => {
  const {status, results, method} = await search({tool: 'seo', query: 'umlauts show up as strange symbols', limit: 3});
  assert.equal(status, 200);
  assert.equal(method, 'words');
  assert.ok(results.length > 0 && results.length <= 3);
  assert.equal(results[0].tool, 'toolrack/seo');
  assert.equal(results[0].document, 'encoding');
  assert.equal(results[0].title, 'Character encoding');
  assert.ok(results[0].headings.includes('Character encoding'));
  assert.ok(results[0].text.length > 0 && results[0].score > 0);
});

test('documents of a manifest and of the folder beside it are found, other files are not', async () => {
  assert.equal((await search({tool: 'parcels', query: 'what tax do I pay'})).results[0].document, 'customs');
  const {results} = await search({tool: 'acme/parcels', query: 'where is the depot'});
  assert.equal(results.length, 1);
  assert.deepEqual([results[0].document, results[0].title, results[0].headings], ['states', 'States', ['What states mean', 'Held']]);
});

test('without a tool all of them answer, with one only that one', async () => {
  const everywhere = await search({query: 'depot redirects', limit: 20});
  assert.ok(everywhere.results.some(({tool}) => tool === 'acme/parcels') && everywhere.results.some(({tool}) => tool === 'toolrack/seo'));
  assert.ok((await search({tool: 'seo', query: 'depot redirects', limit: 20})).results.every(({tool}) => tool === 'toolrack/seo'));
  assert.deepEqual((await search({tool: 'github', query: 'depot'})).results, []);
});

test('what cannot be searched is told', async () => {
  assert.equal((await search({tool: 'nobody', query: 'x'})).status, 404);
  assert.equal((await search({tool: 'seo'})).error.type, 'validation');
  assert.equal((await search({query: 'x', limit: 0})).status, 400);
});

test('agents find it among the meta-tools, under both names', async () => {
  const client = await connectHttp(clients[0], gateway.url);
  const {tools} = await client.listTools();
  assert.ok(tools.some(({name}) => name === 'search_knowledge'));
  for (const name of ['search_knowledge', 'knowledge_search']) {
    const reply = await client.callTool({name, arguments: {tool: 'seo', query: 'can I use more than one h1'}});
    assert.equal(JSON.parse(reply.content[0].text).results[0].document, 'headings');
  }
  await client.close();
});

test('the command line takes the tool, then the question', async () => {
  const at = ['--data', gateway.data];
  const text = await run([...at, 'knowledge', 'parcels', 'where', 'is', 'the', 'depot']);
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /^acme\/parcels: States > What states mean > Held\n\nNobody opened the door twice/);
  const json = await run([...at, '--format', 'json', 'knowledge', '*', 'depot', '--limit', '1']);
  assert.equal(JSON.parse(json.stdout).results.length, 1);
  assert.match((await run([...at, 'knowledge', 'parcels', 'elephants'])).stdout, /Nothing is found/);
});

test('a hosted gateway lets anybody search, as it lets anybody discover', async () => {
  const hosted = await startGateway({plugins: [plugins], args: ['--mode', 'hosted']});
  const reply = await fetch(`${hosted.url}/v1/knowledge/search?query=depot`);
  assert.equal(reply.status, 200);
  assert.equal((await post(`${hosted.url}/v1/tools/call`, {tool: 'seo', skill: 'keyword_density', input: {text: 'a'}})).status, 401);
  await hosted.stop();
});

/// An OpenAI-compatible endpoint that knows two subjects. `asked` are the texts that came.
async function startEmbeddings() {
  const subjects = [/depot|station/i, /duties|tariff/i];
  const state = {asked: [], authorization: undefined, answer: 'vectors'};
  const server = createServer(async (request, reply) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const {input} = JSON.parse(Buffer.concat(chunks));
    state.asked.push(...input);
    state.authorization = request.headers.authorization;
    if (state.answer === 'nothing') return;
    reply.writeHead(state.answer === 'vectors' ? 200 : 503, {'content-type': 'application/json'});
    reply.end(JSON.stringify({data: input.map((text, index) => ({index, embedding: [0.01, ...subjects.map((one) => (one.test(text) ? 1 : 0))]}))}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {state, server, url: `http://127.0.0.1:${server.address().port}/v1/embeddings`};
}

test('with an embedding endpoint what means the same is found, and without it words go on', async () => {
  const {state, server, url} = await startEmbeddings();
  const config = join(scratch(), 'toolrack.json');
  writeFileSync(config, JSON.stringify({knowledge: {embeddings: {url, model: 'two-subjects', credential: 'embedder'}}}));
  const start = (data) => startGateway({plugins: [plugins], args: ['--config', config], env: {TOOLRACK_CREDENTIAL_EMBEDDER: 'sk-embed'}, ...(data && {data})});
  const find = async (gateway, query, more = {}) => (await fetch(`${gateway.url}/v1/knowledge/search?${new URLSearchParams({tool: 'parcels', query, ...more})}`)).json();
  const untilHybrid = async (gateway) => {
    for (;;) {
      const found = await find(gateway, 'station');
      if (found.method === 'hybrid') return found;
      assert.match(found.notice, /^Found by words alone: the documents are not embedded yet/);
    }
  };
  let hybrid = await start();
  const found = await untilHybrid(hybrid);
  assert.equal(found.results[0].document, 'states', 'no word of the question is there');
  assert.equal(found.notice, undefined);
  assert.equal(state.authorization, 'Bearer sk-embed');
  assert.equal((await find(hybrid, 'tariff')).results[0].document, 'customs');
  const documents = state.asked.length;

  // A restart asks for nothing but the question.
  await hybrid.stop();
  hybrid = await start(hybrid.data);
  await untilHybrid(hybrid);
  assert.deepEqual(state.asked.slice(documents), ['station']);

  // It is silent: a question is not held up for long. It fails: words, and the answer says so.
  state.answer = 'nothing';
  const began = Date.now();
  const silent = await find(hybrid, 'where is my depot');
  assert.equal(silent.method, 'words');
  assert.equal(silent.results[0].document, 'states');
  assert.ok(Date.now() - began < 60_000);
  state.answer = 'failure';
  for (let i = 0; i < 3; ++i) assert.match((await find(hybrid, `depot ${i}`)).notice, /status 503/);
  assert.match((await find(hybrid, 'depot at last')).notice, /given a pause/);
  assert.ok((await (await fetch(`${hybrid.url}/health`)).text()).includes('knowledge-embeddings'));
  assert.equal((await find(hybrid, 'station')).method, 'hybrid', 'the vector of a question is known for a while');
  assert.ok(!hybrid.log.join('\n').includes('sk-embed'));
  await hybrid.stop();
  server.closeAllConnections();
  server.close();
});

test('an embedding endpoint whose credential is missing is no surprise', async () => {
  const config = join(scratch(), 'toolrack.json');
  writeFileSync(config, JSON.stringify({knowledge: {embeddings: {url: 'http://127.0.0.1:9/', model: 'm', credential: 'embedder'}}}));
  const {code, stderr} = await run(['--config', config, '--data', scratch(), 'tools']);
  assert.notEqual(code, 0);
  assert.match(stderr, /TOOLRACK_CREDENTIAL_EMBEDDER/);
});

test('strangers do not spend what the endpoint costs', async () => {
  const {state, server, url} = await startEmbeddings();
  const config = join(scratch(), 'toolrack.json');
  writeFileSync(config, JSON.stringify({mode: 'hosted', egress: {allow: ['127.0.0.0/8']}, knowledge: {embeddings: {url, model: 'two-subjects'}}}));
  const hosted = await startGateway({plugins: [plugins], args: ['--config', config]});
  const created = JSON.parse((await run(['--data', hosted.data, '--format', 'json', 'keys', 'create', 'tester', '--account', 'acme'])).stdout);
  const find = async (headers) => (await fetch(`${hosted.url}/v1/knowledge/search?tool=parcels&query=station`, {headers})).json();
  for (;;) if ((await find({authorization: `Bearer ${created.api_key}`})).method === 'hybrid') break;
  const asked = state.asked.length;
  const stranger = await find({});
  assert.equal(stranger.method, 'words');
  assert.equal(stranger.notice, undefined);
  assert.equal(state.asked.length, asked);
  await hosted.stop();
  server.closeAllConnections();
  server.close();
});
