// A hosted gateway serves what is dropped into its directory when somebody that it trusts has signed it, and says what to do when not.
import assert from 'node:assert/strict';
import {copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {examples, run, scratch, startGateway} from './support/gateway.mjs';

const home = scratch();
const key = join(home, 'acme.key');
const plugins = join(home, 'plugins');
const plugin = join(plugins, 'echo.so');
mkdirSync(plugins, {mode: 0o755});
const config = join(home, 'rack.json');

let gateway;
before(async () => {
  const made = await run(['keygen', key]);
  assert.equal(made.code, 0, made.stderr);
  const line = /"trusted_keys": \["[^"]+"\]/.exec(made.stdout);
  assert.ok(line, made.stdout);
  writeFileSync(config, `{"mode": "hosted", ${line[0]}}`);
  gateway = await startGateway({plugins: [plugins], args: ['--config', config], env: {TOOLRACK_REQUIRE_SIGNATURE: ''}});
});
after(() => gateway.stop());

/// What the gateway says of the plugin, once `is_so` holds.
async function row(isSo) {
  for (;;) {
    const {stdout} = await run(['--data', gateway.data, '--format', 'json', 'plugins']);
    const found = JSON.parse(stdout).plugins.find(({path}) => path === plugin);
    if (found && isSo(found)) return found;
    await new Promise((wake) => { setTimeout(wake, 50); });
  }
}
const offers = async () => (await (await fetch(`${gateway.url}/v1/tools/echo`)).json()).error === undefined;

test('the key is for its owner alone', () => {
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.match(readFileSync(`${key}.pub`, 'utf8'), /^[A-Za-z0-9+/]{43}=\n$/);
});

test('a file without a signature is not served, and the command that mends that is named', async () => {
  copyFileSync(join(examples, 'echo.so'), plugin);
  const {code, message} = await row(({state}) => state === 'failed');
  assert.equal(code, 'E_SIGNATURE');
  assert.ok(message.includes(`toolrack sign --key KEY ${plugin}`), message);
  assert.equal(await offers(), false);
});

test('with a signature by a key that is trusted it is, at once', async () => {
  const done = await run(['sign', '--key', key, plugin]);
  assert.equal(done.code, 0, done.stderr);
  assert.ok(done.stdout.startsWith(`${plugin}.sig, by `), done.stdout);
  await row(({state}) => state === 'checked');
  while (!await offers()) await new Promise((wake) => { setTimeout(wake, 20); });
});

test('a stranger\'s signature is not enough, and the line that trusts him is named', async () => {
  const stranger = join(home, 'stranger.key');
  assert.equal((await run(['keygen', stranger])).code, 0);
  assert.equal((await run(['sign', '--key', stranger, plugin])).code, 0);
  const {code, message} = await row(({state}) => state === 'failed');
  assert.equal(code, 'E_SIGNATURE');
  assert.ok(message.includes(`adds "${readFileSync(`${stranger}.pub`, 'utf8').trim()}" to "trusted_keys"`), message);
  assert.equal(await offers(), true, 'what was served before serves on');
});

test('whom the rack trusts changes while it runs', async () => {
  const [acme, stranger] = ['acme', 'stranger'].map((name) => readFileSync(join(home, `${name}.key.pub`), 'utf8').trim());
  const trust = async (keys) => {
    const seen = gateway.log.length;
    writeFileSync(config, JSON.stringify({mode: 'hosted', trusted_keys: keys}));
    process.kill(gateway.pid, 'SIGHUP');
    return gateway.logged(({message}) => message.startsWith('the configuration is'), seen);
  };
  const line = await trust([acme, stranger]);
  assert.equal(line.message, 'the configuration is read again');
  assert.equal(line.changed, 'trusted_keys');
  assert.notEqual((await row(() => true)).code, 'E_SIGNATURE', 'the file that was refused is served');
  assert.equal(await offers(), true);
  await trust([stranger]);
  assert.notEqual((await row(() => true)).code, 'E_SIGNATURE');
  assert.equal(await offers(), true);
  await trust([]);
  assert.equal((await row(() => true)).code, 'E_SIGNATURE');
  assert.equal(await offers(), false, 'nobody vouches for it any more');
});

test('bundled tools need none', async () => {
  assert.equal((await (await fetch(`${gateway.url}/v1/tools/seo`)).json()).error, undefined);
});

test('signing says what is wrong with key and plugin', async () => {
  const wrong = await run(['sign', '--key', `${key}.pub`, plugin]);
  assert.equal(wrong.code, 6);
  assert.match(wrong.stderr, /is no signing key/);
  const nothing = await run(['sign', '--key', key, join(home, 'nothing.so')]);
  assert.equal(nothing.code, 6);
  const again = await run(['keygen', key]);
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, /is there already/);
});
