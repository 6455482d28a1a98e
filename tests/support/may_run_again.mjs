// node may_run_again.mjs FOLDER: succeeds when what failed in the run of this build folder may be run once more, alone. Concurrent tests on a machine
// that does other things may miss an assumption of their own; what is never theirs is a program that died, or what a sanitizer or an assertion saw, and
// many failures have one cause (docs/adr/0017-unsteady-tests.md).
import {join} from 'node:path';
import {readEnds, readRun} from './test_runs.mjs';

const mostFailures = 3;
const mostSeconds = 300; // What hangs is not waited for twice: CI has an end, too.
const faults = /(Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer|: runtime error: |Assertion [`'].*failed|terminate called/;

const folder = process.argv[2];
const failed = readRun(join(folder, 'tests.xml')).filter(({state}) => state === 'failed');
const ends = readEnds(join(folder, 'tests.log'));

function refusal() {
  if (failed.length > mostFailures) return `${failed.length} tests failed, and at most ${mostFailures} may`;
  for (const {name, output} of failed) {
    const end = ends.get(name) ?? 'unknown';
    if (end !== 'Failed' && end !== 'Timeout') return `${name} ended otherwise than by its own verdict: ${end}`;
    const fault = faults.exec(output);
    if (fault) return `${name} showed a fault: ${fault[0]}`;
  }
  const seconds = failed.reduce((sum, test) => sum + test.seconds, 0);
  if (seconds > mostSeconds) return `what failed took ${Math.round(seconds)} s, and at most ${mostSeconds} s are spent on it once more`;
  return failed.length === 0 ? 'no test failed' : undefined;
}

const reason = refusal();
console.log(reason ? `Nothing is run again: ${reason}` : `Run again, alone: ${failed.map(({name}) => name).join(', ')}`);
process.exit(reason ? 1 : 0);
