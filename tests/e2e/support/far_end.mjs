// A far end that counts what is asked of it, and the tools that ask: tests/plugins/resumes.cpp, which works in steps and keeps
// each, and a declared one, `requests`, with work that must be done once and work that may be repeated.
import {once} from 'node:events';
import {copyFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {build, scratch} from './gateway.mjs';

export class FarEnd {
  done = new Map();         // How often each path was asked for.
  holds = () => false;      // Which paths are not answered until `release`.
  delay = () => 0;          // Milliseconds before an answer.
  #held = [];
  #waiting = [];
  #server;

  static async start() {
    const far = new FarEnd();
    far.#server = createServer((request, reply) => far.#take(request.url, reply)).listen(0, '127.0.0.1');
    await once(far.#server, 'listening');
    return far;
  }
  get url() { return `http://127.0.0.1:${this.#server.address().port}`; }
  times(path) { return this.done.get(path) ?? 0; }

  #take(path, reply) {
    this.done.set(path, this.times(path) + 1);
    const answer = () => {
      reply.writeHead(200, {'content-type': 'application/json'});
      reply.end(JSON.stringify({name: path.split('/')[2]}));
    };
    if (this.holds(path)) this.#held.push(answer);
    else setTimeout(answer, this.delay());
    this.#waiting = this.#waiting.filter((one) => !(this.times(one.path) >= one.times && (one.ready(), true)));
  }
  /// When that was asked for so often.
  came(path, times = 1) {
    if (this.times(path) >= times) return Promise.resolve();
    return new Promise((ready) => { this.#waiting.push({path, times, ready}); });
  }
  /// Answers what is held, and holds nothing any more.
  release() {
    this.holds = () => false;
    for (const answer of this.#held.splice(0)) answer();
  }
  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /// What `startGateway` needs to offer the tools that ask here.
  options() {
    const plugins = scratch();
    copyFileSync(join(build, 'tests/plugins/resumes.so'), join(plugins, 'resumes.so'));
    const skill = (name, more) => ({
      name, description: 'A piece of work.', input: {type: 'object', properties: {name: {type: 'string'}}, required: ['name']},
      output: {type: 'object', properties: {name: {type: 'string'}}}, request: {method: 'POST', path: `/${name}/{name}`},
      price: {usd: '0.002'}, timeout_ms: 120_000, ...more,
    });
    writeFileSync(join(plugins, 'requests.tool.json'), JSON.stringify({
      manifest: '1.0', owner: 'acme', name: 'requests', version: '1.0.0', description: 'Work that is counted.',
      providers: {counted: {base_url: this.url}},
      skills: [skill('act', {}), skill('again', {idempotent: true, resumable: true})],
    }));
    const file = join(scratch(), 'rack.json');
    writeFileSync(file, JSON.stringify({providers: {far: {base_url: this.url}}}));
    return {plugins: [plugins], args: ['--config', file]};
  }
}
