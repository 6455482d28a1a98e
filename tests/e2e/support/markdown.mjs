// Reads the documentation as its readers do: pages, fenced blocks, tables, links.
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {source} from './gateway.mjs';

/// Every Markdown page under the given files and folders of the source tree.
export function pages(...paths) {
  const found = [];
  const visit = (path) => {
    if (path.endsWith('.md')) return found.push(path);
    for (const entry of readdirSync(path, {withFileTypes: true})) {
      if (entry.name === 'node_modules') continue;
      if (entry.isDirectory() || entry.name.endsWith('.md')) visit(join(path, entry.name));
    }
  };
  for (const path of paths) visit(join(source, path));
  return found.map((path) => ({path, name: relative(source, path), text: readFileSync(path, 'utf8')}));
}

/// The fenced blocks of a page: language, the rest of the info string, text, line of the fence.
export function blocks(page) {
  const out = [];
  let open;
  page.text.split('\n').forEach((line, index) => {
    const fence = /^```(\S*)\s*(.*)$/.exec(line);
    if (open && line === '```') {
      out.push({...open, text: open.lines.join('\n') + '\n'});
      open = undefined;
    } else if (open) {
      open.lines.push(line);
    } else if (fence) {
      open = {language: fence[1], note: fence[2], line: index + 1, lines: []};
    }
  });
  if (open) throw new Error(`${page.name}, line ${open.line}: a block without an end`);
  return out;
}

/// The commands of a shell block: one a line, a backslash continues it.
export const commands = (block) => block.text.replaceAll('\\\n', ' ').split('\n').map((line) => line.trim()).filter((line) => line && !line.startsWith('#'));

/// The rows of the first table whose head begins with `head`, as lists of cells.
export function table(page, head) {
  const lines = page.text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  if (start < 0) throw new Error(`${page.name} has no table that begins with "${head}"`);
  const rows = [];
  for (let i = start + 2; lines[i]?.startsWith('|'); ++i) rows.push(lines[i].slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim()));
  return rows;
}

/// What is written as `code` in running text and tables, outside of blocks.
export const codes = (page) => [...withoutBlocks(page).matchAll(/`([^`]+)`/g)].map(([, code]) => code.replaceAll('\n', ' '));

const withoutBlocks = (page) => page.text.replace(/^```[\s\S]*?^```$/gm, '');

/// The anchor that a renderer gives to a heading.
const anchor = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').trim().replaceAll(' ', '-');

/// The links to the source tree that lead nowhere.
export function brokenLinks(page) {
  const broken = [];
  for (const [, target] of withoutBlocks(page).replace(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file, fragment] = target.split('#');
    const path = file ? join(dirname(page.path), file) : page.path;
    if (!existsSync(path)) broken.push(target);
    else if (fragment && ![...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].some(([, heading]) => anchor(heading) === fragment)) broken.push(target);
  }
  return broken;
}
