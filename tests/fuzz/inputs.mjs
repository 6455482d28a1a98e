// What the targets begin with: how large an input may be, and where the corpus, the finds, the seeds and the words come from.
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {seeds} from './seeds.mjs';

const here = import.meta.dirname;

/// Every target, and the largest input that is tried: larger ones say little that smaller ones do not, and cost time.
export const maxSizes = {
  config: 2048, declarative: 2048, elf: 8192, frames: 1024, http: 4096, json: 4096, lines: 200, manifest: 6144, markdown: 4096, mcp: 2048, schema: 4096, sse: 1024, stored: 1024,
  trace: 1024, url: 512, validator: 4096,
};

export const corpusOf = (name) => join(here, 'corpus', name);
export const findsOf = (name) => join(here, 'finds', name);

const dictionaries = {config: 'config', declarative: 'json', http: 'http', json: 'json', manifest: 'manifest', mcp: 'mcp', schema: 'schema', url: 'url', validator: 'schema'};
export const dictionaryOf = (name) => (dictionaries[name] ? [join(here, 'dictionaries', `${dictionaries[name]}.dict`)] : []);

/// Writes everything a target begins with into `folder`; returns how many inputs that are.
export function writeInputs(name, folder) {
  mkdirSync(folder, {recursive: true});
  const inputs = seeds(name);
  for (const from of [corpusOf(name), findsOf(name)])
    if (existsSync(from)) inputs.push(...readdirSync(from).map((file) => readFileSync(join(from, file))));
  const names = new Set();
  for (const input of inputs) {
    if (input.length > maxSizes[name]) continue;
    const digest = createHash('sha1').update(input).digest('hex');
    names.add(digest);
    writeFileSync(join(folder, digest), input);
  }
  return names.size;
}
