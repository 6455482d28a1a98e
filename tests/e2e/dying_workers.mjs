// Does a worker process that ends again and again, in every way there is, cost anybody else a call, or leave anything behind?
//
//   node dying_workers.mjs [DEATHS] [CALLERS]     (500 and 16 unless told)
//
// Callers of two other tools, one in the gateway and one in a worker of its own, go on all the time. Their latency, and the gateway's
// processor time a call, are measured in five rounds with deaths and in as many without, in turn, each as long. Five deaths within
// a minute would disable the worker, so an operator's `plugins reload` goes before each. What is left behind is counted when nobody
// calls. Exit code 0: all held.
import {copyFileSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {build, post, scratch, startGateway} from './support/gateway.mjs';

const deaths = Number(process.argv[2] ?? 500);
const count = Number(process.argv[3] ?? 16);
const rounds = 5;
const paceMs = 200; // From one death to the next: a machine has other things to do.
const started = performance.now();

const say = (text) => console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}`);

const plugins = scratch();
for (const name of ['dies', 'plain', 'services'])
  copyFileSync(join(build, `tests/plugins/${name}.so`), join(plugins, `${name}.so`));
const configuration = join(scratch(), 'rack.json');
writeFileSync(configuration, JSON.stringify({isolation: {plugins: {'test/dies': 'worker', 'test/services': 'worker'}, max_memory_mb: 512}}));
const rack = await startGateway({plugins: [plugins], args: ['--config', configuration]});
let isStopping = false;
rack.ended.then(({code, signal}) => {
  if (isStopping) return;
  say(`FAILED: the gateway ended with ${code ?? signal}; its last lines:\n${rack.log.slice(-30).join('\n')}`);
  process.exit(1);
});
process.on('exit', () => { try { process.kill(rack.pid, 'SIGKILL'); } catch { /* It has ended. */ } });
const call = (tool, skill, options = {}) => post(`${rack.url}/v1/tools/call`, {tool: `test/${tool}`, skill, input: {}, ...options});
const reload = () => post(`${rack.url}/v1/plugins/reload`, {}).catch((error) => failures.push(`reload: ${error.cause ?? error}`));

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
    if (reply.status !== 200) {
      say(`FAILED: ${tool}.${skill}: ${reply.text}`);
      if (failures.push(`${tool}.${skill}: ${reply.text}`) > 20) return;
    }
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
const note = (text) => { say(`UNLIKE: ${text}`); unlike.push(text); };
let dead = 0, excesses = 0; // What ends its worker, and what is refused or bounded while that goes on.
async function die(way) {
  const slow = way === 'hang' || way === 'endless';
  const reply = await call('dies', way, slow ? {timeout_ms: 500} : {});
  const expected = ways[way];
  if (!(expected instanceof RegExp)) {
    const seen = reply.json?.output?.[expected.at];
    if (!(seen >= 0 && seen <= expected.most)) note(`${way}: ${reply.text}`);
    excesses += 1;
    return;
  }
  // Nobody asks for what an endless skill sends, so it is told to stop and ends well.
  if (way === 'endless' ? reply.status !== 200 : reply.status === 200 || !expected.test(reply.json.error.message))
    note(`${way}: ${reply.text}`);
  if (way === 'hang') await pause(8_000); // Until its worker has been ended for it.
  if (way === 'endless') excesses += 1;
  else dead += 1;
}

const order = Object.keys(ways).filter((way) => way !== 'hang');
let turn = 0;
async function round(isEnough) {
  const began = performance.now();
  while (!isEnough()) {
    const next = pause(paceMs);
    await reload();
    await die(order[turn++ % order.length]);
    await next;
  }
  return performance.now() - began;
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const ticks = () => readFileSync(`/proc/${rack.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').slice(11, 13).reduce((sum, one) => sum + Number(one), 0);
let ticksBefore = 0;
function begin() {
  latencies = [];
  ticksBefore = ticks();
}
function take() {
  const sorted = latencies.sort((a, b) => a - b);
  const took = {calls: sorted.length, p50: at(sorted, 0.5), p99: at(sorted, 0.99), cpu_us: (ticks() - ticksBefore) * 10_000 / sorted.length};
  begin();
  return took;
}
const shown = ({calls, p50, p99, cpu_us}) => `${calls} calls, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${cpu_us.toFixed(0)} us of processor a call`;
const children = () => readdirSync(`/proc/${rack.pid}/task`).flatMap((thread) => {
  try {
    return readFileSync(`/proc/${rack.pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean);
  } catch {
    return [];
  }
});
async function footprint() {
  await pause(8_000); // Until the callers' idle connections are closed: by them, after four seconds.
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
say('the gateway is up; first every way to die, twice');
await round(() => turn === order.length * 2);
dead = excesses = 0;
const before = await footprint();
const running = Array.from({length: count}, (_, i) => other(i));
const measured = [];
for (let i = 0; i < rounds; ++i) {
  begin();
  const goal = dead + Math.max(1, Math.ceil((deaths - dead) / (rounds - i)) - 1); // And one that hangs.
  const took = await round(() => dead >= goal);
  const dying = take();
  say(`round ${i + 1}: ${dead} deaths so far; with deaths: ${shown(dying)}`);
  await pause(took);
  const quiet = take();
  say(`round ${i + 1}: as long without:       ${shown(quiet)}`);
  measured.push({dying, quiet});
  await die('hang');
  await reload();
}
over = true;
await Promise.all(running);
const after = await footprint();

const median = (values) => at(values.sort((a, b) => a - b), 0.5);
const ratio = (name) => median(measured.map(({dying, quiet}) => dying[name] / quiet[name]));
const ratios = {p50: ratio('p50'), p99: ratio('p99'), cpu_us: ratio('cpu_us')};
say(`${dead} deaths and ${excesses} excesses, ${calls} calls of others, ${failures.length} failed; with deaths against without: ` +
  `p50 x ${ratios.p50.toFixed(2)}, p99 x ${ratios.p99.toFixed(2)}, processor a call x ${ratios.cpu_us.toFixed(2)}`);
console.log('before:', JSON.stringify(before), '\nafter: ', JSON.stringify(after));
const faults = [...failures, ...unlike];
if (after.zombies !== 0) faults.push(`${after.zombies} zombies`);
for (const name of ['descriptors', 'threads', 'children', 'copies'])
  if (after[name] > before[name] + 2) faults.push(`${name}: ${before[name]} before, ${after[name]} after`);
if (after.anonymous_kib > before.anonymous_kib * 1.2 + 4096) faults.push(`memory: ${before.anonymous_kib} KiB before, ${after.anonymous_kib} after`);
for (const [name, most] of [['p50', 1.15], ['p99', 2], ['cpu_us', 1.1]])
  if (!(ratios[name] <= most)) faults.push(`${name} x ${ratios[name].toFixed(2)}, and x ${most} is allowed`);
isStopping = true;
await rack.stop();
for (const fault of faults) console.log(`FAILED: ${fault}`);
process.exit(faults.length === 0 ? 0 : 1);
