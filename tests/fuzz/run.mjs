// node tests/fuzz/run.mjs BUILD_FOLDER [TARGET] [SECONDS]: runs the fuzz targets, two at a time, each on a copy of its corpus, and
// prints one table. Fails when something was found, and says how to see it again. `./dev fuzz` builds and calls it.
import {spawn} from 'node:child_process';
import {createWriteStream, mkdirSync, readFileSync, readdirSync, rmSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {join, relative} from 'node:path';
import {corpusOf, dictionaryOf, maxSizes, writeInputs} from './inputs.mjs';

const [build, ...rest] = process.argv.slice(2);
const programs = join(build, 'fuzz');
const known = Object.keys(maxSizes);
const seconds = Number(rest.find((word) => /^\d+$/.test(word)) ?? 60);
const wanted = rest.filter((word) => !/^\d+$/.test(word));
for (const name of wanted) {
  if (known.includes(name)) continue;
  console.error(`There is no fuzz target "${name}"; there are ${known.join(', ')}.`);
  process.exit(2);
}

/// Runs one target; resolves to a row of the table.
async function run(name) {
  const folder = join(build, 'fuzz-runs', name);
  rmSync(folder, {recursive: true, force: true});
  mkdirSync(join(folder, 'finds'), {recursive: true});
  const given = writeInputs(name, join(folder, 'inputs'));
  const options = [
    `-max_total_time=${seconds}`, `-max_len=${maxSizes[name]}`, `-artifact_prefix=${join(folder, 'finds')}/`,
    // Inputs that cost much are found by their processor time (tests/fuzz/fuzz.hpp); this is for those that never end.
    '-timeout=60', '-report_slow_units=3600', '-rss_limit_mb=1024', '-print_final_stats=1', ...dictionaryOf(name).map((file) => `-dict=${file}`),
  ];
  const log = join(folder, 'log');
  const process_ = spawn(join(programs, name), [...options, join(folder, 'inputs')], {stdio: ['ignore', 'pipe', 'pipe']});
  const out = createWriteStream(log);
  process_.stdout.pipe(out, {end: false});
  process_.stderr.pipe(out, {end: false});
  const code = await new Promise((resolve) => process_.on('error', () => resolve(-1)).on('close', (status) => resolve(status ?? -1)));
  await new Promise((resolve) => out.end(resolve));
  const text = readFileSync(log, 'latin1');
  const stat = (which) => Number(new RegExp(`stat::${which}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);
  const last = [...text.matchAll(/cov: (\d+) ft: \d+ corp: (\d+)/g)].at(-1) ?? [0, 0, 0];
  const finds = readdirSync(join(folder, 'finds')).map((file) => join(folder, 'finds', file));
  const reason = /(Broken promise: .*|SUMMARY: .*|ERROR: .*)/.exec(text)?.[1] ?? `the program ended with ${code}`;
  return {name, code, log, finds, reason, given, executions: stat('number_of_executed_units'), rate: stat('average_exec_per_sec'),
    edges: Number(last[1]), added: stat('new_units_added')};
}

const queue = [...(wanted.length > 0 ? wanted : known)];
const results = [];
async function worker() {
  for (let name = queue.shift(); name; name = queue.shift()) results.push(await run(name));
}
await Promise.all(Array.from({length: Math.min(2, availableParallelism())}, worker));
results.sort((a, b) => known.indexOf(a.name) - known.indexOf(b.name));

const columns = ['target', 'executions', 'per second', 'edges', 'given', 'added', 'finds'];
const table = [columns, ...results.map((row) => [row.name, row.executions, row.rate, row.edges, row.given, row.added, row.code === 0 ? 0 : Math.max(1, row.finds.length)])];
for (const line of table) console.log(line.map((cell, i) => (i === 0 ? String(cell).padEnd(10) : String(cell).padStart(11))).join(''));
const failed = results.filter((row) => row.code !== 0);
for (const row of failed) {
  console.log(`\n${row.name}: ${row.reason}\n  log        ${relative('.', row.log)}`);
  for (const find of row.finds) {
    console.log(`  again      ${relative('.', join(programs, row.name))} ${relative('.', find)}`);
    console.log(`  smaller    ${relative('.', join(programs, row.name))} -minimize_crash=1 -max_total_time=30 ${relative('.', find)}`);
    console.log(`  to keep    cp ${relative('.', find)} tests/fuzz/finds/${row.name}/NAME`);
  }
}
console.log(`${results.length} targets, ${results.reduce((sum, row) => sum + row.executions, 0)} executions, ${failed.length} with a find`);
process.exit(failed.length > 0 ? 1 : 0);
