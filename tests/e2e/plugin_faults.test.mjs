// tests/data/plugin_faults.json against the real program, all in one directory: each fault is named with its remedy by
// `toolrack plugins`, each call that meets one gets its error, and a good plugin beside them answers all the time.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {build, post, run, scratch, source, startGateway} from './support/gateway.mjs';

const rows = JSON.parse(readFileSync(join(source, 'tests/data/plugin_faults.json'), 'utf8'))
  // Others need the file changed in the right moment or a deadline; tests/unit/sources has them.
  .filter((row) => !row.hangs && !row.beside && !row.then && !row.runtime && !row.worker && !row.hosted && !row.unsigned && !row.deadline_ms && row.make !== 'socket');
const plugins = scratch();
const built = (name) => join(build, 'tests/plugins', `${name}.so`);
let gateway;
let files;

function place(row) {
  const path = join(plugins, `${row.make ? row.name : row.file}.so`);
  if (!row.make) copyFileSync(built(row.file), path);
  else if (row.make === 'empty' || row.make === 'text') writeFileSync(path, row.make === 'text' ? 'no library\n'.repeat(10) : '');
  else if (row.make === 'directory') mkdirSync(path);
  else if (row.make === 'fifo') execFileSync('mkfifo', [path]);
  else if (row.make === 'link') symlinkSync(row.to === 'fault.so' ? `${row.name}.so` : row.to, path);
  else {
    copyFileSync(built(row.of), path);
    if (row.make === 'cut') truncateSync(path, Math.floor(statSync(path).size * row.share));
    if (row.make === 'patch') {
      const bytes = readFileSync(path);
      Buffer.from(row.bytes).copy(bytes, row.at);
      writeFileSync(path, bytes);
    }
  }
}

const call = (tool, skill) => post(`${gateway.url}/v1/tools/call`, {tool: `test/${tool}`, skill, input: {}});

before(async () => {
  for (const row of rows) place(row);
  gateway = await startGateway({plugins: [plugins]});
});
after(() => gateway.stop());

describe('calls', () => {
  for (const row of rows.filter((one) => one.skill)) {
    test(`${row.name}: ${row.fault}`, async () => {
      const {status, json} = await call(row.tool, row.skill);
      const expected = row.answer ?? 'plugin_failed';
      if (expected === 'ok') {
        assert.equal(status, 200, JSON.stringify(json));
      } else {
        assert.equal(json.error.code, expected, JSON.stringify(json));
        if (row.words) assert.ok(JSON.stringify(json).includes(JSON.stringify(row.words).slice(1, -1)), JSON.stringify(json));
        if (row.code) assert.ok(json.error.message.includes(row.code) && json.error.resolution_hint, JSON.stringify(json));
      }
      const good = await call('plain', 'echo');
      assert.equal(good.status, 200, JSON.stringify(good.json));
    });
  }
});

describe('toolrack plugins', () => {
  before(async () => {
    const {stdout, code} = await run(['--data', gateway.data, '--format', 'json', 'plugins']);
    assert.equal(code, 0);
    files = new Map(JSON.parse(stdout).plugins.map((file) => [file.path, file]));
  });
  for (const row of rows) {
    test(`${row.name}: ${row.code || 'serves'}`, () => {
      const file = files.get(join(plugins, `${row.make ? row.name : row.file}.so`));
      assert.ok(file, [...files.keys()].join('\n'));
      assert.equal(file.code ?? '', row.code, file.message);
      if (!row.code) return assert.equal(file.state, 'serving');
      assert.equal(file.state, 'failed');
      assert.ok(file.message.includes(row.words), file.message);
      assert.match(file.remedy, /\.$/);
    });
  }
  test('prints code and remedy for people', async () => {
    const {stdout} = await run(['--data', gateway.data, 'plugins']);
    for (const row of rows) if (row.code) assert.match(stdout, new RegExp(row.code));
  });
});
