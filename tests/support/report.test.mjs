// What `./dev test` makes of tests that fail: the real script and the real ctest, on a project of a few shell scripts.
import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {test} from 'node:test';

const source = resolve(import.meta.dirname, '../..');
const presets = {
  version: 6,
  configurePresets: [{name: 'dev', generator: 'Ninja', binaryDir: '${sourceDir}/build'}],
  buildPresets: [{name: 'dev', configurePreset: 'dev'}],
  testPresets: [{name: 'dev', configurePreset: 'dev', output: {outputOnFailure: true}}],
};
const passes = 'exit 0';
const fails = 'echo "as always"; exit 1';
const failsOnce = '[ -e "$0.was" ] && exit 0; touch "$0.was"; echo "a <first> & only failure"; exit 1';

/// `./dev test` in a project with these tests, {name: script}: its exit status, its closing report, and how often each test ran.
function devTest(t, scripts, {ci = true, more = ''} = {}) {
  const root = mkdtempSync(join(tmpdir(), 'toolrack-report-'));
  t.after(() => rmSync(root, {recursive: true, force: true}));
  mkdirSync(join(root, 'tests/support'), {recursive: true});
  for (const file of ['dev', ...['report', 'may_run_again', 'test_runs'].map((name) => `tests/support/${name}.mjs`)]) copyFileSync(join(source, file), join(root, file));
  writeFileSync(join(root, 'packages.txt'), '');
  writeFileSync(join(root, 'CMakePresets.json'), JSON.stringify(presets));
  const lines = ['cmake_minimum_required(VERSION 3.25)', 'project(few NONE)', 'enable_testing()'];
  for (const [name, script] of Object.entries(scripts)) {
    const file = join(root, `${name}.sh`);
    writeFileSync(file, `#!/bin/sh\necho run >> "$0.runs"\n${script}\n`);
    chmodSync(file, 0o755);
    lines.push(`add_test(NAME ${name} COMMAND ${file})`, `set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)`);
  }
  writeFileSync(join(root, 'CMakeLists.txt'), [...lines, more, ''].join('\n'));
  const {CI: _, ...environment} = process.env;
  const {status, stdout} = spawnSync(join(root, 'dev'), ['test'], {env: ci ? {...environment, CI: 'true'} : environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit']});
  const runs = (name) => readFileSync(join(root, `${name}.sh.runs`), 'utf8').trim().split('\n').length;
  return {status, stdout, root, runs, closing: stdout.trimEnd().split('\n').at(-1)};
}

test('a test that fails once and passes alone counts as passed, and is shown with its first output', (t) => {
  const {status, stdout, closing, runs, root} = devTest(t, {steady: passes, unsteady: failsOnce, left_out: 'echo "no such machine"; exit 77'});
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^unsteady: unsteady \(failed once, passed alone; its first output follows\)\n  \| a <first> & only failure$/m);
  assert.match(stdout, /^skipped: left_out: no such machine$/m);
  assert.equal(closing, '2 passed, 0 failed, 1 skipped');
  assert.deepEqual([runs('steady'), runs('unsteady')], [1, 2]);

  // The report of a whole run of CI is made of the same files.
  const later = execFileSync('node', [join(root, 'tests/support/report.mjs'), join(root, 'build/tests.xml'), join(root, 'build/tests.xml')], {encoding: 'utf8'});
  assert.match(later, /^unsteady: unsteady /m);
  assert.match(later, /^4 passed, 0 failed, 2 skipped$/m);
});

test('a test that fails again has failed', (t) => {
  const {status, stdout, closing, runs} = devTest(t, {steady: passes, broken: fails, unsteady: failsOnce});
  assert.notEqual(status, 0);
  assert.match(stdout, /^failed: broken$/m);
  assert.match(stdout, /^unsteady: unsteady /m);
  assert.equal(closing, '2 passed, 1 failed, 0 skipped');
  assert.equal(runs('broken'), 2);
});

test('a test that fails and is then skipped has failed', (t) => {
  const {status, closing} = devTest(t, {steady: passes, leaves: '[ -e "$0.was" ] && exit 77; touch "$0.was"; exit 1'});
  assert.notEqual(status, 0);
  assert.equal(closing, '1 passed, 1 failed, 0 skipped');
});

test('outside of CI nothing is run again', (t) => {
  const {status, closing, runs} = devTest(t, {steady: passes, unsteady: failsOnce}, {ci: false});
  assert.notEqual(status, 0);
  assert.equal(closing, '1 passed, 1 failed, 0 skipped');
  assert.equal(runs('unsteady'), 1);
});

test('four failures have a cause: none of them is run again', (t) => {
  const {status, stdout, closing, runs} = devTest(t, {steady: passes, a: failsOnce, b: failsOnce, c: failsOnce, d: failsOnce});
  assert.notEqual(status, 0);
  assert.match(stdout, /^Nothing is run again: 4 tests failed, and at most 3 may$/m);
  assert.equal(closing, '1 passed, 4 failed, 0 skipped');
  assert.deepEqual(['a', 'b', 'c', 'd'].map(runs), [1, 1, 1, 1]);
});

for (const [what, once, said] of [
  ['a program that died', 'kill -SEGV $$', 'SEGFAULT'],
  ['a program that was killed', 'kill -KILL $$', 'Subprocess killed'],
  ['what ThreadSanitizer saw', 'echo "WARNING: ThreadSanitizer: data race (pid=7)"; exit 66', 'ThreadSanitizer'],
  ['what UndefinedBehaviorSanitizer saw', 'echo "a.cpp:1:2: runtime error: shift exponent 40 is too large"; exit 1', 'runtime error'],
  ['an assertion of a gateway', 'echo "toolrack: gate.cpp:7: close: Assertion \\`!closed_\' failed."; exit 1', 'Assertion'],
]) {
  test(`${what} is not run again`, (t) => {
    const {status, stdout, closing, runs} = devTest(t, {steady: passes, faulty: `[ -e "$0.was" ] && exit 0; touch "$0.was"; ${once}`});
    assert.notEqual(status, 0);
    assert.match(stdout, new RegExp(`^Nothing is run again: faulty .*${said}`, 'm'));
    assert.equal(closing, '1 passed, 1 failed, 0 skipped');
    assert.equal(runs('faulty'), 1);
  });
}

test('a skipped referee fails the run, whatever passes again', (t) => {
  const {status, stdout, closing} = devTest(t, {unsteady: failsOnce, 'referee.absent': 'echo "not installed"; exit 77'});
  assert.notEqual(status, 0);
  assert.match(stdout, /^A referee was missing: referee.absent$/m);
  assert.equal(closing, '1 passed, 0 failed, 1 skipped');
});

test('a program that is not there has failed, and is no skipped test', (t) => {
  const {status, stdout, closing} = devTest(t, {steady: passes}, {more: 'add_test(NAME absent COMMAND ${CMAKE_BINARY_DIR}/absent)'});
  assert.notEqual(status, 0);
  assert.match(stdout, /^failed: absent$/m);
  assert.equal(closing, '1 passed, 1 failed, 0 skipped');
});

test('what did not run because its fixture failed is not excused with it', (t) => {
  const more = 'set_tests_properties(fixture PROPERTIES FIXTURES_SETUP made)\nset_tests_properties(user PROPERTIES FIXTURES_REQUIRED made)';
  const {status, stdout, closing} = devTest(t, {fixture: failsOnce, user: passes}, {more});
  assert.notEqual(status, 0);
  assert.match(stdout, /^Nothing is run again: user ended otherwise than by its own verdict: Not Run$/m);
  assert.equal(closing, '0 passed, 2 failed, 0 skipped');
});

test('what took five minutes to fail is not waited for once more', (t) => {
  const {root} = devTest(t, {unsteady: failsOnce}, {ci: false});
  const ask = () => spawnSync('node', [join(root, 'tests/support/may_run_again.mjs'), join(root, 'build')], {encoding: 'utf8'});
  assert.equal(ask().stdout, 'Run again, alone: unsteady\n');
  const file = join(root, 'build/tests.xml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/(<testcase .*) time="[^"]*"/, '$1 time="301.2"'));
  assert.match(ask().stdout, /^Nothing is run again: what failed took 301 s/);
  assert.equal(ask().status, 1);
});

test('the files of an earlier run do not excuse a failure of this one', (t) => {
  const {root} = devTest(t, {unsteady: failsOnce});
  assert.ok(existsSync(join(root, 'build/tests.again.xml')));
  writeFileSync(join(root, 'unsteady.sh'), `#!/bin/sh\n${fails}\n`);
  const {CI: _, ...environment} = process.env;
  const {status, stdout} = spawnSync(join(root, 'dev'), ['test'], {env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit']});
  assert.notEqual(status, 0);
  assert.match(stdout, /^0 passed, 1 failed, 0 skipped$/m);
});
