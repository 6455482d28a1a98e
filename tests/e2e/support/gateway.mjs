// Starts the real program for a test and ends it afterwards.
import {spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {createInterface} from 'node:readline';

/// The build under test, given by ctest.
export const build = resolve(process.env.TOOLRACK_BUILD ?? join(import.meta.dirname, '../../../build'));
/// A sanitizer keeps freed memory, and shadows of all of it: such a build is not judged by its memory.
const cache = join(build, 'CMakeCache.txt');
export const isSanitized = existsSync(cache) && /^TOOLRACK_SANITIZE:\w+=\S/m.test(readFileSync(cache, 'utf8'));
export const source = resolve(import.meta.dirname, '../../..');
export const program = join(build, 'toolrack');
export const examples = join(build, 'examples');

const scratches = [];
// A program that was told to end, such as a client's bridge, may write its last file while its directory goes.
process.on('exit', () => scratches.forEach((path) => rmSync(path, {recursive: true, force: true, maxRetries: 40, retryDelay: 20})));

/// A directory of its own for each caller, gone with the process.
export function scratch(prefix = 'toolrack-e2e-') {
  const path = mkdtempSync(join(tmpdir(), prefix));
  scratches.push(path);
  return path;
}

/// Variables for a program that must not see the tester's own set-up.
export function environment(extra = {}) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TOOLRACK_') && !name.startsWith('OTEL_')));
  // Plugins of the tests are signed by nobody; signatures.test.mjs is about that.
  return {...clean, TOOLRACK_LOG_FORMAT: 'json', TOOLRACK_REQUIRE_SIGNATURE: 'false', ...extra};
}

let lastPort = 0;
/// A port of this process's own, for a gateway that is to come again at it: below those that are given to whoever asks for any, so that nobody has it in between.
export async function keptPort() {
  for (;;) {
    const port = 10_000 + process.pid % 2_000 * 10 + lastPort++ % 10;
    const server = createServer();
    const isFree = await new Promise((done) => server.once('error', () => done(false)).listen(port, '127.0.0.1', () => done(true)));
    if (!isFree) continue;
    await new Promise((done) => { server.close(done); });
    return port;
  }
}

/// What a line of the log says; undefined: not every line of a sanitizer is an entry.
function parsed(line) {
  try {
    const entry = JSON.parse(line);
    return typeof entry?.message === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}
export const isReady = ({message}) => message === 'the gateway is ready';

/// Runs `toolrack serve` on a free port; resolves when it is ready. `port`: that of one that has ended, `keptPort()`'s. `listen`: null leaves that to the
/// configuration. `metrics`: where /metrics listens.
/// `descriptors`: its soft limit at the start. `under`: words of a program that becomes it.
export async function startGateway({data = scratch(), plugins = [examples], args = [], env = {}, port = 0, listen = `127.0.0.1:${port}`, metrics = '', descriptors, under = []} = {}) {
  const options = ['serve', '--metrics-listen', metrics, '--data', data];
  if (listen !== null) options.push('--listen', listen);
  for (const directory of plugins) options.push('--plugins', directory);
  const command = descriptors ? ['sh', '-c', `ulimit -Sn ${descriptors}; exec "$0" "$@"`, program] : [...under, program];
  const child = spawn(command[0], [...command.slice(1), ...options, ...args], {env: environment(env), stdio: ['ignore', 'inherit', 'pipe']});
  const log = [];
  const lines = createInterface({input: child.stderr}).on('line', (line) => { log.push(line); });
  // By then its last words are in the log, which an exit alone does not say.
  const ended = new Promise((done) => child.on('close', (code, signal) => done({code, signal})));
  /// The first entry of the log from line `from` on that is so, once it is there: an answer that tells of the same may come before. What came to this
  /// process together with the line has been seen by then, too, such as the end of a connection that nobody may send on any more.
  async function logged(isSo, from = 0) {
    for (;;) {
      for (; from < log.length; ++from) {
        const entry = parsed(log[from]);
        if (!entry || !isSo(entry)) continue;
        await new Promise(setImmediate);
        return entry;
      }
      await Promise.race([new Promise((next) => { lines.once('line', next); }), ended]);
      if (child.exitCode === null && child.signalCode === null) continue;
      const {code, signal} = await ended;
      if (from === log.length) throw new Error(`the gateway ended with ${code ?? signal}:\n${log.join('\n')}`);
    }
  }
  const {url} = await logged(isReady);
  return {
    url, data, log, logged, ended, pid: child.pid,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

/// Runs the program to its end.
export function run(args, {input = '', env = {}} = {}) {
  return new Promise((done) => {
    const child = spawn(program, args, {env: environment(env)});
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => { stdout += chunk; });
    child.stderr.on('data', (chunk) => { stderr += chunk; });
    child.on('close', (code) => done({code, stdout, stderr}));
    child.stdin.on('error', () => {}); // It may have ended already, without a look at it.
    child.stdin.end(input);
  });
}

export async function post(url, body, headers = {}) {
  const reply = await fetch(url, {
    method: 'POST',
    headers: {'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers},
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await reply.text();
  let json;
  try { json = JSON.parse(text); } catch { json = undefined; }
  return {status: reply.status, headers: reply.headers, text, json};
}
