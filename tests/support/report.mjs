// node report.mjs FILE...: reads ctest's JUnit files, prints the skipped tests with their reasons and one closing line for all of them,
// and fails when a test that is a referee (its name begins with "referee.") was skipped: a promise without its referee is none.
import {readFileSync} from 'node:fs';

const xml = process.argv.slice(2).map((file) => readFileSync(file, 'utf8')).join('\n');
const unescape = (text) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&amp;/g, '&');
let passed = 0;
const failed = [];
const skipped = [];
for (const [, name, attributes, body] of xml.matchAll(/<testcase name="([^"]*)"([^>]*)>([\s\S]*?)<\/testcase>/g)) {
  const status = /status="([^"]*)"/.exec(attributes)?.[1];
  if (status === 'run') {
    passed += 1;
  } else if (status === 'fail') {
    failed.push(unescape(name));
  } else {
    const output = unescape(/<system-out>([\s\S]*?)<\/system-out>/.exec(body)?.[1] ?? '');
    const reason = output.split('\n').map((line) => line.trim()).filter((line) => line && !line.startsWith('[') && !/^(Running main|Note: Google|\d+ test)/.test(line))
      .find((line) => !/: Skipped$/.test(line)) ?? 'no reason given';
    skipped.push([unescape(name), reason]);
  }
}
for (const [name, reason] of skipped) console.log(`skipped: ${name}: ${reason}`);
for (const name of failed) console.log(`failed: ${name}`);
const missing = skipped.filter(([name]) => name.startsWith('referee.'));
if (missing.length > 0) console.log(`A referee was missing: ${missing.map(([name]) => name).join(', ')}`);
console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exit(failed.length > 0 || missing.length > 0 || passed === 0 ? 1 : 0);
