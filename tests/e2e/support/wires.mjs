// MCP 2026-07-28 without a client library, over HTTP and over `toolrack stdio`: every message is seen as it is.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import {environment, post, program} from './gateway.mjs';

const revision = '2026-07-28';

function withMeta(params, capabilities) {
  return {...params, _meta: {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientCapabilities': capabilities,
    'io.modelcontextprotocol/clientInfo': {name: 'e2e', version: '1'},
  }};
}

/// What is told on a listen stream, in order; `until(check)` resolves with the first message that satisfies it.
class News {
  messages = [];
  #waiting = [];
  add(message) {
    this.messages.push(message);
    this.#waiting = this.#waiting.filter(({check, done}) => !(check(message) && (done(message), true)));
  }
  until(check) {
    const told = this.messages.find(check);
    return told ? Promise.resolve(told) : new Promise((done) => this.#waiting.push({check, done}));
  }
}

/// {send(method, params, capabilities) -> message, listen(filter, capabilities) -> News, close()}.
export function httpWire(url) {
  let last = 0;
  const gone = new AbortController();
  const request = (method, params, capabilities) => {
    const name = params.name ?? params.uri ?? params.taskId;
    return {
      body: {jsonrpc: '2.0', id: ++last, method, params: withMeta(params, capabilities)},
      headers: {'mcp-protocol-version': revision, 'mcp-method': method, ...(name && {'mcp-name': name})},
    };
  };
  return {
    async send(method, params, capabilities) {
      const {body, headers} = request(method, params, capabilities);
      const reply = await post(`${url}/mcp`, body, headers);
      assert.equal(reply.json?.id, body.id, reply.text);
      return {...reply.json, status: reply.status};
    },
    async listen(notifications, capabilities) {
      const {body, headers} = request('subscriptions/listen', {notifications}, capabilities);
      const reply = await fetch(`${url}/mcp`, {
        method: 'POST', body: JSON.stringify(body), signal: gone.signal,
        headers: {'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers},
      });
      const news = new News();
      (async () => {
        let text = '';
        for await (const chunk of reply.body.pipeThrough(new TextDecoderStream())) {
          text += chunk;
          for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
            const data = text.slice(0, end).split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6)).join('\n');
            if (data) news.add(JSON.parse(data));
          }
        }
      })().catch(() => {}); // The wire was closed.
      return news;
    },
    async close() { gone.abort(); },
  };
}

export function stdioWire(data) {
  const child = spawn(program, ['stdio', '--data', data], {env: environment(), stdio: ['pipe', 'pipe', 'inherit']});
  const waiting = new Map();
  const streams = new Map();
  let last = 0;
  createInterface({input: child.stdout}).on('line', (line) => {
    const message = JSON.parse(line);
    const subscription = message.params?._meta?.['io.modelcontextprotocol/subscriptionId'];
    if (subscription !== undefined) streams.get(subscription)?.add(message);
    else waiting.get(message.id)?.(message);
  });
  const write = (method, params, capabilities) => {
    const id = ++last;
    child.stdin.write(`${JSON.stringify({jsonrpc: '2.0', id, method, params: withMeta(params, capabilities)})}\n`);
    return id;
  };
  return {
    send: (method, params, capabilities) => new Promise((done) => { waiting.set(write(method, params, capabilities), done); }),
    async listen(notifications, capabilities) {
      const news = new News();
      streams.set(write('subscriptions/listen', {notifications}, capabilities), news);
      return news;
    },
    close: () => new Promise((done) => { child.on('exit', done); child.stdin.end(); }),
  };
}
