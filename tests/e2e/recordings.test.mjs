// The calls in tests/data/recordings, made by an earlier version, are replayed without network or credential: to the outcome
// that was recorded, and with one member of a request changed they fail and name it. With --record they are made
// anew first, against scripted far ends, whose address gives way to that of the real ones.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {run, scratch, source} from './support/gateway.mjs';
import {added, calls, secrets, startFarEnds} from './support/recorded_calls.mjs';

const stored = join(source, 'tests/data/recordings');
const folder = scratch();
const toolrack = (args, env = {}, more = []) => run([...more, '--data', join(folder, 'data'), '--format', 'json', 'call', ...args], {env});
const read = (name) => readFileSync(join(stored, `${name}.json`), 'utf8');
/// The document with one operation's request changed; what the replay has to say of it.
const changes = {
  url: (request) => { request.url += '-as-it-was'; return /\/url: recorded ".*-as-it-was", asked "/; },
  method: (request) => { request.method = 'PATCH'; return /\/method: recorded "PATCH", asked "/; },
  header: (request) => { request.headers.push(['x-was', 'there']); return /\/headers\/\d+: recorded \["x-was","there"\], not asked/; },
};

if (process.argv.includes('--record')) {
  let far;
  before(async () => {
    far = await startFarEnds(folder);
    for (const {name, words, home, input} of calls) {
      far.seen.length = 0;
      const made = join(folder, `${name}.json`);
      const result = await toolrack([...words, '--input', JSON.stringify(input(far.base)), '--record', made], secrets, ['--config', far.config]);
      assert.equal(result.code, 0, result.stdout + result.stderr);
      const text = readFileSync(made, 'utf8').replaceAll(far.base, home);
      for (const secret of added(far.seen)) assert.ok(!text.includes(secret));
      writeFileSync(join(stored, `${name}.json`), text);
    }
  });
  after(() => far?.stop());
}

test('every bundled tool that asks somebody has one', () => {
  const tools = new Set(readdirSync(stored).map((file) => JSON.parse(readFileSync(join(stored, file), 'utf8')).tool));
  for (const manifest of readdirSync(join(source, 'manifests/tools'))) {
    const {name} = JSON.parse(readFileSync(join(source, 'manifests/tools', manifest), 'utf8'));
    assert.ok(tools.has(name), `there is no recording of a call of ${name}`);
  }
});

for (const {name} of calls) {
  test(`${name}: holds no secret and no address of this machine`, () => {
    const text = read(name);
    for (const secret of Object.values(secrets)) assert.ok(!text.includes(secret));
    assert.doesNotMatch(text, /127\.0\.0\.1|localhost/);
  });

  test(`${name}: comes to the recorded outcome`, async () => {
    const result = await toolrack(['--replay', join(stored, `${name}.json`)]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    const {status, output} = JSON.parse(read(name)).outcome;
    const reply = JSON.parse(result.stdout);
    assert.equal(reply.status, status);
    assert.deepEqual(Object.keys(reply.output).sort(), Object.keys(output).sort());
  });

  for (const [member, change] of Object.entries(changes)) {
    test(`${name}: fails when the ${member} of a request is another`, async () => {
      const document = JSON.parse(read(name));
      const said = change(document.operations.findLast(({service}) => service === 'http.send').request);
      const changed = join(folder, `${name}-${member}.json`);
      writeFileSync(changed, JSON.stringify(document));
      const result = await toolrack(['--replay', changed]);
      assert.equal(result.code, 1, result.stdout + result.stderr);
      assert.match(result.stderr, /not in the record/);
      assert.match(result.stderr, said);
    });
  }
}
