// Many clients that listen at once: what each costs the gateway's memory, and how long a change takes to reach all.
//   node many_listens.mjs [CLIENTS]
// Times are judged as they would be on a machine of our own: each is divided by how much longer than its processor time a loop takes just then.
import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {scratch, startGateway} from './support/gateway.mjs';
import {library} from './support/swapped.mjs';

const count = Number(process.argv[2] ?? 10_000);
const plugins = scratch();
const at = join(plugins, 'swapped.so');
const gateway = await startGateway({plugins: [plugins]});
const port = Number(new URL(gateway.url).port);

/// What the process has of its own: pages shared with nobody.
function ownKiB() {
  const rollup = readFileSync(`/proc/${gateway.pid}/smaps_rollup`, 'latin1');
  return ['Private_Dirty', 'Private_Clean'].reduce((sum, name) => sum + Number(new RegExp(`${name}:\\s+(\\d+)`).exec(rollup)[1]), 0);
}

const meta = {'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}};
function request(id) {
  const body = JSON.stringify({jsonrpc: '2.0', id, method: 'subscriptions/listen', params: {notifications: {toolsListChanged: true}, _meta: meta}});
  return `POST /mcp?expose=flat HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
    'Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n' +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
}

let acknowledged = 0;
let changed = 0;
let lost = 0;
let look = () => {};
const sockets = [];
function open(id) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request(id)));
    socket.setEncoding('latin1');
    let begun = ''; // The line that has not come to its end.
    socket.on('data', (text) => {
      const lines = (begun + text).split('\n');
      begun = lines.pop();
      for (const line of lines) {
        if (line.includes('subscriptions/acknowledged')) { acknowledged += 1; done(); }
        if (line.includes('tools/list_changed')) { changed += 1; look(); }
      }
    });
    socket.on('error', () => { lost += 1; done(); });
    sockets.push(socket);
  });
}

await fetch(`${gateway.url}/health`);
const before = ownKiB();
for (let from = 0; from < count; from += 200)
  await Promise.all(Array.from({length: Math.min(200, count - from)}, (_, i) => open(from + i)));
const after = ownKiB();
console.log(`${acknowledged} of ${count} listen, ${lost} were refused`);
console.log(`${((after - before) / count).toFixed(2)} KiB each (${before} -> ${after} KiB)`);

/// How many times its processor time a loop of 20 ms takes: 1 on a machine that has nothing else to do.
function crowding() {
  const [wall, own] = [process.hrtime.bigint(), process.cpuUsage()];
  for (;;) {
    const {user, system} = process.cpuUsage(own);
    if (user + system >= 20_000) return Math.max(1, Number(process.hrtime.bigint() - wall) / 1e3 / (user + system));
  }
}

/// In ms: from the change of the file, which the gateway has to notice, until all have heard; and from the first client to the last.
async function reachAll(act) {
  changed = 0;
  const before = crowding();
  const begin = process.hrtime.bigint();
  act();
  const first = await new Promise((done) => { look = () => done(process.hrtime.bigint()); });
  await new Promise((done) => { look = () => { if (changed >= acknowledged) done(); }; look(); });
  const end = process.hrtime.bigint();
  const all = Number(end - begin) / 1e6;
  return {all, spread: Number(end - first) / 1e6, judged: all / Math.max(before, crowding())};
}
const times = [];
for (let round = 1; round <= 5; ++round) {
  const bytes = library(round);
  times.push(await reachAll(() => writeFileSync(at, bytes)));
  times.push(await reachAll(() => rmSync(at)));
}
function told(what, key) {
  const sorted = times.map((one) => one[key]).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  console.log(`${what}: median ${median.toFixed(0)} ms, most ${sorted.at(-1).toFixed(0)} ms`);
  return median;
}
told('from the first client to the last', 'spread');
told('from the change to the last client', 'all');
const median = told('the same, by the time that this machine had for it', 'judged');
for (const socket of sockets) socket.destroy();
await gateway.stop();
process.exit(acknowledged === count && (after - before) / count <= 12 && median <= 1_000 ? 0 : 1);
