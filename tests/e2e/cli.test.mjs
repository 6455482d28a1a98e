// The command line: data on stdout, complaints on stderr, exit codes that say what happened.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {examples, run, scratch, startGateway} from './support/gateway.mjs';

const data = scratch();
const toolrack = (...args) => run(['--data', data, '--plugins', examples, ...args]);

test('lists, searches and shows tools', async () => {
  const tools = await toolrack('tools');
  assert.equal(tools.code, 0);
  assert.match(tools.stdout, /^TOOL +VERSION/);
  assert.match(tools.stdout, /echo/);
  assert.match(tools.stdout, /seo/);
  assert.equal(tools.stderr, '');
  assert.match((await toolrack('search', 'page', 'title')).stdout, /seo/);
  assert.match((await toolrack('info', 'echo')).stdout, /--message \*/);
  assert.equal((await toolrack('info', 'nothing')).code, 8);
});

test('calls a skill with pairs, JSON, a file and standard input', async () => {
  const file = join(data, 'input.json');
  writeFileSync(file, '{"message":"from a file"}');
  const message = async (...args) => JSON.parse((await toolrack('call', 'echo', 'echo', ...args)).stdout).message;
  assert.equal(await message('--message', 'a pair'), 'a pair');
  assert.equal(await message('--message=5'), '5', 'the schema says string');
  assert.equal(await message('--input', '{"message":"JSON"}'), 'JSON');
  assert.equal(await message('--input', `@${file}`), 'from a file');
  const piped = await run(['--data', data, '--plugins', examples, 'call', 'echo', 'echo', '--input', '-'], {input: '{"message":"piped"}'});
  assert.equal(JSON.parse(piped.stdout).message, 'piped');
});

test('says what is wrong and exits with the code for it', async () => {
  const wrong = await toolrack('call', 'echo', 'echo', '--volume', '11');
  assert.equal(wrong.code, 6);
  assert.equal(wrong.stdout, '');
  assert.match(wrong.stderr, /volume/);
  assert.equal((await toolrack('no-such-command')).code, 2);
  assert.equal((await toolrack('serve', '--threads', 'many')).code, 2);
  assert.equal((await run(['--url', 'http://127.0.0.1:1', 'tools'])).code, 9);
});

test('makes, lists and revokes keys', async () => {
  const made = await toolrack('--format', 'json', 'keys', 'create', 'ci');
  const key = JSON.parse(made.stdout);
  assert.match(key.api_key, /^tr_live_/);
  assert.match((await toolrack('keys', 'list')).stdout, new RegExp(`${key.id} +ci`));
  assert.equal((await toolrack('keys', 'revoke', key.id)).code, 0);
  assert.match((await toolrack('keys', 'list')).stdout, /revoked/);
  assert.equal((await toolrack('keys', 'revoke', 'nothing')).code, 8);
});

test('shows every plugin file with its state and reason', async () => {
  const plugins = scratch();
  writeFileSync(join(plugins, 'broken.so'), 'not a library');
  const {stdout, code} = await run(['--data', data, '--plugins', plugins, 'plugins']);
  assert.equal(code, 0);
  assert.match(stdout, /failed .*broken\.so +E_/);
});

test('validates manifests and plugins', async () => {
  const good = await toolrack('validate', join(examples, 'echo.so'));
  assert.equal(good.code, 0);
  assert.match(good.stdout, /toolrack\/echo/);
  const file = join(data, 'manifest.json');
  writeFileSync(file, '{"manifest":"1.99","name":"x"}');
  const newer = await toolrack('validate', file);
  assert.equal(newer.code, 6);
  assert.match(newer.stderr, /1\.99/);
});

test('names the line of a wrong configuration', async () => {
  const file = join(data, 'config.json');
  writeFileSync(file, '{\n  // A comment.\n  "mode": "local",\n  "threads": "two"\n}\n');
  const {code, stderr} = await run(['--config', file, '--data', data, 'tools']);
  assert.equal(code, 6);
  assert.match(stderr, /config\.json, line 4: \/threads/);
});

test('doctor, version, completion and help work without a gateway', async () => {
  const doctor = await toolrack('doctor');
  assert.equal(doctor.code, 0, doctor.stdout);
  assert.match(doctor.stdout, /data directory/);
  assert.match((await run(['version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  for (const shell of ['bash', 'zsh', 'fish']) assert.match((await run(['completion', shell])).stdout, /keys/);
  assert.match((await run(['--help'])).stdout, /serve/);
});

test('attaches to the gateway that owns the data directory', async (context) => {
  const gateway = await startGateway();
  context.after(() => gateway.stop('SIGKILL'));
  // A flat name: the skill is left out.
  const {stdout} = await run(['--data', gateway.data, '--format', 'json', 'call', 'echo_paid', '--message', 'x']);
  assert.equal(JSON.parse(stdout).output.message, 'x');
  const usage = await (await fetch(`${gateway.url}/v1/usage`)).json();
  assert.equal(usage.total_calls, 1);
  const second = await run(['serve', '--data', gateway.data, '--listen', '127.0.0.1:0']);
  assert.notEqual(second.code, 0);
  assert.match(second.stderr, new RegExp(`process ${gateway.pid} already serves`));
  assert.deepEqual(await gateway.stop(), {code: 0, signal: null});
});
