// Does a worker process that ends again and again, in every way there is, cost anybody else a call, or leave anything behind?
//
//   node dying_workers.mjs [DEATHS] [CALLERS]     (500 and 16 unless told)
//
// Callers of two other tools, one in the gateway and one in a worker of its own, go on all the time. Their latency is measured
// in rounds with deaths and in as many without, in turn. What is left behind is counted when nobody calls. Exit code 0: all held.
import {copyFileSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {build, post, scratch, startGateway} from './support/gateway.mjs';

const deaths = Number(process.argv[2] ?? 500);
const count = Number(process.argv[3] ?? 16);
const rounds = 5;

const plugins = scratch();
for (const name of ['dies', 'plain', 'services'])
  copyFileSync(join(build, `tests/plugins/${name}.so`), join(plugins, `${name}.so`));
const configuration = join(scratch(), 'rack.json');
writeFileSync(configuration, JSON.stringify({isolation: {plugins: {'test/dies': 'worker', 'test/services': 'worker'}, max_memory_mb: 512}}));
const rack = await startGateway({plugins: [plugins], args: ['--config', configuration]});
process.on('exit', () => { try { process.kill(rack.pid, 'SIGKILL'); } catch { /* It has ended. */ } });
const call = (tool, skill, options = {}) => post(`${rack.url}/v1/tools/call`, {tool: `test/${tool}`, skill, input: {}, ...options});
const reload = () => post(`${rack.url}/v1/plugins/reload`, {});

// ---- The others.
let over = false;
let latencies = [];
const failures = [];
let calls = 0;
async function other(turn) {
  const asked = [['plain', 'echo'], ['services', 'clock']];
  while (!over) {
    const [tool, skill] = asked[turn++ % 2];
    const began = performance.now();
    let reply;
    try {
      reply = await call(tool, skill);
    } catch (error) {
      reply = {status: 0, text: String(error.cause ?? error)};
    }
    latencies.push(performance.now() - began);
    calls += 1;
    if (reply.status !== 200 && failures.push(`${tool}.${skill}: ${reply.text}`) > 20) return;
    await pause(5);
  }
}

// ---- The one that dies. What its call must come to: an error that says how, or an answer that says what was refused.
const ways = {
  segv: /SIGSEGV/, abort: /SIGABRT/, kill: /SIGKILL/, exit: /exit code 3/, garbage: /no frame/, overrun: /SIGSEGV|SIGABRT/,
  memory: {at: 'mebibytes', most: 511}, fork: {at: 'made', most: 0}, descriptors: {at: 'opened', most: 255},
  endless: /./, hang: /./,
};
const unlike = [];
let dead = 0;
async function die(way) {
  const slow = way === 'hang' || way === 'endless';
  const reply = await call('dies', way, slow ? {timeout_ms: 500} : {});
  const expected = ways[way];
  if (!(expected instanceof RegExp)) {
    const seen = reply.json?.output?.[expected.at];
    if (!(seen >= 0 && seen <= expected.most)) unlike.push(`${way}: ${reply.text}`);
    return;
  }
  // Nobody asks for what an endless skill sends, so it is told to stop and ends well.
  if (way === 'endless' ? reply.status !== 200 : reply.status === 200 || !expected.test(reply.json.error.message))
    unlike.push(`${way}: ${reply.text}`);
  if (way === 'hang') await pause(8_000); // Until its worker has been ended for it.
  if (way !== 'endless') dead += 1;
}

const order = Object.keys(ways).filter((way) => way !== 'hang');
let turn = 0;
async function round(wanted) {
  const began = performance.now();
  for (let i = 0; i < wanted; ++i) {
    await reload(); // Or it would stay down after five.
    await die(order[turn++ % order.length]);
  }
  return performance.now() - began;
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
function take() {
  const sorted = latencies.sort((a, b) => a - b);
  latencies = [];
  return {p50: at(sorted, 0.5), p99: at(sorted, 0.99)};
}
const children = () => readdirSync(`/proc/${rack.pid}/task`).flatMap((thread) => {
  try {
    return readFileSync(`/proc/${rack.pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean);
  } catch {
    return [];
  }
});
async function footprint() {
  await pause(3_000);
  const status = readFileSync(`/proc/${rack.pid}/status`, 'utf8');
  const states = children().map((pid) => /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1]);
  return {
    anonymous_kib: Number(/RssAnon:\s+(\d+)/.exec(status)[1]),
    descriptors: readdirSync(`/proc/${rack.pid}/fd`).length,
    threads: Number(/Threads:\s+(\d+)/.exec(status)[1]),
    children: states.length,
    zombies: states.filter((state) => state === 'Z').length,
    copies: readdirSync(join(rack.data, 'runtime'), {recursive: true}).filter((name) => name.endsWith('.so')).length,
  };
}

await Promise.all(['plain', 'services'].map((tool) => call(tool, tool === 'plain' ? 'echo' : 'clock')));
await round(order.length * 2);
const before = await footprint();
const running = Array.from({length: count}, (_, i) => other(i));
const measured = [];
for (let i = 0; i < rounds; ++i) {
  latencies = [];
  const took = await round(Math.ceil((deaths - rounds) / rounds));
  const dying = take();
  await pause(Math.min(took, 20_000));
  measured.push({dying, quiet: take()});
  await die('hang');
  await reload();
}
over = true;
await Promise.all(running);
const after = await footprint();

const median = (values) => at(values.sort((a, b) => a - b), 0.5);
const p50 = median(measured.map(({dying, quiet}) => dying.p50 / quiet.p50));
const p99 = median(measured.map(({dying, quiet}) => dying.p99 / quiet.p99));
console.log(JSON.stringify({deaths: dead, calls, failures: failures.length, unlike: unlike.length, before, after, rounds: measured, p50_ratio: p50, p99_ratio: p99}, null, 1));
const faults = [...failures, ...unlike];
if (after.zombies !== 0) faults.push(`${after.zombies} zombies`);
for (const name of ['descriptors', 'threads', 'children', 'copies'])
  if (after[name] > before[name] + 2) faults.push(`${name}: ${before[name]} before, ${after[name]} after`);
if (after.anonymous_kib > before.anonymous_kib * 1.2 + 4096) faults.push(`memory: ${before.anonymous_kib} KiB before, ${after.anonymous_kib} after`);
await rack.stop();
for (const fault of faults) console.log(`FAILED: ${fault}`);
process.exit(faults.length === 0 ? 0 : 1);
