// Processes under measurement: started on one core, read through /proc, ended by their own id.
import {spawn} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';
import {createServer} from 'node:net';

const ticksPerSecond = 100; // sysconf(_SC_CLK_TCK) of Linux on every architecture.

/// Starts `command` on processor `core`; its output is kept in `log`.
export function start(command, {core, env = {}} = {}) {
  const pinned = core === undefined ? command : ['taskset', '-c', String(core), ...command];
  const child = spawn(pinned[0], pinned.slice(1), {env: {...process.env, ...env}, stdio: ['ignore', 'pipe', 'pipe']});
  const log = [];
  child.stdout.on('data', (chunk) => log.push(String(chunk)));
  child.stderr.on('data', (chunk) => log.push(String(chunk)));
  const ended = new Promise((done) => child.on('exit', done));
  return {
    child, log, ended, pid: child.pid,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function descendants(pid) {
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch { /* It has ended. */ }
  }
  const all = [pid];
  for (let i = 0; i < all.length; ++i) all.push(...(children.get(all[i]) ?? []));
  return all;
}

/// User and system time of the process and its children, in microseconds (of 10 ms resolution).
export function cpuMicros(pid) {
  let ticks = 0;
  for (const one of descendants(pid)) {
    try {
      const stat = readFileSync(`/proc/${one}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch { /* It has ended. */ }
  }
  return (ticks * 1e6) / ticksPerSecond;
}

/// Resident memory in MiB.
export function memoryMiB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

export function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const {port} = server.address();
      server.close(() => done(port));
    });
  });
}

/// Calls `probe` until it does not throw, or `process` has ended.
export async function until(probe, milliseconds = 20_000, process = undefined) {
  for (const end = Date.now() + milliseconds;;) {
    try { return await probe(); } catch (error) {
      if (process && process.child.exitCode !== null) throw new Error(`it ended:\n${process.log.join('')}`);
      if (Date.now() > end) throw error;
      await new Promise((done) => setImmediate(done));
    }
  }
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
