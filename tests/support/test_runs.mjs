// What ctest wrote about a run, as `./dev` leaves it in a build folder: tests.xml and tests.log of every test, tests.again.xml of those that
// were run again alone.
import {existsSync, readFileSync} from 'node:fs';

const unescape = (text) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&amp;/g, '&');

/// [{name, state: 'passed' | 'failed' | 'skipped', seconds, output}]. Only a test that asked to be skipped was: one that could not be started has failed.
export function readRun(file) {
  const tests = [];
  for (const [, name, attributes, body] of readFileSync(file, 'utf8').matchAll(/<testcase name="([^"]*)"([^>]*)>([\s\S]*?)<\/testcase>/g)) {
    const status = /status="([^"]*)"/.exec(attributes)?.[1];
    const asked = status === 'disabled' || /<skipped message="SKIP_/.test(body);
    tests.push({
      name: unescape(name),
      state: status === 'run' ? 'passed' : asked ? 'skipped' : 'failed',
      seconds: Number(/ time="([^"]*)"/.exec(attributes)?.[1] ?? 0),
      output: unescape(/<system-out>([\s\S]*?)<\/system-out>/.exec(body)?.[1] ?? ''),
    });
  }
  return tests;
}

/// The same with a fourth state: 'unsteady' failed among the others and passed alone; its output is that of the failure.
export function readRuns(file) {
  const again = file.replace(/\.xml$/, '.again.xml');
  const passed = new Set(existsSync(again) ? readRun(again).filter(({state}) => state === 'passed').map(({name}) => name) : []);
  return readRun(file).map((test) => (test.state === 'failed' && passed.has(test.name) ? {...test, state: 'unsteady'} : test));
}

/// What ctest's closing list says of each failed test: {name: 'Failed' | 'Timeout' | 'SEGFAULT' ...}.
export function readEnds(file) {
  return new Map([...readFileSync(file, 'utf8').matchAll(/^\t *\d+ - (\S+) \(([^()]*)\)/gm)].map(([, name, end]) => [name, end]));
}
