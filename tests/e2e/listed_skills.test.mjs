// Skills that a plugin lists itself, and changes while clients listen: in the gateway's process, in one of its own, and in one for all
// plugins of its vendor.
import assert from 'node:assert/strict';
import {copyFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {ToolListChangedNotificationSchema} from '@modelcontextprotocol/sdk/types.js';
import {clients, connectHttp} from './support/clients.mjs';
import {ear} from './support/ear.mjs';
import {build, isSanitized, post, run, scratch, startGateway} from './support/gateway.mjs';

const [v1, , , modern] = clients;
const item = (name, more = {}) => ({name, description: 'Was not there before.', input: {type: 'object'}, ...more});

for (const isolation of ['in_process', 'worker', 'worker_per_vendor']) {
  describe(isolation, () => {
    let gateway;
    const open = [];
    before(async () => {
      const plugins = scratch();
      for (const name of ['grows', 'plain']) copyFileSync(join(build, `tests/plugins/${name}.so`), join(plugins, `${name}.so`));
      const config = join(scratch(), 'toolrack.json');
      // A sanitizer reserves terabytes.
      writeFileSync(config, JSON.stringify({isolation: {default: isolation, ...(isSanitized && {max_memory_mb: 1073741824})}}));
      gateway = await startGateway({plugins: [plugins], args: ['--config', config]});
    });
    after(async () => {
      for (const client of open) await client.close();
      await gateway?.stop();
    });

    const call = (skill, input = {}) => post(`${gateway.url}/v1/tools/call`, {tool: 'grows', skill, input});
    const become = async (page) => assert.equal((await call('become', {page})).status, 200);
    const row = async () => (await (await fetch(`${gateway.url}/v1/plugins`)).json()).plugins.find(({tool}) => tool === 'test/grows');
    /// Until the plugin's row is as wanted.
    const rowWith = async (is) => {
      for (;;) {
        const now = await row();
        if (is(now)) return now;
        await new Promise((next) => setTimeout(next, 20));
      }
    };
    /// Until it can be called: the row knows of a list before everybody is offered what is in it.
    const offered = async (skill) => {
      while ((await call(skill)).status !== 200) await new Promise((next) => setTimeout(next, 20));
    };
    const names = async (client) => (await client.listTools()).tools.map(({name}) => name).filter((name) => name.startsWith('grows_'));
    const listen = async (kind, query) => {
      const one = ear();
      const client = await connectHttp(kind, gateway.url, query);
      open.push(client);
      if (kind === v1) client.setNotificationHandler(ToolListChangedNotificationSchema, one.hear);
      else client.setNotificationHandler('notifications/tools/list_changed', one.hear);
      if (kind === modern) await client.listen({toolsListChanged: true});
      return [client, one];
    };

    test('they are there from the beginning, on every way', async () => {
      const [client] = await listen(modern, '?expose=flat');
      assert.deepEqual(await names(client), ['grows_become', 'grows_one', 'grows_two']);
      const result = await client.callTool({name: 'grows_two', arguments: {}});
      assert.deepEqual(result.structuredContent ?? JSON.parse(result.content[0].text), {name: 'two', in_manifest: false});
      assert.deepEqual((await call('one')).json.output, {name: 'one', in_manifest: false});
      const meta = await connectHttp(modern, gateway.url, '');
      open.push(meta);
      const used = await meta.callTool({name: 'use_tool', arguments: {tool: 'grows', skill: 'one', input: {}}});
      assert.match(used.content[0].text, /"one"/);
      const told = await run(['--data', gateway.data, 'call', 'grows', 'two']);
      assert.equal(told.code, 0, told.stderr);
      assert.match(told.stdout, /"two"/);
      const shown = await row();
      assert.deepEqual([shown.state, shown.listed_skills, shown.list_problem], ['serving', 2, undefined]);
    });

    test('a change is told once where it shows, and calls that run stay as they are', async () => {
      const [client, one] = await listen(modern, '?expose=flat');
      const [, narrowed] = await listen(modern, '?expose=flat&tools=grows');
      const [, other] = await listen(modern, '?expose=flat&tools=plain');
      const [, beside] = await listen(modern, '');
      const before = (await row()).calls;
      const slow = call('two', {ms: 3_000});
      await rowWith(({calls}) => calls > before); // It runs.
      await become({items: [item('three'), item('four', {annotations: {readOnlyHint: true}})]});
      await Promise.all([one.next(1), narrowed.next(1)]);
      assert.deepEqual(await names(client), ['grows_become', 'grows_four', 'grows_three']);
      assert.equal((await client.listTools()).tools.find(({name}) => name === 'grows_four').annotations.readOnlyHint, true);
      assert.deepEqual((await call('three')).json.output, {name: 'three', in_manifest: false});
      const gone = await call('one');
      assert.deepEqual([gone.status, gone.json.error.code], [404, 'skill_not_found']);
      assert.deepEqual((await slow).json.output, {name: 'two', in_manifest: false});

      // The same list, then another one: the first of the two is no news.
      const asked = (await row()).calls;
      await become({items: [item('three'), item('four', {annotations: {readOnlyHint: true}})]});
      await rowWith(({calls}) => calls >= asked + 2);
      await become({items: []});
      await Promise.all([one.next(2), narrowed.next(2)]);
      assert.deepEqual(await names(client), ['grows_become']);
      assert.deepEqual([one.heard, narrowed.heard, other.heard, beside.heard], [2, 2, 0, 0]);
    });

    test('a list with something wrong in it changes nothing, and the row says what', async () => {
      await become({items: [item('five')]});
      await rowWith(({listed_skills}) => listed_skills === 1);
      await offered('five');
      await become({items: [item('six'), item('seven', {price: {usd: 'a lot'}})]});
      const {list_problem: problem} = await rowWith(({list_problem}) => list_problem);
      assert.match(problem, /list of skills at \/items\/1\/price\/usd/);
      assert.equal((await call('five')).status, 200);
      assert.equal((await call('six')).status, 404);
      await become({items: [item('six')]});
      await rowWith(({list_problem}) => !list_problem);
      await offered('six');
    });

    test('a client of a session hears of them, too', async () => {
      const [client, one] = await listen(v1, '?expose=flat&tools=grows');
      // Its stream may not be open yet, and it would miss the first change.
      for (let turn = 0; one.heard === 0; ++turn) {
        await become({items: [item(`turn${turn}`)]});
        await Promise.race([one.next(1), new Promise((next) => setTimeout(next, 2_000))]);
      }
      assert.match((await names(client))[1], /^grows_turn/);
    });
  });
}
