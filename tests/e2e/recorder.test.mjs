// A call of each bundled tool is recorded against a scripted server, then replayed when that server has gone: the same
// outcome, no secret in the file, and another input fails the replay and shows what differs.
import assert from 'node:assert/strict';
import {copyFileSync, existsSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {build, run, scratch, startGateway} from './support/gateway.mjs';
import {added, calls, secrets, settled, startFarEnds} from './support/recorded_calls.mjs';

const folder = scratch();
const plugins = scratch();
let far;

before(async () => {
  far = await startFarEnds(folder);
  // A declarative tool, and one whose skills call it.
  writeFileSync(join(plugins, 'careful.tool.json'), JSON.stringify({
    manifest: '1.0', owner: 'acme', name: 'careful', version: '1.0.0', description: 'Looks up a repository.',
    providers: {far: {base_url: far.base}},
    skills: [{name: 'look', description: 'Looks.', input: {type: 'object', properties: {repository: {type: 'string'}}, required: ['repository']}, annotations: {readOnlyHint: true}, request: {method: 'GET', path: '/repos/o/{repository}'}}],
  }));
  copyFileSync(join(build, 'tests/plugins/composes.so'), join(plugins, 'composes.so'));
});
after(() => far.stop());

const toolrack = (args, env = {}, data = join(folder, 'data')) =>
  run(['--config', far.config, '--data', data, '--plugins', plugins, '--format', 'json', 'call', ...args], {env});
const file = (name) => join(folder, `${name}.json`);
const nested = {name: 'composes', words: ['composes', 'calls'],
  input: () => ({call: 'careful.look', input: {repository: 'r'}, times: 2, then: 'pass_on'}),
  other: () => ({call: 'careful.look', input: {repository: 'another'}, times: 2, then: 'pass_on'})};
const recorded = {};

describe('while the far ends are there', () => {
  for (const {name, words, input} of [...calls, nested]) {
    test(`${name} is recorded`, async () => {
      far.seen.length = 0;
      const result = await toolrack([...words, '--input', JSON.stringify(input(far.base)), '--record', file(name)], secrets);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      recorded[name] = settled(result.stdout);
      assert.ok(far.seen.length > 0, 'the control: it was asked');
      assert.equal(statSync(file(name)).mode & 0o777, 0o600);
      const text = readFileSync(file(name), 'utf8');
      const document = JSON.parse(text);
      assert.equal(document.toolrack_recording, 1);
      assert.deepEqual([document.tool, document.skill], words);
      assert.ok(document.operations.some(({service}) => service === 'http.send'));
      for (const secret of [...Object.values(secrets), ...added(far.seen)]) assert.ok(!text.includes(secret), `${secret} is in the file`);
    });
  }

  test('what a skill calls is in the record of its own call', () => {
    const {operations} = JSON.parse(readFileSync(file('composes'), 'utf8'));
    const asked = operations.filter(({service}) => service === 'http.send').map(({request}) => request.url);
    assert.deepEqual(asked, [`${far.base}/repos/o/r`, `${far.base}/repos/o/r`]);
    assert.equal(recorded.composes.output.full_name, 'o/r');
  });

  test('a backend without a secret is in the record, so that the replay takes the same way', () => {
    const {operations} = JSON.parse(readFileSync(file('voice'), 'utf8'));
    const ends = operations.map(({request, reply}) => [request.credential, reply.failure?.name ?? reply.status]);
    assert.deepEqual(ends.at(-1), ['elevenlabs', 200]);
    assert.deepEqual(ends.slice(0, -1), [['openai', 'credential_missing'], ['gemini', 'credential_missing']]);
  });

  test('the gateway of somebody else is not asked to record', async () => {
    const data = scratch();
    const gateway = await startGateway({data, plugins: []});
    try {
      const result = await toolrack(['seo', 'analyze_page', '--input', JSON.stringify({url: `${far.base}/page`}), '--record', file('refused')], {}, data);
      assert.equal(result.code, 6, result.stdout);
      assert.match(result.stdout, /needs a gateway of its own/);
      assert.ok(!existsSync(file('refused')));
    } finally {
      await gateway.stop();
    }
  });
});

describe('when they have gone', () => {
  before(() => far.stop());

  for (const {name, words, other} of [...calls, nested]) {
    test(`${name} is replayed without network or credential, to the same outcome`, async () => {
      const result = await toolrack(['--replay', file(name)]);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      assert.deepEqual(lasting(settled(result.stdout)), lasting(recorded[name]));
    });
    if (other === undefined) continue;
    test(`${name} with another input fails the replay, which shows the difference`, async () => {
      const result = await toolrack([...words, '--input', JSON.stringify(other(far.base)), '--replay', file(name)]);
      assert.equal(result.code, 1, result.stdout + result.stderr);
      assert.match(result.stderr, /http\.send/);
      assert.match(result.stderr, /not in the record/);
      assert.match(result.stderr, /\/(url|body\/\w+): recorded ".*", asked "/);
      assert.match(result.stderr, /did not ask for operation/);
    });
  }

  test('a file that was tampered with is refused by name', async () => {
    writeFileSync(file('broken'), '{"toolrack_recording": 2}');
    const result = await toolrack(['--replay', file('broken')]);
    assert.equal(result.code, 6, result.stdout);
    assert.match(result.stdout, /broken\.json: the recording has format 2/);
  });

  test('another outcome than the recorded one fails the replay', async () => {
    const document = JSON.parse(readFileSync(file('github'), 'utf8'));
    document.outcome.output.full_name = 'o/was-another';
    writeFileSync(file('edited'), JSON.stringify(document));
    const result = await toolrack(['--replay', file('edited')]);
    assert.equal(result.code, 1, result.stdout);
    assert.match(result.stderr, /\/output\/full_name: recorded "o\/was-another", asked "o\/r"/);
  });

  test('other bytes in an asset than the recorded ones fail the replay', async () => {
    const document = JSON.parse(readFileSync(file('voice'), 'utf8'));
    document.operations.at(-1).reply.body = {base64: 'AAAA'};
    writeFileSync(file('other-bytes'), JSON.stringify(document));
    const result = await toolrack(['--replay', file('other-bytes')]);
    assert.equal(result.code, 1, result.stdout);
    assert.match(result.stderr, /\/output\/audio_asset\/sha256: recorded/);
  });
});

/// An asset has a new id and a new expiry each time.
function lasting(outcome) {
  const asset = outcome.output?.audio_asset;
  if (asset === undefined) return outcome;
  return {...outcome, output: {...outcome.output, audio_asset: {...asset, id: 'any', expires: 'any'}}};
}
