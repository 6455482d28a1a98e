// Does a plugin that is replaced a thousand times under load lose a call, answer from the wrong version, or leave anything behind?
//
//   node swaps.mjs [SWAPS] [CALLERS] [ISOLATION]     (1000, 64 and in_process unless told; also worker, worker_per_vendor)
//
// Every swap goes the whole way through the watcher. Calls take 0 to 200 ms: at once, in the pool, waiting for a timer, for a place in
// a thread, for HTTP, for another skill. Memory, maps, descriptors and processes are read after a tenth of the swaps and at the end, when
// nobody calls. Exit code 0: all held.
import {readFileSync, readdirSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {post, run, scratch, startGateway} from './support/gateway.mjs';
import {Callers, library, slowProvider} from './support/swapped.mjs';

const swaps = Number(process.argv[2] ?? 1000);
const count = Number(process.argv[3] ?? 64);
const isolation = process.argv[4] ?? 'in_process';
const isWorker = isolation !== 'in_process';
const mostMs = 200;
const skills = ['which', 'which_pooled', 'waits', 'blocks', 'fetches', 'nests'];

const provider = await slowProvider(mostMs);
const folder = scratch();
const aside = scratch();
const place = (generation) => {
  const path = join(aside, 'swapped.so');
  writeFileSync(path, library(generation));
  renameSync(path, join(folder, 'swapped.so'));
};
place(1);
const configuration = join(scratch(), 'rack.json');
writeFileSync(configuration, JSON.stringify({
  providers: {local: {base_url: provider.url}},
  isolation: {default: isolation},
}));
const rack = await startGateway({plugins: [folder], args: ['--config', configuration]});
process.on('exit', () => { try { process.kill(rack.pid, 'SIGKILL'); } catch { /* It has ended. */ } });

await post(`${rack.url}/v1/tools/call`, {tool: 'swapped', skill: 'which', input: {}}); // Loads it.

const read = (name) => readFileSync(`/proc/${rack.pid}/${name}`, 'utf8');
const children = () => readdirSync(`/proc/${rack.pid}/task`)
  .flatMap((thread) => read(`task/${thread}/children`).trim().split(' ').filter(Boolean));
async function footprint() {
  await pause(3_000); // Old catalogues and connections let go.
  const status = read('status');
  const maps = read('maps').split('\n');
  return {
    anonymous_kib: Number(/RssAnon:\s+(\d+)/.exec(status)[1]),
    plugin_maps: maps.filter((line) => line.includes('/runtime/')).length,
    maps: maps.length,
    descriptors: readdirSync(`/proc/${rack.pid}/fd`).length,
    threads: Number(/Threads:\s+(\d+)/.exec(status)[1]),
    processes: children().length,
  };
}

let generation = 1;
const times = [];
const total = {calls: 0, failures: [], wrong: []};
async function swap(times_to_do) {
  const callers = new Callers(rack.url, count, skills, mostMs);
  callers.placed = callers.newest = generation;
  for (let i = 0; i < times_to_do; ++i) {
    const began = performance.now();
    callers.placed = ++generation;
    place(generation);
    if (!await callers.sees(generation)) break;
    times.push(performance.now() - began);
    if (times.length % 50 === 0) console.log(`${times.length} swaps, ${total.calls + callers.calls} calls, ${callers.failures.length} failed`);
  }
  await callers.stop();
  total.calls += callers.calls;
  total.failures.push(...callers.failures);
  total.wrong.push(...callers.wrong);
}

const began = performance.now();
await swap(Math.ceil(swaps / 10));
const before = await footprint();
await swap(swaps - Math.ceil(swaps / 10));
const after = await footprint();
const {stdout} = await run(['--data', rack.data, '--format', 'json', 'plugins']);
const left = JSON.parse(stdout).plugins.filter(({path}) => path.startsWith(folder));
await rack.stop();
provider.stop();

times.sort((a, b) => a - b);
console.log(`${times.length} swaps under ${count} callers in ${((performance.now() - began) / 1000).toFixed(0)} s; ` +
  `from the file to its first answer ${times[times.length >> 1]?.toFixed(0)} ms in the middle, ${times.at(-1)?.toFixed(0)} ms at most`);
console.log(`${total.calls} calls, ${total.failures.length} failed, ${total.wrong.length} answered by a version that was not there`);
console.log('after a tenth:', JSON.stringify(before), '\nat the end:   ', JSON.stringify(after));

const held = [
  ['every swap was seen', times.length === swaps],
  ['no call failed', total.failures.length === 0],
  ['every answer is from a version that was there', total.wrong.length === 0],
  ['one library is mapped', left.length === 1 && after.plugin_maps === before.plugin_maps],
  [isWorker ? 'one worker is left' : 'no worker is there', after.processes === (isWorker ? 1 : 0)],
  ['descriptors are flat', after.descriptors <= before.descriptors + 4],
  ['maps are flat', after.maps <= before.maps + 40], // Of threads of pools and arenas.
  ['memory is flat', after.anonymous_kib - before.anonymous_kib <= 16 * 1024],
];
for (const [what, is] of held) console.log(`${is ? 'held' : 'NOT HELD'}: ${what}`);
for (const line of [...total.failures, ...total.wrong].slice(0, 5)) console.log(line);
process.exitCode = held.every(([, is]) => is) ? 0 : 1;
