// Two keys that see different tools: through the official clients, REST, standard input and output and the command line alike.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {clients, connectStdio} from './support/clients.mjs';
import {post, run, scratch, startGateway} from './support/gateway.mjs';

const cases = JSON.parse(readFileSync(new URL('cases/tool_sets.json', import.meta.url)));
let config;
let gateway;
let narrow;
let whole;
const open = [];

async function makeKey(...options) {
  const made = await run(['--data', gateway.data, '--format', 'json', 'keys', 'create', 'agent', '--account', 'acme', ...options]);
  assert.equal(made.code, 0, made.stderr);
  return JSON.parse(made.stdout);
}
before(async () => {
  const data = scratch();
  config = join(data, 'config.json');
  writeFileSync(config, JSON.stringify({limits: {per_minute: 100_000, per_hour: 100_000, concurrent: 50}}));
  gateway = await startGateway({data, args: ['--mode', 'hosted', '--config', config]});
  narrow = await makeKey('--tools', 'echo', '!echo.echo_paid', '--rename', JSON.stringify(
    {skill: 'echo.echo', name: 'say_again', title: 'Say again', description: 'Repeats what it is told.'}));
  whole = await makeKey();
});
after(async () => {
  for (const client of open) await client.close();
  await gateway.stop();
});

const bearer = (key) => ({authorization: `Bearer ${key.api_key}`});
const connect = async (kind, key, query = '?expose=flat') => {
  const client = kind.make();
  await client.connect(new kind.Http(new URL(`${gateway.url}/mcp${query}`), {requestInit: {headers: bearer(key)}}));
  open.push(client);
  return client;
};
const stdio = async (kind, key) => {
  const client = await connectStdio(kind, scratch(), ['--url', gateway.url, '--key', key.api_key, '--expose', 'flat']);
  open.push(client);
  return client;
};
const names = async (client) => (await client.listTools()).tools.map((tool) => tool.name);
/// A result, or the error that the client threw, as text.
const called = async (client, request) => {
  try {
    const result = await client.callTool(request);
    return result.isError ? result.content[0].text : result;
  } catch (error) { return String(error.message); }
};

for (const kind of clients) {
  describe(kind.name, () => {
    for (const [way, connected] of [['HTTP', connect], ['stdio', stdio]]) {
      test(`sees and calls what its key gives, over ${way}`, async () => {
        const client = await connected(kind, narrow);
        const {tools} = await client.listTools();
        assert.deepEqual(tools.map((tool) => tool.name), ['say_again']);
        assert.equal(tools[0].description, 'Repeats what it is told.');
        assert.equal(tools[0].title, 'Say again');
        assert.deepEqual((await client.callTool({name: 'say_again', arguments: {message: 'hi'}})).structuredContent, {message: 'hi'});
        const answers = [];
        for (const name of ['echo', 'echo_paid', 'seo_keyword_density', 'never_was'])
          answers.push((await called(client, {name, arguments: {message: 'hi'}})).replaceAll(name, 'NAME'));
        assert.equal(new Set(answers).size, 1, answers.join('\n'));
        const all = await connected(kind, whole);
        const everything = await names(all);
        assert.ok(everything.includes('echo') && everything.includes('seo_keyword_density') && !everything.includes('say_again'));
      });
    }
  });
}

