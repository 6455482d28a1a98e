// The plugin tests/plugins/swapped.cpp in any number of generations, and callers who know which of them may answer.
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {build, post} from './gateway.mjs';

const original = readFileSync(join(build, 'tests/plugins/swapped.so'));
const buildIdNote = Buffer.from([4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4e, 0x55, 0]);

/// The library of that generation: it says so in its answers, and has a build id of its own.
export function library(generation) {
  const bytes = Buffer.from(original);
  const digits = String(generation).padStart(8, '0');
  const mark = bytes.indexOf('GENERATION-00000000');
  const note = bytes.indexOf(buildIdNote);
  if (mark < 0 || note < 0) throw new Error('swapped.so has no mark or no build id');
  bytes.write(digits, mark + 'GENERATION-'.length, 'latin1');
  bytes.write(digits, note + buildIdNote.length, 'latin1');
  return bytes;
}

/// A provider that takes up to `mostMs` for its answer.
export async function slowProvider(mostMs) {
  const server = createServer((request, reply) => setTimeout(() => reply.end('{}'), Math.random() * mostMs));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {url: `http://127.0.0.1:${server.address().port}`, stop: () => { server.close(); server.closeAllConnections(); }};
}

/// Callers of `swapped`, each with one call after the other. An answer may come from any generation that was offered
/// while its call ran: none that an earlier call has seen replaced when it began, none that was not there when it ended.
export class Callers {
  newest = 0;       // The newest generation that has answered.
  placed = 0;       // The newest one in the directory; raised before it is put there.
  calls = 0;
  failures = [];
  wrong = [];
  #over = false;
  #running = [];

  constructor(url, count, skills, mostMs) {
    for (let i = 0; i < count; ++i) this.#running.push(this.#call(url, skills, i, mostMs));
  }

  async #call(url, skills, turn, mostMs) {
    while (!this.#over) {
      const skill = skills[turn++ % skills.length];
      const oldest = this.newest;
      let reply;
      try {
        reply = await post(`${url}/v1/tools/call`, {tool: 'swapped', skill, input: {ms: Math.floor(Math.random() * mostMs)}});
      } catch (error) {
        reply = {status: 0, text: String(error.cause ?? error)};
      }
      this.calls += 1;
      if (reply.status !== 200) {
        if (this.failures.push(`${skill}: ${reply.text}`) > 20) return;
        continue;
      }
      const {generation, inner} = reply.json.output;
      for (const one of inner ? [generation, inner.generation ?? inner.output?.generation] : [generation]) {
        const answered = Number(one);
        if (!(answered >= oldest && answered <= this.placed))
          this.wrong.push(`${skill}: ${one}, but ${oldest} to ${this.placed} may answer`);
      }
      // What an outer call answers is as old as its beginning; an inner one began later.
      this.newest = Math.max(this.newest, Number(generation));
    }
  }

  /// Until that generation has answered; false when callers have given up.
  async sees(generation) {
    while (this.newest < generation) {
      if (this.failures.length > 20) return false;
      await new Promise((next) => setImmediate(next));
      await new Promise((next) => setTimeout(next, 2));
    }
    return true;
  }

  async stop() {
    this.#over = true;
    await Promise.all(this.#running);
  }
}
