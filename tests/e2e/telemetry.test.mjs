// What a collector is told of calls: names, parents, links and errors as OpenTelemetry's conventions have them, in both eras of MCP,
// over HTTP and stdio, over REST; that nothing a caller makes up is told; and that a collector that is not well costs no call.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {copyFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {spawn} from 'node:child_process';
import {after, before, describe, test} from 'node:test';
import {startCollector} from './support/collector.mjs';
import {build, environment, examples, post, program, scratch, startGateway} from './support/gateway.mjs';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = '00f067aa0ba902b7';
const traceparent = `00-${trace}-${span}-01`;
const elsewhere = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const quick = {OTEL_BSP_SCHEDULE_DELAY: '50', OTEL_METRIC_EXPORT_INTERVAL: '100'};
const secret = 'made-up-by-a-client';

const modern = (id, method, params = {}, meta = {}) => ({
  jsonrpc: '2.0', id, method,
  params: {...params, _meta: {'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, ...meta}},
});
const modernHeaders = ({method, params}) => ({'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...(params.name && {'mcp-name': params.name})});
const echo = (id, meta) => modern(id, 'tools/call', {name: 'echo', arguments: {message: 'hello'}}, meta);

describe('a gateway with a collector', () => {
  let collector, gateway, far, plugins;
  const asked = [];

  before(async () => {
    collector = await startCollector();
    far = createServer((request, reply) => {
      asked.push(request.headers);
      reply.setHeader('content-type', 'application/json').end('{"ok":true}');
    }).listen(0, '127.0.0.1');
    await once(far, 'listening');
    plugins = scratch();
    writeFileSync(join(plugins, 'far.tool.json'), JSON.stringify({
      manifest: '1.0', owner: 'acme', name: 'far', version: '1.0.0', description: 'Asks a server.',
      providers: {far: {base_url: `http://127.0.0.1:${far.address().port}`}},
      skills: [{name: 'ask', description: 'Asks.', input: {type: 'object', required: ['what'], properties: {what: {type: 'string'}}}, request: {method: 'GET', path: '/private/{what}'}}],
    }));
    copyFileSync(join(build, 'tests/plugins/composes.so'), join(plugins, 'composes.so'));
    gateway = await startGateway({
      plugins: [examples, plugins],
      env: {...quick, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: 'rack', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=tests'},
    });
  });
  after(async () => {
    await gateway.stop();
    far.close();
    await collector.stop();
  });
  const mcp = (message, headers = {}) => post(`${gateway.url}/mcp`, message, {...modernHeaders(message), ...headers});

  test('a call of 2026-07-28 is a server span below the message that asked for it', async () => {
    const {status, text} = await mcp(echo('call-1', {traceparent, tracestate: 'rojo=1', baggage: `user=${secret}`}), {traceparent: elsewhere});
    assert.equal(status, 200, text);
    const one = await collector.spanOf(({is}) => is['jsonrpc.request.id'] === 'call-1');
    assert.equal(one.name, 'tools/call echo');
    assert.equal(one.kind, 2);
    assert.equal(one.traceId, trace);
    assert.equal(one.parentSpanId, span);
    assert.equal(one.traceState, 'rojo=1');
    assert.deepEqual(one.links.map(({traceId, spanId}) => `00-${traceId}-${spanId}-01`), [elsewhere]);
    assert.equal(one.status, undefined);
    assert.ok(BigInt(one.endTimeUnixNano) >= BigInt(one.startTimeUnixNano));
    const {'toolrack.request_id': id, 'toolrack.tool.version': version, 'client.port': port, ...rest} = one.is;
    assert.ok(id && version);
    assert.ok(port > 0 && port < 65536, `${port}`);
    assert.deepEqual(rest, {
      'mcp.method.name': 'tools/call', 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'echo', 'jsonrpc.request.id': 'call-1',
      'mcp.protocol.version': '2026-07-28', 'network.transport': 'tcp', 'network.protocol.name': 'http', 'network.protocol.version': '1.1',
      'client.address': '127.0.0.1', 'toolrack.tool': 'toolrack/echo', 'toolrack.skill': 'echo',
    });
  });

  test('whoever sends it is told with it', async () => {
    const {body} = collector.requests[0];
    const is = Object.fromEntries(body.resourceSpans?.[0].resource.attributes.map(({key, value}) => [key, value.stringValue]) ?? body.resourceMetrics[0].resource.attributes.map(({key, value}) => [key, value.stringValue]));
    assert.equal(is['service.name'], 'rack');
    assert.equal(is['deployment.environment.name'], 'tests');
    assert.ok(is['service.version'] && is['service.instance.id']);
  });

  test('a session of an older revision is named in its spans', async () => {
    const opened = await post(`${gateway.url}/mcp`, {jsonrpc: '2.0', id: 'open', method: 'initialize', params: {protocolVersion: '2025-06-18', capabilities: {}, clientInfo: {name: 't', version: '1'}}});
    const session = opened.headers.get('mcp-session-id');
    await post(`${gateway.url}/mcp`, {jsonrpc: '2.0', id: 'call-2', method: 'tools/call', params: {name: 'echo', arguments: {message: 'x'}, _meta: {traceparent}}}, {'mcp-session-id': session, 'mcp-protocol-version': '2025-06-18'});
    const one = await collector.spanOf(({is}) => is['jsonrpc.request.id'] === 'call-2');
    assert.equal(one.parentSpanId, span);
    assert.equal(one.is['mcp.protocol.version'], '2025-06-18');
    const first = await collector.spanOf(({is}) => is['jsonrpc.request.id'] === 'open');
    assert.equal(first.name, 'initialize');
    assert.equal(one.is['mcp.session.id'], first.is['mcp.session.id']);
    assert.notEqual(one.is['mcp.session.id'], session, 'nobody can go on with it');
    const ended = await fetch(`${gateway.url}/mcp`, {method: 'DELETE', headers: {'mcp-session-id': session}});
    assert.equal(ended.status, 204);
    const {points} = await collector.until(() => collector.metric('mcp.server.session.duration'));
    assert.deepEqual(points[0].is, {'mcp.protocol.version': '2025-06-18', 'network.transport': 'tcp', 'network.protocol.name': 'http'});
  });

  test('over stdio the transport is a pipe', async () => {
    const bridge = spawn(program, ['stdio', '--data', gateway.data], {env: environment(), stdio: ['pipe', 'pipe', 'inherit']});
    bridge.stdin.write(`${JSON.stringify(echo('call-3', {traceparent}))}\n`);
    await once(bridge.stdout, 'data');
    const one = await collector.spanOf(({is}) => is['jsonrpc.request.id'] === 'call-3');
    assert.equal(one.parentSpanId, span);
    assert.equal(one.is['network.transport'], 'pipe');
    assert.equal(one.is['network.protocol.name'], undefined);
    assert.equal(one.is['client.address'], undefined);
    bridge.stdin.end();
    await once(bridge, 'exit');
  });

  test('errors are named, and nothing that a caller makes up is', async () => {
    await mcp(modern('call-4', 'tools/call', {name: 'use_tool', arguments: {tool: 'echo', skill: secret}}));
    const failed = await collector.spanOf(({is}) => is['jsonrpc.request.id'] === 'call-4');
    assert.equal(failed.is['error.type'], 'tool_error');
    assert.equal(failed.status.code, 2);
    await mcp(modern('call-5', 'tools/call', {name: secret}));
    const unknown = await collector.spanOf(({is}) => is['jsonrpc.request.id'] === 'call-5');
    assert.equal(unknown.name, 'tools/call');
    assert.equal(unknown.is['error.type'], '-32602');
    assert.equal(unknown.is['rpc.response.status_code'], '-32602');
    await mcp(modern('call-6', secret));
    const other = await collector.spanOf(({is}) => is['jsonrpc.request.id'] === 'call-6');
    assert.equal(other.name, 'other');
    assert.equal(other.is['error.type'], '-32601');
    await mcp(echo('call-7', {traceparent: secret, tracestate: secret}), {'user-agent': secret});
    await collector.spanOf(({is}) => is['jsonrpc.request.id'] === 'call-7');
    await collector.until(() => collector.metric('mcp.server.operation.duration')?.points.some(({is}) => is['mcp.method.name'] === 'other'));
    for (const {body} of collector.requests) assert.ok(!JSON.stringify(body).includes(secret));
  });

  test('the histogram has the buckets of the conventions', async () => {
    const metric = await collector.until(() => collector.metric('mcp.server.operation.duration'));
    assert.equal(metric.unit, 's');
    assert.equal(metric.histogram.aggregationTemporality, 2);
    const point = metric.points.find(({is}) => is['gen_ai.tool.name'] === 'echo' && is['network.transport'] === 'tcp' && is['mcp.protocol.version'] === '2026-07-28');
    assert.deepEqual(point.explicitBounds, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]);
    assert.equal(point.bucketCounts.reduce((sum, count) => sum + Number(count), 0), Number(point.count));
    assert.deepEqual(point.is, {
      'mcp.method.name': 'tools/call', 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'echo', 'mcp.protocol.version': '2026-07-28',
      'network.transport': 'tcp', 'network.protocol.name': 'http', 'network.protocol.version': '1.1',
    });
    const finer = collector.metric('toolrack_tool_call_duration_seconds').points.find(({is}) => is.skill === 'echo');
    assert.equal(finer.explicitBounds[0], 0.00001);
  });

  test('a request to a provider stands below the call that made it, and does not tell it', async () => {
    const {status, text} = await mcp(modern('call-8', 'tools/call', {name: 'far_ask', arguments: {what: secret}}, {traceparent}));
    assert.equal(status, 200, text);
    const server = await collector.spanOf(({is}) => is['jsonrpc.request.id'] === 'call-8');
    const client = await collector.spanOf(({parentSpanId}) => parentSpanId === server.spanId);
    assert.equal(client.kind, 3);
    assert.equal(client.name, 'GET');
    assert.equal(client.traceId, trace);
    const {port} = far.address();
    assert.deepEqual(client.is, {
      'http.request.method': 'GET', 'server.address': '127.0.0.1', 'server.port': port, 'url.full': `http://127.0.0.1:${port}/REDACTED`, 'http.response.status_code': 200,
    });
    assert.equal(asked.at(-1).traceparent, undefined);
  });

  test('calls over REST, and what a skill calls, are told as well', async () => {
    const {status, text} = await post(`${gateway.url}/v1/tools/call`, {tool: 'composes', skill: 'calls', input: {call: 'echo.echo', input: {message: 'hello'}}}, {traceparent, 'x-request-id': 'rest-call-1'});
    assert.equal(status, 200, text);
    const server = await collector.spanOf(({is}) => is['toolrack.request_id'] === 'rest-call-1');
    assert.equal(server.name, 'POST /v1/tools/call');
    assert.equal(server.parentSpanId, span);
    assert.equal(server.is['http.route'], '/v1/tools/call');
    const nested = await collector.spanOf(({is}) => is['toolrack.request_id'] === 'rest-call-1.1');
    assert.equal(nested.name, 'execute_tool echo');
    assert.equal(nested.parentSpanId, server.spanId);
    assert.equal(nested.traceId, trace);
  });

  test('a job is a trace of its own with a link to the request that made it', async () => {
    const {status, json} = await post(`${gateway.url}/v1/tools/call`, {tool: 'far', skill: 'ask', input: {what: 'x'}, async: true}, {traceparent, 'x-request-id': 'job-call-1'});
    assert.equal(status, 202);
    const job = await collector.spanOf(({is}) => is['toolrack.job.id'] === json.job_id);
    assert.equal(job.name, 'execute_tool far_ask');
    assert.notEqual(job.traceId, trace);
    const request = await collector.spanOf(({is, kind}) => kind === 2 && is['toolrack.request_id'] === 'job-call-1');
    assert.equal(request.is['http.response.status_code'], 202);
    assert.deepEqual(job.links.map(({spanId}) => spanId), [request.spanId]);
    const client = await collector.spanOf(({parentSpanId}) => parentSpanId === job.spanId);
    assert.equal(client.kind, 3);
  });
});

test('providers are told where the operator wants it', async () => {
  const collector = await startCollector();
  let told;
  const far = createServer((request, reply) => {
    told = request.headers.traceparent;
    reply.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(far, 'listening');
  const plugins = scratch();
  writeFileSync(join(plugins, 'far.tool.json'), JSON.stringify({
    manifest: '1.0', owner: 'acme', name: 'far', version: '1.0.0', description: 'Asks a server.',
    providers: {far: {base_url: `http://127.0.0.1:${far.address().port}`}},
    skills: [{name: 'ask', description: 'Asks.', input: {type: 'object'}, request: {method: 'GET', path: '/'}}],
  }));
  const config = join(scratch(), 'rack.json');
  writeFileSync(config, JSON.stringify({telemetry: {endpoint: collector.url, traces_interval_ms: 50, tell_providers: true, service_name: 'by-file'}}));
  const gateway = await startGateway({plugins: [plugins], args: ['--config', config]});
  await post(`${gateway.url}/v1/tools/call`, {tool: 'far', skill: 'ask', input: {}}, {traceparent});
  const client = await collector.spanOf(({kind}) => kind === 3);
  assert.equal(told, `00-${trace}-${client.spanId}-01`);
  await gateway.stop();
  far.close();
  await collector.stop();
});

test('what goes in and comes out is told where the operator wants it, without its secrets', async () => {
  const collector = await startCollector();
  const config = join(scratch(), 'rack.json');
  writeFileSync(config, JSON.stringify({telemetry: {endpoint: collector.url, traces_interval_ms: 50, call_content_bytes: 200}}));
  const gateway = await startGateway({args: ['--config', config]});
  const message = `hello tr_live_${'0a'.repeat(32)} https://user:word@example.com/?sig=1`;
  const call = modern('1', 'tools/call', {name: 'echo', arguments: {message}});
  await post(`${gateway.url}/mcp`, call, modernHeaders(call));
  const {is} = await collector.spanOf(({kind}) => kind === 2);
  const shown = 'hello tr_live_REDACTED https://REDACTED@example.com/?REDACTED';
  assert.deepEqual(JSON.parse(is['gen_ai.tool.call.arguments']), {message: shown});
  assert.equal(JSON.parse(is['gen_ai.tool.call.result']).message, shown);
  await gateway.stop();
  await collector.stop();
});

test('a session that is open when the gateway stops is counted by it, and not again by the next one', async () => {
  const collector = await startCollector();
  const env = {...quick, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url};
  const durations = () => collector.metric('mcp.server.session.duration')?.points.map(({count}) => Number(count));
  const first = await startGateway({env});
  const opened = await post(`${first.url}/mcp`, {jsonrpc: '2.0', id: 1, method: 'initialize', params: {protocolVersion: '2025-06-18', capabilities: {}, clientInfo: {name: 't', version: '1'}}});
  await first.stop();
  assert.deepEqual(await collector.until(durations), [1]);
  const seen = collector.requests.length;
  const next = await startGateway({env, data: first.data});
  const ended = await fetch(`${next.url}/mcp`, {method: 'DELETE', headers: {'mcp-session-id': opened.headers.get('mcp-session-id')}});
  assert.equal(ended.status, 204);
  await next.stop();
  await collector.until(() => collector.requests.slice(seen).some(({path}) => path === '/v1/metrics'));
  assert.equal(durations(), undefined);
  await collector.stop();
});

test('a collector that refuses, hangs or is gone costs no call', async () => {
  let mode = 'refuse';
  const held = [];
  const collector = await startCollector((request, reply) => {
    if (mode === 'refuse') reply.writeHead(503).end();
    if (mode === 'hang') held.push(reply);
    return mode !== 'well';
  });
  const gateway = await startGateway({env: {...quick, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url}});
  const calls = async (count) => {
    for (let i = 0; i < count; ++i) {
      const {status} = await post(`${gateway.url}/v1/tools/call`, {tool: 'echo', skill: 'echo', input: {message: 'x'}});
      assert.equal(status, 200);
    }
  };
  await calls(50);
  mode = 'hang';
  await calls(50);
  mode = 'well';
  held.forEach((reply) => reply.destroy());
  await calls(1);
  await collector.until(() => collector.spans().length > 0);
  await gateway.logged(({message}) => message.startsWith('the collector does not take'));
  const lines = gateway.log.filter((line) => line.includes('the collector does not take'));
  assert.ok(lines.length <= 2, `one line a signal, not one a request: ${lines.length}`);
  await collector.stop();
  await calls(20);
  const {code} = await gateway.stop();
  assert.equal(code, 0);
});

test('telemetry is switched on and off by a reload', async () => {
  const collector = await startCollector();
  const config = join(scratch(), 'rack.json');
  writeFileSync(config, '{}');
  const gateway = await startGateway({args: ['--config', config]});
  const reload = async (content) => {
    const seen = gateway.log.length;
    writeFileSync(config, JSON.stringify(content));
    process.kill(gateway.pid, 'SIGHUP');
    await gateway.logged(({changed}) => changed, seen);
  };
  const call = (id) => post(`${gateway.url}/v1/tools/call`, {tool: 'echo', skill: 'echo', input: {message: 'x'}}, {'x-request-id': id});
  await call('call-off-1');
  await reload({telemetry: {endpoint: collector.url, traces_interval_ms: 50}});
  await call('call-on-1');
  await collector.spanOf(({is}) => is['toolrack.request_id'] === 'call-on-1');
  await reload({telemetry: {endpoint: collector.url, traces_interval_ms: 50, sampler: 'always_off'}});
  await call('call-unsampled-1');
  await reload({telemetry: {endpoint: collector.url, traces_interval_ms: 50}});
  await call('call-on-2');
  await collector.spanOf(({is}) => is['toolrack.request_id'] === 'call-on-2');
  await reload({});
  await call('call-off-2');
  await gateway.stop();
  assert.deepEqual(collector.spans().map(({is}) => is['toolrack.request_id']), ['call-on-1', 'call-on-2']);
  await collector.stop();
});

test('/metrics has the same in the spelling of Prometheus', async () => {
  const gateway = await startGateway({metrics: '127.0.0.1:0'});
  const ready = JSON.parse(gateway.log.find((line) => line.includes('the gateway is ready')));
  const message = echo('1');
  await post(`${gateway.url}/mcp`, message, modernHeaders(message));
  const text = await (await fetch(`${ready.metrics}/metrics`)).text();
  assert.match(text, /^mcp_server_operation_duration_seconds_bucket\{mcp_method_name="tools\/call",[^}]*gen_ai_tool_name="echo",[^}]*le="0\.01"\} \d+$/m);
  assert.match(text, /^toolrack_tool_calls_total\{outcome="ok",skill="echo",tool="toolrack\/echo"\} 1$/m);
  assert.match(text, /^toolrack_rate_limit_decisions_total\{decision="allowed"\} \d+$/m);
  await gateway.stop();
});
