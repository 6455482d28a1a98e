// The official clients, each connected in one of the ways a user would.
import {Client as Client2, StreamableHTTPClientTransport as Http2} from '@modelcontextprotocol/client';
import {StdioClientTransport as Stdio2} from '@modelcontextprotocol/client/stdio';
import {Client as Client1} from '@modelcontextprotocol/sdk/client/index.js';
import {StdioClientTransport as Stdio1} from '@modelcontextprotocol/sdk/client/stdio.js';
import {StreamableHTTPClientTransport as Http1} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema} from '@modelcontextprotocol/sdk/types.js';
import {environment, examples, program} from './gateway.mjs';

const info = {name: 'toolrack-e2e', version: '1.0.0'};

function stdioOptions(data, args) {
  return {command: program, args: ['stdio', '--data', data, '--plugins', examples, ...args], env: environment(), stderr: 'inherit'};
}

/// {name, connect(transport)}: v1, and v2 in its three modes.
export const clients = [
  {name: 'sdk 1.32.2', Http: Http1, Stdio: Stdio1, make: () => new Client1(info)},
  {name: 'client 2.4.0 legacy', Http: Http2, Stdio: Stdio2, make: () => new Client2(info, {versionNegotiation: {mode: 'legacy'}})},
  {name: 'client 2.4.0 auto', Http: Http2, Stdio: Stdio2, make: () => new Client2(info, {versionNegotiation: {mode: 'auto'}})},
  {name: 'client 2.4.0 pinned to 2026-07-28', Http: Http2, Stdio: Stdio2, make: () => new Client2(info, {versionNegotiation: {mode: {pin: '2026-07-28'}}})},
];

/// What a person and a model say who are asked; `asked.action` is the person's mood.
function answersOf(asked) {
  return {
    elicit: async ({params}) => {
      if (asked.action !== 'accept') return {action: asked.action};
      if (params.mode === 'url') return {action: 'accept'};
      const others = (params.requestedSchema.required ?? []).filter((name) => name !== 'name');
      return {action: 'accept', content: {name: 'Ada', ...Object.fromEntries(others.map((name) => [name, `my ${name}`]))}};
    },
    sample: async () => ({role: 'assistant', model: 'tests', content: {type: 'text', text: 'Paris'}}),
    roots: async () => ({roots: [{uri: 'file:///work', name: 'work'}]}),
  };
}

function asked1() {
  const asked = {action: 'accept'};
  const answers = answersOf(asked);
  const client = new Client1(info, {capabilities: {elicitation: {form: {}, url: {}}, sampling: {}, roots: {}}});
  client.setRequestHandler(ElicitRequestSchema, answers.elicit);
  client.setRequestHandler(CreateMessageRequestSchema, answers.sample);
  client.setRequestHandler(ListRootsRequestSchema, answers.roots);
  return {client, asked, makes: {url: true, suspends: false}};
}

function asked2(mode, suspends) {
  const asked = {action: 'accept'};
  const answers = answersOf(asked);
  const client = new Client2(info, {versionNegotiation: {mode}, capabilities: {elicitation: {form: {}, url: {}}, sampling: {}, roots: {}}});
  client.setRequestHandler('elicitation/create', answers.elicit);
  client.setRequestHandler('sampling/createMessage', answers.sample);
  client.setRequestHandler('roots/list', answers.roots);
  return {client, asked, makes: {url: true, suspends}};
}

/// The same clients with somebody to ask: makeAsked() gives {client, asked, makes}.
export const askedClients = [
  {...clients[0], makeAsked: asked1},
  {...clients[1], makeAsked: () => asked2('legacy', false)},
  {...clients[2], makeAsked: () => asked2('auto', true)},
  {...clients[3], makeAsked: () => asked2({pin: '2026-07-28'}, true)},
];

export async function connectHttp(kind, url, query = '') {
  const client = kind.make();
  await client.connect(new kind.Http(new URL(`${url}/mcp${query}`)));
  return client;
}

export async function connectStdio(kind, data, args = []) {
  const client = kind.make();
  await client.connect(new kind.Stdio(stdioOptions(data, args)));
  return client;
}