/// Each surface answers {output} or {error}: the text of it without what differs from call to call.
const neutral = (text, name) => text.replaceAll(/[0-9A-HJKMNP-TV-Z]{26}/g, 'ID').replaceAll(name, 'NAME');
const body = ({tool, skill, input, options = {}}) => ({tool, skill, input, ...options});
const surfaces = {
  async rest(one) {
    const reply = await post(`${gateway.url}/v1/tools/call`, body(one), bearer(narrow));
    assert.equal(reply.status, one.http ?? 200, reply.text);
    return one.code ? {error: reply.text} : {output: reply.json.output};
  },
  async 'a batch'(one) {
    if (one.options?.async) return undefined; // Its calls are no jobs.
    const reply = await post(`${gateway.url}/v1/tools/batch`, {calls: [body(one)]}, bearer(narrow));
    const [result] = reply.json.results;
    return one.code ? {error: JSON.stringify(result)} : {output: result.output ?? result.reply?.output};
  },
  'the command line': async (one) => {
    if (one.options?.async) return undefined;
    const {stdout} = await run(['--format', 'json', '--url', gateway.url, '--key', narrow.api_key, 'call', one.tool, one.skill,
                                '--input', JSON.stringify(one.input), ...(one.options?.dry_run ? ['--dry-run'] : [])]);
    const reply = JSON.parse(stdout);
    return one.code ? {error: JSON.stringify(reply)} : {output: reply.output};
  },
};
for (const kind of clients) {
  for (const [way, connected] of [['HTTP', connect], ['stdio', stdio]]) {
    let client;
    surfaces[`use_tool of ${kind.name} over ${way}`] = async (one) => {
      client ??= await connected(kind, narrow);
      const result = await client.callTool({name: 'use_tool', arguments: body(one)});
      return one.code ? {error: result.content[0].text} : {output: JSON.parse(result.content[0].text)};
    };
  }
}
for (const [surface, ask] of Object.entries(surfaces)) {
  describe(surface, () => {
    for (const one of cases) {
      test(one.name, async () => {
        const got = await ask(one);
        if (got === undefined) return;
        if (!one.code) return assert.deepEqual(got.output, one.output);
        assert.ok(got.error.includes(one.code), got.error);
        // What is hidden and what never was are the same to ask for.
        const member = one.code === 'skill_not_found' ? 'skill' : 'tool';
        const never = await ask({...one, [member]: one.like});
        assert.equal(neutral(got.error, one[member]), neutral(never.error, one.like));
      });
    }
  });
}

test('a key is given other tools while a client listens, and only that client is told', async () => {
  const kind = clients[3];
  const [changing, resting] = [await makeKey('--tools', 'echo'), await makeKey('--tools', 'echo')];
  const heard = {changing: 0, resting: 0};
  const listening = async (key, name) => {
    const client = kind.make();
    client.setNotificationHandler('notifications/tools/list_changed', () => { heard[name] += 1; told.get(name)?.(); });
    await client.connect(new kind.Http(new URL(`${gateway.url}/mcp?expose=flat`), {requestInit: {headers: bearer(key)}}));
    open.push(client);
    await client.listen({toolsListChanged: true});
    return client;
  };
  const told = new Map();
  const news = new Promise((done) => told.set('changing', done));
  const client = await listening(changing, 'changing');
  await listening(resting, 'resting');
  const updated = await post(`${gateway.url}/v1/keys/${changing.id}`, {tools: ['echo.echo']}, bearer(whole));
  assert.equal(updated.status, 200, updated.text);
  await news;
  assert.deepEqual(await names(client), ['echo']);
  assert.equal(heard.resting, 0);
});

test('a key makes no key that sees more than itself', async () => {
  const made = await post(`${gateway.url}/v1/keys`, {name: 'child', tools: ['*']}, bearer(narrow));
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(await names(await connect(clients[3], made.json)), ['say_again']);
  const itself = await post(`${gateway.url}/v1/keys/${narrow.id}`, {tools: ['*'], rename: []}, bearer(narrow));
  assert.equal(itself.status, 200, itself.text);
  assert.deepEqual(await names(await connect(clients[3], narrow)), ['say_again']);
  assert.equal((await post(`${gateway.url}/v1/tools/call`, {tool: 'echo', skill: 'echo_paid', input: {message: 'x'}}, bearer(made.json))).status, 404);
});

test('a renamed tool outlives the gateway, and what a pattern does not name comes with no news', async () => {
  const data = gateway.data;
  await gateway.stop();
  gateway = await startGateway({data, args: ['--mode', 'hosted', '--config', config]});
  assert.deepEqual(await names(await connect(clients[3], narrow)), ['say_again']);
});

test('without a key a hosted gateway shows the meta-tools, lets one look, and calls nothing', async () => {
  const kind = clients[3];
  const meta = kind.make();
  await meta.connect(new kind.Http(new URL(`${gateway.url}/mcp`)));
  open.push(meta);
  const listed = await names(meta);
  assert.ok(listed.includes('discover') && !listed.includes('echo'));
  const flat = kind.make();
  await flat.connect(new kind.Http(new URL(`${gateway.url}/mcp?expose=flat`)));
  open.push(flat);
  assert.ok((await names(flat)).includes('echo'));
  await assert.rejects(flat.callTool({name: 'echo', arguments: {message: 'x'}}));
});
