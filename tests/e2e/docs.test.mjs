// What README.md and docs/ say is executed, command by command, and their tables are held against the program.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {Client} from '@modelcontextprotocol/sdk/client/index.js';
import {StdioClientTransport} from '@modelcontextprotocol/sdk/client/stdio.js';
import {build, environment, program, run, scratch, source, startGateway} from './support/gateway.mjs';
import {blocks, brokenLinks, codes, commands, pages, table} from './support/markdown.mjs';

const readme = pages('README.md')[0];
const told = [readme, ...pages('docs')];
const page = (name) => told.find((one) => one.name === name);
const all = pages('README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'docs', 'examples');

/// What a reader expects of each command: the first that matches. A command that nothing here matches fails the test.
const object = (text) => {
  const value = JSON.parse(text);
  assert.equal(typeof value, 'object');
  return value;
};
const keywords = ({keywords: {one_word: words}}) => assert.ok(words.some(({phrase, count}) => phrase === 'tools' && count === 2), JSON.stringify(words));
const expectations = [
  [/toolrack tools$/, (out) => assert.match(out, /^TOOL +VERSION[\s\S]*^seo /m)],
  [/toolrack call .*--async$/, (out) => assert.match(out, /^job_[0-9A-Z]{26}\n$/)],
  [/toolrack approvals list$/, (out) => assert.deepEqual(object(out), {approvals: []})],
  [/toolrack jobs list$/, (out) => assert.match(out, /^JOB +STATUS[\s\S]*^job_[0-9A-Z]{26} .*keyword_density/m)],
  [/toolrack call .*--dry-run/, (out) => assert.ok(Object.keys(object(out)).length > 0)],
  [/toolrack call seo keyword_density/, (out) => keywords(object(out))],
  [/^curl .*\/v1\/tools\/call/, (out) => {
    const reply = object(out);
    assert.equal(reply.status, 'success', out);
    keywords(reply.output);
  }],
  [/toolrack knowledge seo /, (out) => assert.match(out, /^toolrack\/seo: Character encoding/)],
  [/^curl .*\/v1\/knowledge\/search/, (out) => assert.equal(object(out).results[0].document, 'encoding', out)],
  [/toolrack lint build\/plugins\/seo\.so/, (out) => assert.match(out, /^toolrack\/seo [\s\S]*^0 errors, /m)],
  [/toolrack logs --level warning$/, (out) => assert.doesNotMatch(out, / info /)],
  [/toolrack completion bash$/, (out) => {
    const checked = spawnSync('bash', ['-n'], {input: out, encoding: 'utf8'});
    assert.equal(checked.status, 0, checked.stderr);
  }],
  [/toolrack plugins end-safe-mode/, (out) => assert.deepEqual(object(out), {status: 'ok'})],
  [/toolrack plugins reload/, (out) => assert.equal(out, 'Nothing has changed.\n')],
  [/toolrack plugins/, (out) => assert.match(out, /^STATE +TOOL[\s\S]*toolrack\/seo/)],
  [/toolrack keys create /, (out) => assert.match(out, /tr_live_[0-9a-f]{64}/)],
  [/toolrack stdio .*<\/dev\/null$/, (out) => assert.equal(out, '')],
];

let gateway;
let place;
before(async () => {
  gateway = await startGateway({plugins: []});
  // The reader's working directory: the checkout, with the build under test as build/.
  place = scratch();
  for (const entry of readdirSync(source)) if (!entry.startsWith('build')) symlinkSync(join(source, entry), join(place, entry));
  symlinkSync(build, join(place, 'build'));
});
after(() => gateway.stop());

function shell(command) {
  const line = command.replaceAll('http://127.0.0.1:3141', gateway.url);
  const env = environment({TOOLRACK_DATA: gateway.data, PATH: `${build}:${process.env.PATH}`});
  return spawnSync('sh', ['-ec', line], {cwd: place, env, encoding: 'utf8', timeout: 300_000});
}

describe('commands', () => {
  for (const one of told) {
    for (const block of blocks(one)) {
      const where = `${one.name}, line ${block.line}`;
      if (block.note === 'in order') continue; // write_a_tool.test.mjs does what those say, one after the other.
      if (block.language === 'sh' && block.note.startsWith('no-run')) {
        test(`${where}: does not run`, {skip: block.note.replace(/^no-run\s*/, '')}, () => {});
        test(`${where}: says why it does not run`, () => assert.match(block.note, /^no-run because \S/));
      } else if (block.language === 'sh') {
        for (const command of commands(block)) {
          test(`${where}: ${command}`, () => {
            const done = shell(command);
            assert.equal(done.status, 0, done.stderr);
            const check = expectations.find(([pattern]) => pattern.test(command))?.[1];
            assert.ok(check, 'nothing in this test says what to expect of it');
            check(done.stdout);
          });
        }
      }
    }
  }
});

describe('data', () => {
  const everywhere = (language, note) => told.flatMap((one) => blocks(one).filter((block) => block.language === language && block.note === note)
    .map((block) => ({...block, where: `${one.name}, line ${block.line}`})));

  for (const block of everywhere('json', 'manifest')) {
    test(`${block.where}: a valid manifest`, async () => {
      const file = join(scratch(), 'manifest.json');
      writeFileSync(file, block.text);
      const {code, stderr} = await run(['validate', file]);
      assert.equal(code, 0, stderr);
    });
  }

  for (const block of everywhere('json', '').filter(({where}) => where.startsWith('docs/configuration.md'))) {
    test(`${block.where}: a configuration that loads`, async () => {
      const home = scratch();
      mkdirSync(join(home, 'tools'));
      const file = join(home, 'config.json');
      // No server is there; s3_assets.test.mjs and knowledge.test.mjs have one.
      const text = block.text.replace(/ {2}"(assets|knowledge)": \{.*\n.*"(s3|embeddings)".*\n {2}\},\n/g, '');
      writeFileSync(file, text);
      const {code, stderr} = await run(['--config', file, 'tools'], {env: {HOME: home}});
      assert.equal(code, 0, stderr);
      assert.ok(readdirSync(home).includes('.toolrack'), 'the data directory that it names is used');
      writeFileSync(file, text.replace('{', '{"no_such_member": 1,'));
      assert.equal((await run(['--config', file, 'tools'], {env: {HOME: home}})).code, 6, 'the file is really read');
    });
  }

  for (const block of everywhere('json', '').filter(({text}) => text.includes('mcpServers'))) {
    test(`${block.where}: a client's configuration that connects`, async () => {
      const server = JSON.parse(block.text).mcpServers.toolrack;
      assert.match(server.command, /\/build\/toolrack$/);
      const client = new Client({name: 'docs', version: '1.0.0'});
      await client.connect(new StdioClientTransport({command: program, args: server.args, env: environment({TOOLRACK_DATA: scratch()})}));
      const names = (await client.listTools()).tools.map((tool) => tool.name);
      for (const name of ['discover', 'use_tool']) assert.ok(names.includes(name), `README names ${name}`);
      await client.close();
    });
  }

  for (const block of everywhere('cpp', '')) {
    test(`${block.where}: compiles`, () => {
      const compiler = /^CMAKE_CXX_COMPILER:\w+=(.*)$/m.exec(readFileSync(join(build, 'CMakeCache.txt'), 'utf8'))[1];
      const options = ['-std=c++20', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-I', join(source, 'sdk/include'), '-x', 'c++', '-'];
      const done = spawnSync(compiler, options, {input: block.text, encoding: 'utf8', timeout: 300_000});
      assert.equal(done.status, 0, done.stderr);
    });
  }

  test('every other json block is JSON', () => {
    for (const block of everywhere('json', '')) if (!block.where.startsWith('docs/configuration.md')) object(block.text);
  });
});

describe('tables', () => {
  test('exit codes are those of exit_code.hpp', () => {
    const header = readFileSync(join(source, 'host/cli/exit_code.hpp'), 'utf8');
    const meant = Object.fromEntries([...header.matchAll(/^ {2}k\w+ = (\d+),(?: +\/\/\/< (.*)\.)?$/gm)].map(([, code, text]) => [code, text?.toLowerCase()]));
    const written = Object.fromEntries(table(page('docs/cli.md'), 'exit code').map(([code, text]) => [code, text.toLowerCase()]));
    assert.equal(written['0'], 'done');
    assert.deepEqual({...written, 0: undefined}, meant);
  });

  test('environment variables are those that the program reads', () => {
    const read = new Set();
    for (const folder of ['host/app', 'host/cli']) {
      for (const file of readdirSync(join(source, folder)).filter((name) => name.endsWith('.cpp'))) {
        for (const [, name] of readFileSync(join(source, folder, file), 'utf8').matchAll(/"(TOOLRACK_[A-Z_]+)"/g)) read.add(name);
      }
    }
    // Names made of a credential's name are any; the folder of contracts is for the tests.
    const others = /_$|^TOOLRACK_(PLUGIN|CONTRACTS|CREDENTIAL_.*)$/;
    const written = new Set(told.flatMap(codes).flatMap((code) => code.match(/TOOLRACK_[A-Z_]+/g) ?? []).filter((name) => !others.test(name)));
    assert.deepEqual([...written].sort(), [...read].sort());
    assert.ok(table(page('docs/configuration.md'), 'variable').length >= 7);
  });

  test('options in the configuration are those of toolrack serve', async () => {
    const help = (await run(['serve', '--help'])).stdout + (await run(['--help'])).stdout;
    for (const [, option] of table(page('docs/configuration.md'), 'variable')) {
      if (option) assert.ok(help.includes(`${option.replaceAll('`', '')} `), `${option} is an option`);
    }
  });

  test('options that the pages name exist', async () => {
    const help = (await run(['--help-all'])).stdout + (await run(['--help'])).stdout;
    const skills = ['--key', '--top', '--flag', '--text'];  // A skill's own, and the placeholder for them.
    for (const one of told) {
      for (const code of codes(one)) {
        for (const [option] of code.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)) {
          if (!/^(\.\/dev|cmake|ctest|build\/tests)/.test(code) && !skills.includes(option)) assert.ok(help.includes(option), `${one.name}: \`${code}\`: ${option}`);
        }
      }
    }
  });

  test('commands that the pages name exist', async () => {
    for (const one of told) {
      for (const code of codes(one)) {
        const [, verb] = /^toolrack ([a-z]+)/.exec(code) ?? [];
        if (verb) assert.equal((await run([verb, '--help'])).code, 0, `${one.name}: \`${code}\``);
      }
    }
  });

  test('every member of the configuration is told', () => {
    const configuration = page('docs/configuration.md');
    const shown = JSON.parse(blocks(configuration).find((block) => block.language === 'json').text.replace(/ \/\/.*$/gm, '').replace(/,(\s*})/g, '$1'));
    const untold = [];
    const visit = (schema, path, example) => {
      for (const [name, member] of Object.entries(schema.properties ?? {})) {
        const here = [...path, name];
        if (example?.[name] === undefined && !codes(configuration).includes(here.join('.'))) untold.push(here.join('.'));
        visit(member, here, example?.[name]);
      }
      if (typeof schema.additionalProperties === 'object') for (const [name, value] of Object.entries(example ?? {})) visit(schema.additionalProperties, [...path, name], value);
    };
    visit(JSON.parse(readFileSync(join(source, 'host/app/config.schema.json'), 'utf8')), [], shown);
    assert.deepEqual(untold, []);
  });

  test('codes of refused plugins are those of the loader', () => {
    const read = new Set();
    const folder = join(source, 'host/sources/native');
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpp'))) {
      for (const [, code] of readFileSync(join(folder, file), 'utf8').matchAll(/"(E_[A-Z_]+)"/g)) read.add(code);
    }
    for (const [, name] of readFileSync(join(folder, 'load_error.hpp'), 'utf8').matchAll(/^ +k(\w+),? +\/\/\/< Reserved/gm)) read.delete(`E_${name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}`);
    const written = new Set(codes(page('docs/abi.md')).filter((code) => /^E_/.test(code)));
    assert.deepEqual([...written].sort(), [...read].sort());
  });

  for (const name of ['api', 'errors']) {
    test(`docs/${name}.md is what the program prints`, async () => {
      const {code, stdout} = await run(['reference', name]);
      assert.equal(code, 0);
      assert.equal(page(`docs/${name}.md`).text, stdout, `toolrack reference ${name} > docs/${name}.md`);
    });
  }
});

describe('links', () => {
  for (const one of all) test(`${one.name} leads to what exists`, () => assert.deepEqual(brokenLinks(one), []));
});

test('./dev help lists every command that the pages name', () => {
  const help = spawnSync(join(source, 'dev'), ['help'], {encoding: 'utf8'});
  assert.equal(help.status, 0, help.stderr);
  const offered = new Set([...help.stdout.matchAll(/^\.\/dev (\w+)/gm)].map(([, name]) => name));
  const named = all.flatMap((one) => [...one.text.matchAll(/\.\/dev ([a-z]+)/g)].map(([, name]) => ({name, where: one.name})));
  assert.ok(named.length > 5);
  for (const {name, where} of named) assert.ok(name === 'help' || name === 'run' || offered.has(name), `${where}: ./dev ${name}`);
});
