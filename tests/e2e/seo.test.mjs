// seo.analyze_page on the corpus of ugly pages, served over real HTTP, called over REST and MCP.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {clients, connectHttp} from './support/clients.mjs';
import {startCorpusServer} from './support/corpus_server.mjs';
import {post, source, startGateway} from './support/gateway.mjs';

// The pages say that they live at https://corpus.example and are served from http://127.0.0.1: what depends on the
// page's own address is held by the unit tests of the analysis, which give them that address.
const addressIds = ['canonical.not_https', 'canonical.other_host', 'hreflang.no_self', 'http.not_https', 'links.insecure', 'security.mixed_content'];
const dependsOnAddress = (id) => addressIds.includes(id);
const isAddressValue = (pointer, value) => /^\/(score|canonical\/self|links\/(internal|external|samples)|redirects\/\d+\/location)/.test(pointer) || JSON.stringify(value).includes('corpus.example');

let gateway;
let corpus;
let mcp;
before(async () => {
  [gateway, corpus] = await Promise.all([startGateway({plugins: []}), startCorpusServer()]);
  mcp = await connectHttp(clients.at(-1), gateway.url, '?expose=flat&tools=seo');
});
after(async () => {
  await mcp.close();
  corpus.close();
  await gateway.stop();
});

async function analyze(input) {
  const reply = await post(`${gateway.url}/v1/tools/call`, {tool: 'seo', skill: 'analyze_page', input});
  assert.equal(reply.status, 200, reply.text);
  return reply.json.output;
}

const at = (report, pointer) => pointer.slice(1).split('/').reduce((value, step) => value?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], report);
const ids = (report, severity) => report.issues.filter((issue) => issue.severity === severity).map(({id}) => id).filter((id) => !dependsOnAddress(id)).sort();

/// A report without what differs from one fetch to the next.
const settled = (report) => JSON.parse(JSON.stringify(report, (key, value) => (/(_ms|^date)$/.test(key) ? undefined : value)));

const names = readdirSync(join(source, 'tests/data/seo'));

describe('pages of tests/data/seo', () => {
  for (const name of names) {
    const {about, expect} = JSON.parse(readFileSync(join(source, 'tests/data/seo', name, 'meta.json')));
    test(`${name}: ${about}`, async () => {
      const report = await analyze({url: corpus.cases[name]});
      assert.deepEqual(ids(report, 'error'), expect.errors.filter((id) => !dependsOnAddress(id)).sort());
      assert.deepEqual(ids(report, 'warning'), expect.warnings.filter((id) => !dependsOnAddress(id)).sort());
      const notices = ids(report, 'notice');
      for (const id of expect.notices.filter((one) => !dependsOnAddress(one))) assert.ok(notices.includes(id), `${id} in ${notices}`);
      for (const id of expect.absent.filter((one) => !dependsOnAddress(one))) assert.ok(!report.issues.some((issue) => issue.id === id), id);
      for (const [pointer, value] of Object.entries(expect.values)) {
        if (!isAddressValue(pointer, value)) assert.deepEqual(at(report, pointer), value, pointer);
      }
      for (const issue of report.issues) for (const member of ['id', 'severity', 'title', 'evidence', 'fix']) assert.ok(typeof issue[member] === 'string', member);

      const viaMcp = await mcp.callTool({name: 'seo_analyze_page', arguments: {url: corpus.cases[name]}});
      assert.ok(!viaMcp.isError, JSON.stringify(viaMcp));
      assert.deepEqual(settled(viaMcp.structuredContent), settled(report));
    });
  }
});
