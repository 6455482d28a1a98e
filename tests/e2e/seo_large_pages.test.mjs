// seo.analyze_page on pages of 5 MB, again and again, several at a time: right answers, and a gateway that does not grow.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, describe, test} from 'node:test';
import {post, startGateway} from './support/gateway.mjs';
import {pages as kinds, size, startLargePageServer} from './support/large_pages.mjs';

const inFlight = 4;
// A sanitizer keeps freed memory on purpose, and takes its time: there only the answers count.
const isSanitized = Boolean(process.env.TOOLRACK_SANITIZE);
const [warmUp, rounds] = isSanitized ? [0, 1] : [2, 3];

let gateway;
let server;
before(async () => {
  [gateway, server] = await Promise.all([startGateway({plugins: []}), startLargePageServer()]);
});
after(async () => {
  server?.close();
  await gateway?.stop();
});

/// The report; undefined when the skill's own time ran out, on a machine that does much else.
async function analyze(page) {
  const {status, json, text} = await post(`${gateway.url}/v1/tools/call`, {tool: 'seo', skill: 'analyze_page', input: {url: page.url, check_robots: false}});
  if (json?.error?.code === 'timeout') return undefined;
  assert.equal(status, 200, text.slice(0, 1000));
  // What was read until then is not the page.
  return json.output.issues.some(({evidence}) => evidence?.includes('did not finish its answer within')) ? undefined : json.output;
}
/// The report of the whole page; the test's own limit ends it.
async function analyzeWhole(page) {
  for (;;) {
    const report = await analyze(page);
    if (report) return report;
  }
}

const at = (report, pointer) => pointer.slice(1).split('/').reduce((value, step) => value?.[step], report);

describe('answers', () => {
  for (const {name, what} of kinds) {
    test(`${name}: ${what}`, async () => {
      const page = server.pages.find((one) => one.name === name);
      const report = await analyzeWhole(page);
      for (const [pointer, value] of Object.entries(page.values)) assert.deepEqual(at(report, pointer), value, pointer);
      const issues = new Map(report.issues.map(({id, count}) => [id, count]));
      for (const id of page.has) assert.ok(issues.has(id), `${id} in ${[...issues.keys()]}`);
      for (const [id, count] of Object.entries(page.counts ?? {})) assert.equal(issues.get(id), count, id);
      if (page.sent_at_most) assert.ok(page.most_sent <= page.sent_at_most, `${page.most_sent} bytes were taken`);
      page.report = JSON.stringify(report);
    });
  }
});

/// KiB: what the gateway holds now, and the most that it ever held.
function memory() {
  const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
  const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]);
  return {resident: of('VmRSS'), peak: of('VmHWM')};
}

/// Every page once, some at a time, each with the answer that it had when it was alone.
async function round() {
  const waiting = [...server.pages];
  await Promise.all(Array.from({length: inFlight}, async () => {
    for (let page = waiting.shift(); page; page = waiting.shift()) {
      const report = await analyze(page);
      if (report) assert.equal(JSON.stringify(report), page.report, page.name);
    }
  }));
}

test('the gateway holds no more memory after all of them, several at a time, than before', async (t) => {
  for (let i = 0; i < warmUp; ++i) await round();
  const before = memory();
  for (let i = 0; i < rounds; ++i) await round();
  const after = memory();
  const growth = (after.resident / before.resident - 1) * 100;
  t.diagnostic(`resident: ${before.resident} KiB after ${warmUp} rounds, ${after.resident} KiB after ${rounds} more (${growth.toFixed(1)} %); peak ${after.peak} KiB`);
  if (isSanitized) return;
  // What is kept of each page would be hundreds of megabytes. The allocator's unrest depends on which thread had which page; it is far below a tenth of
  // what was read, and so is what is held at rest: the program, not what it has read.
  const tenth = rounds * server.pages.length * (size >> 10) / 10;
  assert.ok(after.resident - before.resident < tenth, `${growth.toFixed(1)} % more`);
  assert.ok(after.resident < 64 * 1024 + tenth, `${after.resident} KiB at rest`);
});
