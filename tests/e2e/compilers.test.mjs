// One plugin, built by three compilers as strangers build it: the three side by side in one gateway, and each answers.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {copyFileSync, cpSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {build, post, run, scratch, source, startGateway} from './support/gateway.mjs';

const compilers = ['clang++-16', 'g++-12', 'clang++-14'];
const versionOf = (compiler) => `1.0.${compilers.indexOf(compiler) + 1}`;
const execute = promisify(execFile);

const plugins = scratch();
let website;
let gateway;
let page;

/// examples/hello-tool in a version of its own, out of the tree, with the installed SDK.
async function buildWith(compiler, prefix) {
  const project = scratch();
  cpSync(join(source, 'examples/hello-tool'), project, {recursive: true});
  const manifest = join(project, 'manifest.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"version": "1.0.0"', `"version": "${versionOf(compiler)}"`));
  const folder = join(project, 'build');
  await execute('cmake', ['-G', 'Ninja', '-S', project, '-B', folder, `-DCMAKE_CXX_COMPILER=${compiler}`, `-DCMAKE_PREFIX_PATH=${prefix}`]);
  await execute('cmake', ['--build', folder, '--target', 'toolrack-plugins']);
  const built = join(folder, 'plugins/hello-tool.so');
  const {stdout} = await execute('readelf', ['-p', '.comment', built]);
  assert.match(stdout, compiler.startsWith('clang') ? new RegExp(`clang version ${compiler.slice(-2)}\\.`) : /GCC: [^\n]* 12\./, 'it is that compiler');
  copyFileSync(built, join(plugins, `${compiler}.so`));
}

before(async () => {
  const prefix = join(scratch(), 'sdk');
  await execute('cmake', ['--install', join(build, 'sdk'), '--component', 'sdk', '--prefix', prefix]);
  for (const compiler of compilers) await buildWith(compiler, prefix);
  website = createServer(({url}, reply) => reply.setHeader('content-type', 'text/html').writeHead(url === '/' ? 200 : 404).end('<p>one two two</p>'));
  await new Promise((done) => { website.listen(0, '127.0.0.1', done); });
  const {port} = website.address();
  page = `http://127.0.0.1:${port}/`;
  const config = join(scratch(), 'rack.json');
  writeFileSync(config, JSON.stringify({egress: {allow: ['127.0.0.1'], ports: [port]}}));
  gateway = await startGateway({plugins: [plugins], args: ['--config', config]});
});
after(async () => {
  website?.close();
  await gateway?.stop();
});

const call = (compiler, url) => post(`${gateway.url}/v1/tools/call`, {tool: `example/hello-tool@${versionOf(compiler)}`, skill: 'count_words', input: {url, top: 1}});
const answer = {words: 3, different: 2, top: [{word: 'two', count: 2}]};

for (const compiler of compilers) {
  test(`the one of ${compiler} answers`, async () => {
    const {status, json} = await call(compiler, page);
    assert.equal(status, 200, JSON.stringify(json));
    assert.deepEqual(json.output, answer);
  });
}

test('they answer at the same time, and what fails in one fails there', async () => {
  const rounds = Array.from({length: 60}, (_, i) => [compilers[i % 3], i % 4 === 3]);
  const replies = await Promise.all(rounds.map(([compiler, fails]) => call(compiler, fails ? `${page}missing` : page)));
  replies.forEach(({status, json}, i) => {
    if (rounds[i][1]) assert.ok(status >= 400 && json.error?.code, JSON.stringify(json));
    else assert.deepEqual(json.output, answer, JSON.stringify(json));
  });
});

test('all three serve in the process of the gateway', async () => {
  const {stdout} = await run(['--data', gateway.data, '--format', 'json', 'plugins']);
  const rows = JSON.parse(stdout).plugins.filter(({path}) => path.startsWith(plugins));
  assert.deepEqual(rows.map(({version, state}) => [version, state]).sort(), compilers.map((one) => [versionOf(one), 'serving']).sort());
  const maps = readFileSync(`/proc/${gateway.pid}/maps`, 'utf8');
  const mapped = new Set(maps.match(/\/[^\s]*hello-tool[^\s]*\.so/g));
  assert.equal(mapped.size, compilers.length, maps);
});
