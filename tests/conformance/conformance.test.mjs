// The MCP conformance suites against a gateway that serves examples/conformance-tool, in its own process and in a worker. What passes is listed in expected.json, run by run, and
// the list only grows: a scenario that passed has to pass, one that passes for the first time has to be added, and each that does not yet
// pass has its reason there.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {existsSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {build, isSanitized, scratch, startGateway} from '../e2e/support/gateway.mjs';

const expected = JSON.parse(readFileSync(join(import.meta.dirname, 'expected.json'), 'utf8'));
const suite = (alias) => join(import.meta.dirname, 'node_modules', alias, 'dist/index.js');
const runs = {
  'stable': ['conformance-stable', '--suite', 'all'],
  '2025-03-26': ['conformance-next', '--suite', 'all', '--spec-version', '2025-03-26'],
  '2025-06-18': ['conformance-next', '--suite', 'all', '--spec-version', '2025-06-18'],
  '2025-11-25': ['conformance-next', '--requirements', '2025-11-25'],
  '2026-07-28': ['conformance-next', '--requirements', '2026-07-28'],
};

const polling = 'server-sse-polling';
/// Of polling the suite only recommends everything; here it is on, so that all of it is there.
const isFailure = (scenario, {status}) => status === 'FAILURE' || (scenario === polling && status === 'WARNING');
const hasResumed = (checks) => checks.some(({id, status}) => id === 'server-sse-disconnect-resume' && status === 'SUCCESS');

/// A sanitizer reserves more memory than a worker may have.
function serve(isolation) {
  const config = join(scratch(), 'toolrack.json');
  writeFileSync(config, JSON.stringify({mcp: {poll_after_ms: 20}, isolation: {default: isolation, ...(isSanitized && {max_memory_mb: 1073741824})}}));
  return startGateway({plugins: [join(build, 'examples/conformance')], args: ['--config', config]});
}

/// Runs one suite to its end; scenario -> the checks that failed (none: it passes).
async function judge(gateway, [alias, ...options]) {
  const output = scratch('toolrack-conformance-');
  const args = [suite(alias), 'server', '--url', `${gateway.url}/mcp?expose=flat&tools=conformance`, '-o', output, ...options];
  const child = spawn(process.execPath, args, {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, NO_COLOR: '1'}});
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { said += chunk; });
  await new Promise((done) => { child.on('close', done); });
  const scenarios = new Map();
  for (const folder of readdirSync(output)) {
    const file = join(output, folder, 'checks.json');
    if (!existsSync(file)) continue;
    const name = folder.replace(/^server-(?=.)/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
    const checks = JSON.parse(readFileSync(file, 'utf8'));
    const failed = checks.filter((check) => isFailure(name, check)).map(({id, errorMessage, details}) => `${id}: ${errorMessage ?? JSON.stringify(details)}`);
    if (name === polling && !hasResumed(checks)) failed.push('the call was not let go of, or not taken up again');
    scenarios.set(name, [...(scenarios.get(name) ?? []), ...failed]);
  }
  assert.ok(scenarios.size > 0, `the suite has judged nothing:\n${said}`);
  return scenarios;
}

for (const isolation of ['in_process', 'worker']) {
  describe(isolation, () => {
    let gateway;
    before(async () => { gateway = await serve(isolation); });
    after(() => gateway.stop());

    for (const [name, options] of Object.entries(runs)) {
      describe(name, () => {
        const {passes, not_yet: notYet} = expected[name];
        let scenarios;
        before(async () => { scenarios = await judge(gateway, options); });

        test(`${passes.length} scenarios pass`, () => {
          const broken = passes.filter((one) => !scenarios.has(one) || scenarios.get(one).length > 0);
          assert.deepEqual(broken, [], broken.map((one) => `${one}: ${scenarios.get(one)?.join('; ') ?? 'did not run'}`).join('\n'));
        });
        test('what passes for the first time is kept in expected.json', () => {
          const fresh = [...scenarios].filter(([one, failed]) => failed.length === 0 && !passes.includes(one)).map(([one]) => one);
          assert.deepEqual(fresh, []);
        });
        test('what does not pass yet has its reason there', () => {
          for (const [one, failed] of scenarios)
            if (failed.length > 0 && !passes.includes(one)) assert.match(notYet[one] ?? '', /\w+ \w+/, `${one}: ${failed.join('; ')}`);
          for (const one of Object.keys(notYet)) assert.ok(scenarios.has(one), `${one} is not judged any more`);
        });
      });
    }
  });
}
