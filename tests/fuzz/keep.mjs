// node tests/fuzz/keep.mjs BUILD_FOLDER TARGET: puts what the last `./dev fuzz TARGET` found out of the way into the corpus: the
// inputs that reach what seeds and corpus do not, smallest first, as far as there is room.
import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {corpusOf, maxSizes, writeInputs} from './inputs.mjs';

const maxFiles = 40;
const maxBytes = 100 << 10;

const [build, name] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'toolrack-fuzz-'));
writeInputs(name, folder);
const before = new Set(readdirSync(folder));
execFileSync(join(build, 'fuzz', name), ['-merge=1', `-max_len=${maxSizes[name]}`, folder, join(build, 'fuzz-runs', name, 'inputs')], {stdio: 'ignore'});
const kept = corpusOf(name);
mkdirSync(kept, {recursive: true});
const size = (path) => statSync(path).size;
const present = readdirSync(kept).map((file) => size(join(kept, file)));
let files = present.length;
let bytes = present.reduce((sum, one) => sum + one, 0);
const news = readdirSync(folder).filter((file) => !before.has(file)).sort((a, b) => size(join(folder, a)) - size(join(folder, b)));
let added = 0;
for (const file of news) {
  if (files + 1 > maxFiles || bytes + size(join(folder, file)) > maxBytes) break;
  copyFileSync(join(folder, file), join(kept, file));
  files += 1;
  bytes += size(join(folder, file));
  added += 1;
}
rmSync(folder, {recursive: true});
console.log(`${name}: ${added} of ${news.length} new inputs kept; the corpus has ${files} files, ${bytes} bytes`);
