// Does a gateway that is killed again and again lose a job, do one's work twice, or charge for it twice?
//
//   node killed_jobs.mjs [JOBS] [SEED]     (500 unless told, and any)
//
// Callers start jobs and wait for them while the gateway is killed (SIGKILL) after random times and started again. A third are
// requests that act and must never be sent twice, a third may be repeated, a third work in three steps with a checkpoint after
// each. The far end counts, the ledger is summed up, and every job is asked for again at the end. Exit code 0: all held.
import {setTimeout as pause} from 'node:timers/promises';
import {FarEnd} from './support/far_end.mjs';
import {post, scratch, startGateway} from './support/gateway.mjs';
import {random} from './support/random.mjs';

const wanted = Number(process.argv[2] ?? 500);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
const callers = 8;
const jobsPerKill = Math.min(100, wanted / 4); // A kill costs two of them or three, and 95 in 100 are to be completed.
const steps = 3;
const kinds = {
  act: {call: (name) => ({tool: 'requests', skill: 'act', input: {name}}), micros: 2_100},
  again: {call: (name) => ({tool: 'requests', skill: 'again', input: {name}}), micros: 2_100},
  steps: {call: (name) => ({tool: 'resumes', skill: 'steps', input: {name, steps}}), micros: steps * 1_050},
};

const chance = random(seed);
const far = await FarEnd.start();
far.delay = () => Math.floor(chance() * 10);
const options = {data: scratch(), ...far.options()};
let rack = await startGateway(options);
process.on('exit', () => { try { process.kill(rack.pid, 'SIGKILL'); } catch { /* It has ended. */ } });

/// Asks until there is a gateway that answers.
async function insist(ask) {
  for (;;) {
    try {
      return await ask(rack.url);
    } catch {
      await pause(10);
    }
  }
}
const isOver = ({status}) => ['completed', 'failed', 'cancelled'].includes(status);
const get = (path) => insist(async (url) => (await fetch(url + path)).json());

const jobs = new Map(); // By id: {kind, name, end}.
const wrong = [];
let unheard = 0;        // Starts that were cut off before their answer.
let begun = 0;
let isDone = false;

async function work() {
  for (let number = begun++; jobs.size < wanted; number = begun++) {
    const kind = Object.keys(kinds)[number % 3];
    const name = `${kind}-${number}`;
    let accepted;
    try {
      accepted = await post(`${rack.url}/v1/tools/call`, {...kinds[kind].call(name), async: true});
    } catch {
      ++unheard;
      await pause(10);
      continue;
    }
    if (accepted.status === 503) continue; // It is about to end.
    if (accepted.status !== 202) {
      wrong.push(`${name} was not accepted: ${accepted.text}`);
      return;
    }
    const id = accepted.json.job_id;
    jobs.set(id, {kind, name});
    let job;
    do job = await get(`/v1/jobs/${id}?wait=30`); while (!isOver(job));
    jobs.get(id).end = job;
  }
}

let kills = 0;
async function kill() {
  while (!isDone) {
    const at = begun + Math.ceil(2 * jobsPerKill * chance());
    while (begun < at && !isDone) await pause(2);
    if (isDone) return;
    await pause(chance() * 20);
    await rack.stop('SIGKILL');
    ++kills;
    rack = await startGateway(options);
  }
}

const began = performance.now();
const killing = kill();
await Promise.all(Array.from({length: callers}, work));
isDone = true;
await killing;

// Jobs that were kept although their caller never heard of them are jobs, too.
const known = new Map();
for (let after = ''; ;) {
  const page = await get(`/v1/jobs?limit=100${after && `&after=${after}`}`);
  for (const {job_id: id} of page.jobs) known.set(id, undefined);
  if (page.jobs.length < 100) break;
  after = page.jobs.at(-1).job_id;
}
for (const id of known.keys()) {
  let job;
  do job = await get(`/v1/jobs/${id}?wait=30`); while (!isOver(job));
  known.set(id, job);
}
const seconds = (performance.now() - began) / 1000;
const {total_cost: spent} = await get('/v1/usage?period=all');
await rack.stop();
far.stop();

const rows = Object.fromEntries(Object.keys(kinds).map((kind) => [kind,
  {jobs: 0, completed: 0, interrupted: 0, otherwise: 0, 'run again': 0, requests: 0, 'most for one': 0}]));
let owed = 0;
const kindOf = (job) => (job.tool === 'resumes' ? 'steps' : job.skill);
for (const [id, job] of known) {
  const kind = kindOf(job);
  const row = rows[kind];
  ++row.jobs;
  if (job.status === 'completed') {
    ++row.completed;
    owed += kinds[kind].micros;
    const {name} = kind === 'steps' ? {name: job.partials[0].text.split('/')[0]} : job.result.output;
    const paths = kind === 'steps' ? Array.from({length: steps}, (_, step) => `/step/${name}/${step}`) : [`/${kind}/${name}`];
    if (!paths.every((path) => far.times(path) > 0)) wrong.push(`${name} is completed, and was not done: ${paths.map((path) => far.times(path))}`);
    if (kind === 'steps' && job.partials.length !== steps) wrong.push(`${name} has ${job.partials.length} parts`);
    const again = paths.reduce((sum, path) => sum + far.times(path) - 1, 0);
    if (again > (job.runs ?? 1) - 1) wrong.push(`${name} was run ${job.runs ?? 1} times, and did ${again} things again`);
  } else if (job.error_detail?.code === 'interrupted') {
    ++row.interrupted;
  } else {
    ++row.otherwise;
    wrong.push(`${id}: ${JSON.stringify(job)}`);
  }
  if (job.runs > 1) ++row['run again'];
}
for (const [path, times] of far.done) {
  const kind = path.startsWith('/step/') ? 'steps' : path.split('/')[1];
  rows[kind].requests += times;
  rows[kind]['most for one'] = Math.max(rows[kind]['most for one'], times);
}
const same = (one, other) => one.status === other.status && one.ended_at === other.ended_at;
const all = Object.values(rows).reduce((sum, row) => ({jobs: sum.jobs + row.jobs, completed: sum.completed + row.completed,
  again: sum.again + row['run again']}), {jobs: 0, completed: 0, again: 0});
const first = [...far.done].filter(([path]) => /^\/step\/.*\/0$/.test(path));

console.log(`${all.jobs} jobs, ${kills} kills, ${unheard} starts cut off, ${seconds.toFixed(0)} s, seed ${seed}`);
console.table(rows);
const held = [
  ['every job that was accepted is there', [...jobs.keys()].every((id) => known.has(id))],
  ['none has two ends', [...jobs].every(([id, {end}]) => known.has(id) && end && same(end, known.get(id)))],
  ['each has completed, or was interrupted', Object.values(rows).every(({otherwise}) => otherwise === 0)],
  ['what acts was done once at most', rows.act['most for one'] <= 1 && first.every(([, times]) => times <= 1)],
  ['nothing was lost or done without need', wrong.length === 0],
  [`95 in 100 are completed: ${(100 * all.completed / all.jobs).toFixed(2)} %`, all.completed >= 0.95 * all.jobs],
  [`charged is what was completed: ${spent} of ${owed / 1e6} USD`, Math.round(spent * 1e6) === owed],
  ['the control: kills found jobs that went on', kills > 0 && all.again > 0],
];
for (const [what, is] of held) console.log(`${is ? 'held' : 'NOT HELD'}: ${what}`);
for (const line of wrong.slice(0, 5)) console.log(line);
process.exitCode = held.every(([, is]) => is) ? 0 : 1;
