// An HTTP/2 server with TLS for tests: node http2_server.mjs KEY CERTIFICATE. Prints its port; ends with its standard input.
// Every answer tells the version, and the session, that its request came with.
import http2 from 'node:http2';
import fs from 'node:fs';

const [key, cert] = process.argv.slice(2).map((path) => fs.readFileSync(path));
const server = http2.createSecureServer({ key, cert, allowHTTP1: true });
let sessions = 0;
server.on('session', (session) => { session.number = ++sessions; });
server.on('request', (request, response) => {
  const { session } = request.stream ?? {};
  if (request.url === '/goaway') session.goaway();
  if (request.url === '/destroy') return session.destroy();
  let size = 0;
  request.on('data', (bytes) => { size += bytes.length; });
  request.on('end', () => {
    response.setHeader('x-version', request.httpVersion);
    response.setHeader('x-session', String(session?.number ?? 0));
    response.end(`${request.method} ${size}`);
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
