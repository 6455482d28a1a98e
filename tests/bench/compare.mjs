// What a call costs, beside the machine's limit in the same run: nginx `return 200` with an answer of the same size, and
// for the list a bare epoll loop that sends cached bytes. Prints a Markdown table; docs/performance.md explains it.
//
//   node compare.mjs [--seconds 3] [--rounds 5] [--connections 1,64] [--only TEXT]
//
// The server is pinned to processor 0, the generator (wrk) to processor 1. Rounds go A B C A B C; the table has medians.
// CPU is user and system time of the server's process over completed requests.
import {execFile} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parseArgs, promisify} from 'node:util';
import {cpuMicros, freePort, median, memoryMiB, start, until} from './support/process.mjs';
import {build, message, requests, scratch, send, startRack} from './support/rack.mjs';

const {values: options} = parseArgs({options: {
  seconds: {type: 'string', default: '3'}, rounds: {type: 'string', default: '5'},
  connections: {type: 'string', default: '1,64'}, only: {type: 'string', default: ''},
}});
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);

async function startNginx() {
  const directory = scratch();
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${directory}/${name};`).join(' ');
  const text = JSON.stringify({jsonrpc: '2.0', id: 100000000, result: {content: [{type: 'text', text: message}]}});
  writeFileSync(join(directory, 'nginx.conf'), `
    daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/log;
    events { worker_connections 2048; }
    http {
      access_log off; keepalive_requests 1000000000; ${temporary}
      server { listen 127.0.0.1:${port} backlog=1024; default_type application/json; location / { return 200 '${text}'; } }
    }`);
  mkdirSync(join(directory, 'logs'));
  const nginx = start(['nginx', '-p', directory, '-c', join(directory, 'nginx.conf')], {core: 0});
  await until(() => fetch(`http://127.0.0.1:${port}/`));
  return {...nginx, port, name: 'nginx return 200'};
}

async function startBare(body) {
  const file = join(scratch(), 'reply');
  writeFileSync(file, body);
  const port = await freePort();
  const bare = start([join(build, 'tests/bare_responder'), String(port), file], {core: 0});
  await until(() => fetch(`http://127.0.0.1:${port}/`, {method: 'POST', body: 'x'}));
  return {...bare, port, name: 'bare epoll'};
}

async function load(server, request, connections) {
  const environment = {...process.env, BENCH_PATH: request.path, BENCH_HEADERS: request.headers.join('\n'), BENCH_BODY: request.body};
  const before = cpuMicros(server.pid);
  const {stdout} = await promisify(execFile)('taskset', ['-c', '1', 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s',
    join(import.meta.dirname, 'post.lua'), `http://127.0.0.1:${server.port}`], {env: environment});
  const cpu = cpuMicros(server.pid) - before;
  const [count, , bad, broken, p50, p99] = /BENCH ([\d ]+)/.exec(stdout)[1].split(' ').map(Number);
  if (bad + broken > 0) throw new Error(`${server.name}: ${bad} bad answers, ${broken} broken connections\n${server.log.join('').slice(-2000)}`);
  return {cpu: cpu / count, p50, p99, rate: count / seconds};
}

const rack = {...await startRack({core: 0}), name: 'toolrack'};
const idle = memoryMiB(rack.pid);
const scenarios = requests(rack.key);
const nginx = await startNginx();
const bare = await startBare(await send(rack.url, scenarios['MCP tools/list of 100']));

const chosen = Object.entries(scenarios).filter(([name]) => name.includes(options.only));
const measured = new Map();
const add = (key, result) => measured.set(key, [...(measured.get(key) ?? []), result]);
for (let round = 0; round < rounds; ++round) {
  for (const connections of options.connections.split(',').map(Number)) {
    for (const [name, request] of chosen) {
      await send(rack.url, request);
      const limit = name.includes('list') ? bare : nginx;
      for (const server of [limit, rack]) add(`${name}|${connections}|${server.name}`, await load(server, request, connections));
    }
  }
}
const middle = (key, field) => median(measured.get(key).map((one) => one[field]));
const ratios = (key, limitKey, field) => median(measured.get(key).map((one, i) => one[field] / measured.get(limitKey)[i][field]));
console.log('| call | connections | CPU µs | limit | ratio | p50 µs | limit | ratio | p99 µs | limit | ratio | calls/s |');
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const connections of options.connections.split(',')) {
  for (const [name] of chosen) {
    const key = `${name}|${connections}|toolrack`;
    const limit = `${name}|${connections}|${name.includes('list') ? bare.name : nginx.name}`;
    const cells = ['cpu', 'p50', 'p99'].flatMap((field) => {
      const digits = field === 'cpu' ? 1 : 0;
      return [middle(key, field).toFixed(digits), middle(limit, field).toFixed(digits), ratios(key, limit, field).toFixed(2)];
    });
    console.log(`| ${name} | ${connections} | ${cells.join(' | ')} | ${middle(key, 'rate').toFixed(0)} |`);
  }
}
console.log(`\nMemory: ${idle.toFixed(1)} MiB idle, ${memoryMiB(rack.pid).toFixed(1)} MiB after the load.`);
await Promise.all([rack.stop(), nginx.stop(), bare.stop()]);

// From exec to the first correct answer, on a data directory that exists: a restart.
const starts = [];
for (let i = 0; i < 9; ++i) {
  const began = process.hrtime.bigint();
  const again = await startRack({data: rack.data, key: rack.key});
  starts.push(Number(process.hrtime.bigint() - began) / 1e6);
  await again.stop();
}
console.log(`Start: ${median(starts).toFixed(0)} ms from exec to the first answer (median of ${starts.length}).`);
