// Versions of one tool beside each other: which one a call gets, and what a new one may not take away.
import assert from 'node:assert/strict';
import {renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {post, run, scratch, startGateway} from './support/gateway.mjs';
import {library} from './support/swapped.mjs';

const plugins = scratch();
const aside = scratch();
let gateway;

/// The tool `swapped` in that version, answering with that generation. `change`: of the manifest, which keeps its length.
function place(name, version, generation, change = (manifest) => manifest) {
  const bytes = library(generation);
  const at = bytes.indexOf('"version": "1.0.0"');
  assert.ok(at > 0 && version.length === 5);
  bytes.write(version, at + '"version": "'.length, 'latin1');
  const end = bytes.indexOf('\n}\n', at);
  const manifest = bytes.toString('latin1', at, end);
  const changed = change(manifest);
  assert.equal(changed.length, manifest.length);
  bytes.write(changed, at, 'latin1');
  writeFileSync(join(aside, 'new'), bytes);
  renameSync(join(aside, 'new'), join(plugins, name));
}
const call = (tool, skill = 'which') => post(`${gateway.url}/v1/tools/call`, {tool, skill, input: {}});
const generation = async (tool, skill) => Number((await call(tool, skill)).json.output?.generation);
const command = async (...words) => run(['--data', gateway.data, ...words]);
async function row(name, isSo) {
  for (;;) {
    const {stdout} = await command('--format', 'json', 'plugins');
    const found = JSON.parse(stdout).plugins.find(({path}) => path === join(plugins, name));
    if (found && isSo(found)) return found;
    await new Promise((wake) => { setTimeout(wake, 50); });
  }
}
before(async () => {
  place('one.so', '1.3.0', 13);
  place('two.so', '2.0.0', 20);
  gateway = await startGateway({plugins: [plugins]});
});
after(() => gateway.stop());

const withoutSkill = (manifest) => manifest.replace('"name": "blocks"', '"name": "blockz"');

test('a minor version that takes something away is not served, and told where and how to force it', {timeout: 60_000}, async () => {
  place('minor.so', '1.4.0', 14, withoutSkill);
  const {code, message, remedy} = await row('minor.so', ({state}) => state === 'failed');
  assert.equal(code, 'E_INCOMPATIBLE');
  assert.match(message, /test\/swapped@1\.4\.0 takes away from callers of 1\.3\.0: at \/skills\/3 of the one before: the skill "blocks" is gone/);
  assert.match(remedy, /toolrack plugins reload --force/);
  assert.equal(await generation('swapped@1'), 13);

  const forced = await command('plugins', 'reload', '--force', 'swapped@1.4.0');
  assert.equal(forced.stdout, 'added: test/swapped@1.4.0\n', forced.stderr);
  assert.equal(await generation('swapped@1'), 14);
  assert.equal(await generation('swapped@1.3.0'), 13);
});

test('the same in a new major version is no breach', {timeout: 60_000}, async () => {
  place('major.so', '3.0.0', 30, withoutSkill);
  await row('major.so', ({state}) => state === 'serving' || state === 'checked');
  for (;;) if (await generation('swapped') === 30) break;
  assert.equal(await generation('swapped@2'), 20);
});
