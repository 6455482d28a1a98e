// The same cases over REST, MCP in both eras, stdio and the command line: they must agree.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, describe, test} from 'node:test';
import {clients, connectHttp, connectStdio} from './support/clients.mjs';
import {post, run, startGateway} from './support/gateway.mjs';

const cases = JSON.parse(readFileSync(new URL('cases/calls.json', import.meta.url)));
let gateway;
const open = [];
before(async () => { gateway = await startGateway(); });
after(async () => {
  for (const client of open) await client.close();
  await gateway.stop();
});

const body = ({tool, skill, input, options = {}}) => ({tool, skill, input, ...options});

/// Each surface gives {output} or {text of the error}.
const surfaces = {
  async rest(one) {
    const reply = await post(`${gateway.url}/v1/tools/call`, body(one));
    assert.equal(reply.status, one.http ?? 200);
    assert.equal(reply.json.status, one.code ? 'error' : 'success');
    if (one.cost !== undefined) assert.equal(reply.json.cost, one.cost);
    if (!one.code) return {output: reply.json.output};
    for (const member of ['code', 'type', 'message', 'resolution_hint']) assert.ok(reply.json.error[member], member);
    assert.equal(reply.json.error.code, one.code);
    return {error: JSON.stringify(reply.json.error)};
  },
  'command line': async (one) => {
    const options = Object.entries(one.options ?? {}).flatMap(([key, value]) => [`--${key.replaceAll('_', '-')}`, String(value)]);
    if (one.options && !('max_price' in one.options)) return undefined;
    const {code, stdout} = await run(['--format', 'json', '--data', gateway.data, 'call', one.tool, one.skill,
                                      '--input', JSON.stringify(one.input), ...options]);
    const reply = JSON.parse(stdout);
    assert.equal(code === 0, !one.code, `exit code ${code}`);
    return one.code ? {error: JSON.stringify(reply.error)} : {output: reply.output};
  },
};
for (const kind of clients) {
  const viaMcp = (connect) => {
    let client;
    return async (one) => {
      if (!client) open.push(client = await connect());
      const result = await client.callTool({name: 'use_tool', arguments: body(one)});
      assert.equal(result.isError ?? false, Boolean(one.code), JSON.stringify(result));
      if (one.cost !== undefined) assert.equal(result._meta['dev.toolrack/cost_usd'], one.cost);
      return one.code ? {error: result.content[0].text} : {output: JSON.parse(result.content[0].text)};
    };
  };
  surfaces[`${kind.name} over HTTP`] = viaMcp(() => connectHttp(kind, gateway.url));
  surfaces[`${kind.name} over stdio`] = viaMcp(() => connectStdio(kind, gateway.data));
}

for (const [surface, call] of Object.entries(surfaces)) {
  describe(surface, () => {
    for (const one of cases) {
      test(one.name, async () => {
        const got = await call(one);
        if (got === undefined) return;
        if (!one.code) return assert.deepEqual(got.output, one.output);
        assert.ok(got.error.includes(one.code), got.error);
        assert.ok(got.error.includes(one.mentions), got.error);
      });
    }
  });
}
