// What the fixtures of examples/conformance-tool answer, to the letter: the conformance suites only look whether a block of the right kind is
// there. With the official clients, in both eras, over HTTP and stdio, in the gateway's process and in a worker.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {ProgressNotificationSchema} from '@modelcontextprotocol/sdk/types.js';
import {askedClients} from './support/clients.mjs';
import {ear} from './support/ear.mjs';
import {build, environment, isSanitized, program, scratch, startGateway} from './support/gateway.mjs';

const plugins = join(build, 'examples/conformance');
const exposure = {query: '?expose=flat&tools=conformance', words: ['--expose', 'flat', '--tools', 'conformance']};
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC';
const wav = Buffer.from('RIFF,\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0data\x08\0\0\0\x80\x80\x80\x80\x80\x80\x80\x80', 'latin1').toString('base64');
const image = {type: 'image', data: png, mimeType: 'image/png'};
const text = (said) => ({type: 'text', text: said});
const user = (content) => ({role: 'user', content});

const contents = {
  test_simple_text: [text('This is a simple text response for testing.')],
  test_image_content: [image],
  test_audio_content: [{type: 'audio', data: wav, mimeType: 'audio/wav'}],
  test_embedded_resource: [{type: 'resource',
    resource: {uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.'}}],
  test_multiple_content_types: [text('Multiple content types test:'), image, {type: 'resource',
    resource: {uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}'}}],
  test_reconnection: [text('The answer came over another connection, if the first one was cut.')],
};

const asked = [
  ['test_sampling', {prompt: 'Say it'}, 'LLM response: Paris'],
  ['test_elicitation', {message: 'Who are you?'}, 'User response: action=accept, content={"name":"Ada","username":"my username","email":"my email"}'],
  ['test_elicitation_sep1034_defaults', {}, 'Elicitation completed: action=accept, content={"name":"Ada"}'],
  ['test_elicitation_sep1330_enums', {}, 'Elicitation completed: action=accept, content={"name":"Ada"}'],
  ['test_input_required_result_elicitation', {}, 'Hello, Ada!'],
  ['test_input_required_result_sampling', {}, 'The model says: Paris'],
  ['test_input_required_result_list_roots', {}, 'The client\'s roots: [{"uri":"file:///work","name":"work"}]'],
  ['test_input_required_result_multiple_inputs', {}, 'Paris, Ada; roots: [{"uri":"file:///work","name":"work"}]'],
];

const resources = {
  'test://static-text': {mimeType: 'text/plain', text: 'This is the content of the static text resource.'},
  'test://static-binary': {mimeType: 'image/png', blob: png},
  'test://watched-resource': {mimeType: 'text/plain', text: 'This is the content of the watched resource.'},
  'test://template/123/data': {mimeType: 'application/json', text: '{"id":"123","templateTest":true,"data":"Data for ID: 123"}'},
};

const prompts = [
  ['test_simple_prompt', {}, [user(text('This is a simple prompt for testing.'))]],
  ['test_prompt_with_arguments', {arg1: 'hello', arg2: 'wörld'}, [user(text('Prompt with arguments: arg1=\'hello\', arg2=\'wörld\''))]],
  ['test_prompt_with_embedded_resource', {resourceUri: 'test://mine'}, [
    user({type: 'resource', resource: {uri: 'test://mine', mimeType: 'text/plain', text: 'Embedded resource content for testing.'}}),
    user(text('Please process the embedded resource above.'))]],
  ['test_prompt_with_image', {}, [user(image), user(text('Please analyze the image above.'))]],
];

async function exercise(client) {
  for (const [name, content] of Object.entries(contents)) {
    const result = await client.callTool({name});
    assert.deepEqual([name, result.content, result.isError ?? false], [name, content, false]);
  }
  const failed = await client.callTool({name: 'test_error_handling', arguments: {}});
  assert.equal(failed.isError, true);
  // What the tool says stands between the error's name and what to do.
  assert.deepEqual(failed.content, [text('conformance.as_asked: This tool intentionally returns an error for testing\n' +
    'Read the message; change the input accordingly.')]);

  // A client that reads them together with the answer does not tell its caller any more, so we hear them ourselves.
  const steps = [];
  const one = ear();
  const isSecond = Boolean(client.getProtocolEra);
  client.setNotificationHandler(isSecond ? 'notifications/progress' : ProgressNotificationSchema, ({params}) => { steps.push(params); one.hear(); });
  const progressed = await client.callTool({name: 'test_tool_with_progress', arguments: {}}, ...[undefined, {onprogress: () => {}}].slice(isSecond ? 1 : 0));
  assert.deepEqual(progressed.content, [text('Progress was told three times.')]);
  await one.next(3);
  assert.deepEqual(steps.map(({progress, total, message}) => [progress, total, message]), [0, 50, 100].map((done) => [done, 100, `Completed step ${done} of 100`]));

  for (const [name, args, said] of asked) {
    const result = await client.callTool({name, arguments: args});
    assert.deepEqual([name, result.content], [name, [text(said)]]);
  }

  for (const [uri, content] of Object.entries(resources))
    assert.deepEqual((await client.readResource({uri})).contents, [{uri, ...content}]);
  for (const [name, args, messages] of prompts)
    assert.deepEqual((await client.getPrompt({name, arguments: args})).messages, messages);
  const {completion} = await client.complete({ref: {type: 'ref/prompt', name: 'test_prompt_with_arguments'}, argument: {name: 'arg1', value: 'par'}});
  assert.deepEqual(completion.values, ['paris', 'park', 'party']);

  const {tools} = await client.listTools();
  const {inputSchema} = tools.find(({name}) => name === 'json_schema_2020_12_tool');
  assert.equal(inputSchema.$defs.address.$anchor, 'addressDef');
  assert.deepEqual(inputSchema.if, {properties: {contactMethod: {const: 'phone'}}, required: ['contactMethod']});
}

for (const isolation of ['in_process', 'worker']) {
  describe(isolation, () => {
    let gateway;
    before(async () => {
      const config = join(scratch(), 'toolrack.json');
      // A sanitizer reserves terabytes.
      writeFileSync(config, JSON.stringify({isolation: {default: isolation, ...(isSanitized && {max_memory_mb: 1073741824})}}));
      gateway = await startGateway({plugins: [plugins], args: ['--config', config]});
    });
    after(() => gateway.stop());
    for (const kind of askedClients) {
      test(`${kind.name} over HTTP`, async () => {
        const {client} = kind.makeAsked();
        await client.connect(new kind.Http(new URL(`${gateway.url}/mcp${exposure.query}`)));
        await exercise(client);
        await client.close();
      });
      test(`${kind.name} over stdio`, async () => {
        const {client} = kind.makeAsked();
        const args = ['stdio', '--data', gateway.data, ...exposure.words];
        await client.connect(new kind.Stdio({command: program, args, env: environment(), stderr: 'inherit'}));
        await exercise(client);
        await client.close();
      });
    }
  });
}
