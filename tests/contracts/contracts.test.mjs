// Every skill of the bundled tools against the providers' own descriptions of their APIs: Prism answers as a description says and
// names what is wrong with each request. A gate in front of it asks for a certain answer and reads that judgement.
//
//   TOOLRACK_CONTRACTS=DIRECTORY node --test contracts.test.mjs        (`./dev contracts DIRECTORY`)
//
// The directory has <provider>.openapi.json. A call is made for every example of the manifests and for every row of cases.json.
// A row has members of a call (skill, input, backend, ...) and `prefer`, which says what Prism shall answer. Errors are asked for by
// HTTP status (`codes`), and by the name of an answer in the description (`examples`).
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer, request as send} from 'node:http';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {post, scratch, source, startGateway} from '../e2e/support/gateway.mjs';

const directory = process.env.TOOLRACK_CONTRACTS;
const cases = JSON.parse(readFileSync(join(import.meta.dirname, 'cases.json'), 'utf8'));
const require = createRequire(import.meta.url);

/// A server that answers as the description says, behind a gate; `judged` has what the gate saw.
async function mock(file) {
  const {createServer: createMock} = require('@stoplight/prism-http-server');
  const {getHttpOperationsFromSpec} = require('@stoplight/prism-cli/dist/operations.js');
  const operations = await getHttpOperationsFromSpec(file);
  const prism = createMock(operations, {
    cors: false, components: {logger: require('pino')({level: 'silent', customLevels: {success: 35}})},
    config: {mock: {dynamic: false}, checkSecurity: true, validateRequest: true, validateResponse: false, errors: false, upstreamProxy: undefined},
  });
  const behind = new URL(await prism.listen(0, '127.0.0.1'));
  const state = {judged: [], prefer: ''};
  const gate = createServer(async (request, reply) => {
    const body = Buffer.concat(await Array.fromAsync(request));
    // Prism finds no example of an error in the vendor's own media type.
    const headers = {...request.headers, ...(state.prefer && {prefer: state.prefer, accept: '*/*'})};
    const passed = send({host: behind.hostname, port: behind.port, method: request.method, path: request.url, headers}, (answer) => {
      state.judged.push({request: `${request.method} ${request.url}`, status: answer.statusCode, violations: JSON.parse(answer.headers['sl-violations'] ?? '[]')});
      reply.writeHead(answer.statusCode, answer.headers);
      answer.pipe(reply);
    });
    passed.on('error', () => reply.destroy());
    passed.end(body);
  }).listen(0, '127.0.0.1');
  await once(gate, 'listening');
  return {
    state, url: `http://127.0.0.1:${gate.address().port}`,
    async close() {
      gate.closeAllConnections();
      gate.close();
      await prism.close();
    },
  };
}

for (const [tool, {contracts, credentials, without_examples: withoutExamples = [], calls, errors}] of Object.entries(cases)) {
  const missing = directory === undefined ? 'TOOLRACK_CONTRACTS is not set'
    : Object.values(contracts).map((name) => join(directory, `${name}.openapi.json`)).find((file) => !existsSync(file));
  describe(tool, {skip: missing && `no contract: ${missing}`}, () => {
    const manifest = JSON.parse(readFileSync(join(source, `manifests/tools/${tool}.json`), 'utf8'));
    const mocks = {};
    let gateway;
    before(async () => {
      for (const name of new Set(Object.values(contracts))) mocks[name] = await mock(join(directory, `${name}.openapi.json`));
      const file = join(scratch(), 'rack.json');
      const providers = Object.fromEntries(Object.entries(contracts).map(([provider, name]) => [provider, {base_url: mocks[name].url}]));
      writeFileSync(file, JSON.stringify({providers, limits: {per_minute: 100000, per_hour: 100000, concurrent: 100}}));
      gateway = await startGateway({plugins: [], args: ['--config', file], env: credentials});
    });
    after(async () => {
      await gateway?.stop();
      for (const one of Object.values(mocks)) await one.close();
    });

    async function call(skill, input, {prefer = '', confirm = true, ...options} = {}) {
      for (const {state} of Object.values(mocks)) Object.assign(state, {judged: [], prefer});
      const reply = await post(`${gateway.url}/v1/tools/call`, {tool, skill, input, confirm, async: false, ...options});
      return {...reply, judged: Object.values(mocks).flatMap(({state}) => state.judged)};
    }
    const examples = manifest.skills.filter(({name}) => !withoutExamples.includes(name)).flatMap(({name, examples = []}) => examples.map(({input}) => ({skill: name, input})));
    const covered = new Set();
    /// `upload` names a member of the input that takes the id of a file.
    async function withFile(input, member) {
      if (member === undefined) return input;
      const reply = await fetch(`${gateway.url}/v1/assets?name=a.mp3`, {method: 'POST', headers: {'content-type': 'audio/mpeg'}, body: 'ID3 no music'});
      return {...input, [member]: (await reply.json()).id};
    }
    for (const {skill, input, upload, ...options} of [...examples, ...calls]) {
      test(`${skill} ${JSON.stringify({...input, ...options.backend})}${options.prefer ? ` (${options.prefer})` : ''}`, async (t) => {
        const {status, text, judged} = await call(skill, await withFile(input, upload), options);
        assert.ok(judged.length > 0, `no request came: ${status} ${text.slice(0, 500)}`);
        for (const {request, status: answered, violations} of judged) {
          const ours = violations.filter(({location}) => location[0] === 'request');
          assert.deepEqual(ours, [], `${request}: ${JSON.stringify(ours)}`);
          assert.ok(answered !== 405 && answered !== 401, `${request}: ${answered}`);
        }
        assert.notEqual(status, 400, text);
        t.diagnostic(`${judged.map(({request, status: answered}) => `${request} ${answered}`).join(', ')} -> ${status}`);
        covered.add(skill);
      });
    }
    for (const {skill, input, upload, codes, examples: told = {}, ...options} of errors) {
      // By the name of an example: an answer may be an error whatever its status.
      for (const [example, [code, type]] of Object.entries(told)) {
        test(`${skill} when the provider answers ${code} with ${example}`, async () => {
          const {json, text, judged} = await call(skill, await withFile(input, upload), {...options, prefer: `code=${code}, example=${example}`});
          assert.ok(judged.some(({status}) => status === code), `the control: ${JSON.stringify(judged)}`);
          assert.equal(json?.status, 'error', text);
          assert.equal(json.error.type, type, text);
        });
      }
      for (const [code, type] of Object.entries(codes)) {
        test(`${skill} when the provider says ${code}`, async () => {
          const {json, text, judged} = await call(skill, await withFile(input, upload), {...options, prefer: `code=${code}`});
          assert.ok(judged.some(({status}) => status === Number(code)), `the control: ${JSON.stringify(judged)}`);
          assert.equal(json?.status, 'error', text);
          assert.equal(json.error.type, type, text);
        });
      }
    }
    test('no skill that asks a provider was left out', () => {
      const asking = manifest.skills.filter(({providers, request}) => providers !== undefined || request !== undefined).map(({name}) => name);
      assert.deepEqual(asking.filter((name) => !covered.has(name)), []);
    });
  });
}
