// docs/write-a-tool.md, command by command in one place, with what the two Debian packages hold and nothing of the build tree: from nothing to a served call.
// The packages are those that the test `packages` has made and unpacked into an empty root.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {existsSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {build, environment, scratch} from './support/gateway.mjs';
import {blocks, commands, pages} from './support/markdown.mjs';

const page = pages('docs').find(({name}) => name === 'docs/write-a-tool.md');
const home = scratch();
const installed = join(build, 'tests/packages/root/usr');
const config = join(home, 'rack.json');
const env = environment({
  HOME: home, TOOLRACK_CONFIG: config, TOOLRACK_DATA: join(home, 'data'), PATH: `${join(installed, 'bin')}:${process.env.PATH}`, CMAKE_PREFIX_PATH: installed,
});

const counted = (out) => assert.deepEqual(JSON.parse(out), {count: 2, bytes: 39});
/// What a reader expects of each command.
const expectations = {
  'toolrack new my-tool': (out) => assert.match(out, /my-tool\/src\/my_tool\.cpp/),
  'cmake --preset default': (out) => assert.match(out, /Build files have been written to/),
  'cmake --build --preset default': () => assert.ok(existsSync(join(home, 'my-tool/build/plugins/my-tool.so'))),
  'ctest --preset default': (out) => {
    assert.match(out, /100% tests passed/);
    assert.match(out, /my_tool_test[\s\S]*validate/);
  },
  'toolrack validate build/plugins/my-tool.so': (out) => assert.match(out, /^local\/my-tool 0\.1\.0: My tool/),
  'toolrack lint build/plugins/my-tool.so': (out) => assert.match(out, /^ok    crowd of count_text[\s\S]*0 errors, 0 warnings$/m),
  'toolrack plugins': (out) => assert.match(out, /my-tool/),
  'toolrack info my-tool': (out) => assert.match(out, /count_text/),
  'toolrack --url http://127.0.0.1:3141 call my-tool count_text --url https://example.com/ --text domain': counted,
  'toolrack call my-tool count_text --url https://example.com/ --text domain': counted,
};

let website;
let gateway;
before(async () => {
  website = createServer((_, reply) => reply.setHeader('content-type', 'text/html').end('<p>a domain, and another domain, yes<p>'));
  await new Promise((done) => { website.listen(0, '127.0.0.1', done); });
  const port = website.address().port;
  // The reader has the internet; here one site stands for it.
  writeFileSync(config, JSON.stringify({listen: '127.0.0.1:0', metrics_listen: '', egress: {allow: ['127.0.0.1'], ports: [port]}}));
  assert.ok(existsSync(join(installed, 'bin/toolrack')), 'the test `packages` was not run, or dpkg-dev is not installed');
});
after(async () => {
  website.close();
  await end();
});

let place = home;
let url = '';
/// As Ctrl-C does.
async function end() {
  if (!gateway || gateway.exitCode !== null) return;
  const ended = new Promise((done) => { gateway.on('exit', done); });
  gateway.kill('SIGINT');
  await ended;
}
/// Runs in the place of the one before until it says that it is ready, and what it builds is served.
async function serve(command) {
  await end();
  gateway = spawn('sh', ['-ec', `exec ${command}`], {cwd: place, env, stdio: ['ignore', 'ignore', 'pipe']});
  let log = '';
  await new Promise((done, fail) => {
    gateway.stderr.on('data', (chunk) => {
      log += chunk;
      const ready = /"the gateway is ready","url":"([^"]*)"/.exec(log);
      if (!ready) return;
      url = ready[1];
      if (command !== 'toolrack dev' || log.includes('"the plugins have changed"')) done();
    });
    gateway.on('exit', () => fail(new Error(log)));
  });
}

const script = blocks(page).filter(({language, note}) => language === 'sh' && note === 'in order').flatMap(commands);
for (const command of script) {
  test(command, async () => {
    if (command.startsWith('cd ')) {
      place = join(place, command.slice(3));
      return assert.ok(existsSync(place));
    }
    if (command === 'toolrack dev' || command.startsWith('toolrack serve ')) return serve(command);
    const line = command.replace('https://example.com/', `http://127.0.0.1:${website.address().port}/`).replace('http://127.0.0.1:3141', url);
    // Not waited for in place: the site that it may ask is ours.
    const done = await new Promise((resolve) => {
      const child = spawn('sh', ['-ec', line], {cwd: place, env});
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk) => { stdout += chunk; });
      child.stderr.on('data', (chunk) => { stderr += chunk; });
      child.on('close', (status) => resolve({status, stdout, stderr}));
    });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    const check = expectations[command];
    assert.ok(check, 'nothing in this test says what to expect of it');
    check(done.stdout);
  });
}

test('no command is left out', () => assert.equal(script.length, Object.keys(expectations).length + 3));
