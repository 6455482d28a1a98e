// A collector of OpenTelemetry's that keeps what it is sent: OTLP/HTTP in JSON at /v1/traces and /v1/metrics, on a free port.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {createServer} from 'node:http';

const plain = ({stringValue, intValue}) => stringValue ?? Number(intValue);
const attributesOf = (list) => Object.fromEntries(list.map(({key, value}) => [key, plain(value)]));

/// `answer(request, reply)`: in place of 200, when it returns true.
export async function startCollector(answer = () => false) {
  const requests = [];
  const waiting = new Set();
  const server = createServer((request, reply) => {
    let text = '';
    request.on('data', (chunk) => { text += chunk; });
    request.on('end', () => {
      if (answer(request, reply)) return;
      assert.equal(request.headers['content-type'], 'application/json');
      requests.push({path: request.url, headers: request.headers, body: JSON.parse(text)});
      reply.setHeader('content-type', 'application/json').end('{}');
      for (const look of waiting) look();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const collector = {
    url: `http://127.0.0.1:${server.address().port}`, requests,
    /// {name, traceId, spanId, parentSpanId, kind, status, links, is: attributes} of all spans so far.
    spans() {
      return requests.filter(({path}) => path === '/v1/traces')
          .flatMap(({body}) => body.resourceSpans.flatMap(({scopeSpans}) => scopeSpans.flatMap(({spans}) => spans)))
          .map((span) => ({...span, is: attributesOf(span.attributes)}));
    },
    /// The metric of that name as it was sent last.
    metric(name) {
      const last = requests.filter(({path}) => path === '/v1/metrics').at(-1);
      const found = last?.body.resourceMetrics[0].scopeMetrics[0].metrics.find((metric) => metric.name === name);
      return found && {...found, points: (found.histogram ?? found.sum ?? found.gauge).dataPoints.map((point) => ({...point, is: attributesOf(point.attributes)}))};
    },
    /// What `find` finds in what comes, once it finds something.
    async until(find) {
      for (;;) {
        const found = find();
        if (found) return found;
        await new Promise((now) => {
          const look = () => { waiting.delete(look); now(); };
          waiting.add(look);
        });
      }
    },
    spanOf: (is) => collector.until(() => collector.spans().find(is)),
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return collector;
}
