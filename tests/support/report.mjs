// node report.mjs FILE...: reads ctest's JUnit files, prints the skipped tests with their reasons, those that passed only when they were run again
// with what they said first, and one closing line for all of them. Fails when a test failed, and when a test that is a referee (its name begins
// with "referee.") was skipped: a promise without its referee is none.
import {readRuns} from './test_runs.mjs';

const tests = process.argv.slice(2).flatMap(readRuns);
const having = (...states) => tests.filter(({state}) => states.includes(state));

function reasonOf(output) {
  return output.split('\n').map((line) => line.trim()).filter((line) => line && !line.startsWith('[') && !/^(Running main|Note: Google|\d+ test)/.test(line))
    .find((line) => !/: Skipped$/.test(line)) ?? 'no reason given';
}

const passed = having('passed', 'unsteady');
const failed = having('failed');
const skipped = having('skipped');
for (const {name, output} of skipped) console.log(`skipped: ${name}: ${reasonOf(output)}`);
for (const {name, output} of having('unsteady')) {
  console.log(`unsteady: ${name} (failed once, passed alone; its first output follows)`);
  console.log(output.trimEnd().split('\n').map((line) => `  | ${line}`).join('\n'));
}
for (const {name} of failed) console.log(`failed: ${name}`);
const missing = skipped.filter(({name}) => name.startsWith('referee.'));
if (missing.length > 0) console.log(`A referee was missing: ${missing.map(({name}) => name).join(', ')}`);
console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exit(failed.length > 0 || missing.length > 0 || passed.length === 0 ? 1 : 0);
