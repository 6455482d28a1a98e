// The official clients, each connected in one of the ways a user would.
import {Client as Client2, StreamableHTTPClientTransport as Http2} from '@modelcontextprotocol/client';
import {StdioClientTransport as Stdio2} from '@modelcontextprotocol/client/stdio';
import {Client as Client1} from '@modelcontextprotocol/sdk/client/index.js';
import {StdioClientTransport as Stdio1} from '@modelcontextprotocol/sdk/client/stdio.js';
import {StreamableHTTPClientTransport as Http1} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
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
