// The price of a call in instructions, which no neighbour on the machine can change: callgrind counts what the event loop's
// thread executes in the program for a number of calls over one connection. Fails when a figure is more than 3 % above the
// recorded one; `--record` writes cost.json anew (a change that makes calls dearer says why).
//
//   node cost.mjs [--record]
import {execFileSync} from 'node:child_process';
import {readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {basename, join} from 'node:path';
import {build, requests, scratch, startRack} from './support/rack.mjs';

const recordedFile = join(import.meta.dirname, 'cost.json');
const tolerance = 1.03;
const warmUp = 300;
/// What happens at times and not with calls weighs more on a machine that does much else: the cheapest of four parts has the least of it.
const parts = 4;
const calls = 250; // In each.

/// Sends the request `count` times over one connection, each after the answer to the one before.
function repeat(port, request, count) {
  return new Promise((done, fail) => {
    const body = request.body.replace('@ID@', '100000000');
    const text = `POST ${request.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${request.headers.join('\r\n')}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let received = '';
    let left = count;
    socket.setNoDelay(true);
    socket.on('error', fail);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const size = end + 4 + Number(/content-length: (\d+)/i.exec(received)[1]);
      if (received.length < size) return;
      if (!received.startsWith('HTTP/1.1 200')) return fail(new Error(received));
      received = '';
      if (--left > 0) return void socket.write(text);
      socket.end();
      done();
    });
  });
}

/// valgrind cannot read the debug information of every compiler, and needs none: symbols tell functions.
function strip(file, folder) {
  const copy = join(folder, basename(file));
  execFileSync('strip', ['--strip-debug', '-o', copy, file]);
  return copy;
}

const directory = scratch();
const program = strip(join(build, 'toolrack'), scratch());
const plugins = scratch();
for (const file of ['examples/echo.so', 'tests/bench/hundred.so']) strip(join(build, file), plugins);
const rack = await startRack({program, plugins: [plugins], wrapper: ['valgrind', '--tool=callgrind', '--separate-threads=yes',
  `--callgrind-out-file=${join(directory, 'out')}`]});
let dumps = 0;

/// Instructions of each thread since the last dump.
function dump() {
  execFileSync('callgrind_control', ['--dump', String(rack.pid)], {stdio: 'ignore'});
  ++dumps;
  return readdirSync(directory).filter((name) => name.startsWith(`out.${dumps}-`)).map((name) =>
    Number(/^(?:summary|totals): (\d+)/m.exec(readFileSync(join(directory, name), 'utf8'))[1]));
}

const figures = {};
for (const [name, request] of Object.entries(requests(rack.key))) {
  await repeat(rack.port, request, warmUp);
  dump();
  figures[name] = Infinity;
  for (let part = 0; part < parts; ++part) {
    await repeat(rack.port, request, calls);
    figures[name] = Math.min(figures[name], Math.round(Math.max(...dump()) / calls)); // The loop's thread does nearly all of it.
  }
}
await rack.stop();

if (process.argv.includes('--record')) {
  writeFileSync(recordedFile, `${JSON.stringify(figures, null, 2)}\n`);
  console.log(figures);
} else {
  const recorded = JSON.parse(readFileSync(recordedFile, 'utf8'));
  let failed = 0;
  for (const [name, figure] of Object.entries(figures)) {
    const ratio = figure / recorded[name];
    const verdict = ratio > tolerance ? 'too dear' : ratio < 1 / tolerance ? 'cheaper: record it' : 'as recorded';
    if (ratio > tolerance) failed += 1;
    console.log(`${name}: ${figure} instructions a call, recorded ${recorded[name]} (${((ratio - 1) * 100).toFixed(1)} %): ${verdict}`);
  }
  process.exit(failed > 0 ? 1 : 0);
}
