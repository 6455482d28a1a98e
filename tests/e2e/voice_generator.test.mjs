// The bundled tool voice-generator against scripted providers: the bytes of the audio, who takes over when, and the price.
import assert from 'node:assert/strict';
import {createHash, randomBytes} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, beforeEach, describe, test} from 'node:test';
import {isSanitized, post, scratch, startGateway} from './support/gateway.mjs';

const keys = {elevenlabs: 'key-of-elevenlabs-1', openai: 'key-of-openai-12345', gemini: 'key-of-gemini-12345'};
const requests = [];
let answers, server, gateway;

const providerOf = (url) =>
  (url.startsWith('/v1/audio/') ? 'openai' : url.startsWith('/v1beta/') ? 'gemini' : 'elevenlabs');
const keyOf = {
  elevenlabs: (headers) => headers['xi-api-key'],
  openai: (headers) => headers.authorization?.replace('Bearer ', ''),
  gemini: (headers) => headers['x-goog-api-key'],
};

before(async () => {
  server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const provider = providerOf(request.url);
      requests.push({provider, url: request.url, bytes: Buffer.concat(chunks), type: request.headers['content-type'],
        key: keyOf[provider](request.headers), authorization: request.headers.authorization});
      const [status, body, type = 'application/json', headers = {}] = answers[provider](requests.at(-1));
      if (status === 0) return request.socket.destroy();
      response.writeHead(status, {'content-type': type, ...headers});
      return response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const base_url = `http://127.0.0.1:${server.address().port}`;
  const config = join(scratch(), 'config.json');
  writeFileSync(config, JSON.stringify({providers: {elevenlabs: {base_url}, openai: {base_url}, gemini: {base_url}}}));
  const env = Object.fromEntries(Object.entries(keys).map(([name, key]) => [`TOOLRACK_CREDENTIAL_${name.toUpperCase()}`, key]));
  gateway = await startGateway({args: ['--config', config], env});
});
after(async () => {
  await gateway?.stop();
  server.closeAllConnections();
  server.close();
});

const mp3 = randomBytes(100_001);
const samples = randomBytes(1_000_002);
const geminis = (bytes) => ({candidates: [{content: {parts: [{inlineData: {
  mimeType: 'audio/L16;codec=pcm;rate=24000', data: bytes.toString('base64')}}]}, finishReason: 'STOP'}]});
const good = {
  elevenlabs: () => [200, mp3, 'audio/mpeg'],
  openai: () => [200, mp3, 'audio/mpeg'],
  gemini: () => [200, geminis(samples)],
};
beforeEach(() => {
  requests.length = 0;
  answers = {...good};
});

const call = (skill, input, backend) =>
  post(`${gateway.url}/v1/tools/call`, {tool: 'voice-generator', skill, input, async: false, ...(backend ? {backend} : {})});
const speak = (input, backend) => call('generate_voice', {text: 'Hello', ...input}, backend);
const output = (reply) => {
  assert.equal(reply.status, 200, reply.text);
  return reply.json.output ?? reply.json.result;
};
const download = async (asset) => Buffer.from(await (await fetch(`${gateway.url}/v1/assets/${asset.id}`)).arrayBuffer());
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const asked = () => requests.map((request) => request.provider);

describe('the audio', () => {
  for (const provider of ['elevenlabs', 'openai']) {
    test(`of ${provider} is an asset, byte for byte`, async () => {
      const got = output(await speak({}, {only: [provider]}));
      assert.equal(got.audio_asset.sha256, sha256(mp3));
      assert.equal(got.audio_asset.media_type, 'audio/mpeg');
      assert.ok((await download(got.audio_asset)).equals(mp3));
      assert.equal(got.provider, provider);
      assert.deepEqual(asked(), [provider]);
      assert.equal(requests[0].key, keys[provider]);
    });
  }
  test('of gemini is a WAV around its samples', async () => {
    const got = output(await speak({}, {only: ['gemini']}));
    const wav = await download(got.audio_asset);
    assert.equal(got.audio_asset.bytes, samples.length + 44);
    assert.ok(wav.subarray(44).equals(samples));
    assert.equal(wav.toString('latin1', 0, 4) + wav.toString('latin1', 8, 16), 'RIFFWAVEfmt ');
    assert.equal(wav.readUInt32LE(4), wav.length - 8);
    assert.equal(wav.readUInt32LE(24), 24000);
    assert.equal(wav.readUInt32LE(40), samples.length);
    assert.equal(got.duration_s, Number((samples.length / 48000).toFixed(6)));
    assert.equal(requests[0].key, keys.gemini);
  });
});

describe('the price', () => {
  test('is that of the characters, of the provider that spoke', async () => {
    const reply = await speak({text: 'ä'.repeat(1000)}, {only: ['openai']});
    output(reply);
    assert.match(reply.text, /"raw_cost":\s*"?0\.015\b/, reply.text.slice(0, 2000));
    const dearer = await speak({text: 'x'.repeat(1000), model: 'eleven_multilingual_v2'}, {only: ['elevenlabs']});
    assert.match(dearer.text, /"raw_cost":\s*"?0\.1\b/, dearer.text.slice(0, 2000));
  });
});

describe('another provider', () => {
  test('takes over what the first cannot do, which is not asked', async () => {
    const reply = await speak({text: 'x'.repeat(4097)});
    assert.equal(output(reply).provider, 'gemini', reply.text.slice(0, 2000));
    assert.deepEqual(asked(), ['gemini']);
    assert.equal(output(await speak({voice: 'JBFqnCBsd6RMkjVDRZzb'})).provider, 'elevenlabs');
    assert.equal(output(await speak({format: 'opus', speed: 1.1, language: 'de'})).provider, 'elevenlabs');
  });
  test('takes over where the first refuses before it works', async () => {
    answers.openai = () => [429, {error: {message: 'You exceeded your quota', type: 'insufficient_quota', param: null, code: 'insufficient_quota'}}];
    const reply = await speak({}, {order: ['openai', 'elevenlabs', 'gemini']});
    assert.equal(output(reply).provider, 'elevenlabs');
    assert.match(reply.text, /voice\.quota_exceeded/);
    assert.deepEqual(asked(), ['openai', 'elevenlabs']);
  });
  test('is not asked where the first may have spoken', async () => {
    for (const lost of [[0], [500, {error: {message: 'oops', type: 'server_error', param: null, code: null}}]]) {
      requests.length = 0;
      answers.openai = () => lost;
      const reply = await speak({}, {order: ['openai', 'elevenlabs']});
      assert.ok(reply.status >= 400, reply.text);
      assert.equal(reply.json.error.type, 'provider', reply.text);
      assert.deepEqual(asked(), ['openai']);
    }
  });
  test('is not asked about what a policy forbids', async () => {
    answers.gemini = () => [200, {promptFeedback: {blockReason: 'PROHIBITED_CONTENT'}}];
    const reply = await speak({}, {order: ['gemini', 'elevenlabs']});
    assert.equal(reply.json.error.code, 'voice.content_refused', reply.text);
    assert.deepEqual(asked(), ['gemini']);
  });
});

test('a text that nobody takes is refused with a number, and nobody is asked', async () => {
  const reply = await speak({text: 'x'.repeat(10_001)});
  assert.equal(reply.json.error.code, 'voice.text_too_long', reply.text);
  assert.match(reply.json.error.message, /10001 characters/);
  assert.deepEqual(asked(), []);
});

test('the time to wait is told', async () => {
  answers.elevenlabs = () => [429, {detail: {status: 'too_many_concurrent_requests', message: 'Too many'}}, 'application/json', {'retry-after': '7'}];
  const reply = await speak({}, {only: ['elevenlabs']});
  assert.equal(reply.json.error.code, 'voice.rate_limited', reply.text);
  assert.equal(reply.json.error.retry_after, 7, reply.text);
});

test('voices are listed for each provider', async () => {
  answers.elevenlabs = () => [200, {voices: [{voice_id: 'v1', name: 'George', labels: {gender: 'male'}}], has_more: true, next_page_token: 'p2'}];
  const first = output(await call('list_voices', {limit: 1}, {only: ['elevenlabs']}));
  assert.equal(first.voices[0].id, 'v1');
  assert.equal(first.next_page, 'p2');
  assert.equal(requests[0].url, '/v2/voices?page_size=1');
  assert.equal(output(await call('list_voices', {}, {only: ['openai']})).voices.length, 10);
  assert.equal(output(await call('list_voices', {}, {only: ['gemini']})).voices.length, 30);
});

test('speech is written down: the bytes of the asset arrive in the form, and the seconds are charged', async () => {
  const upload = await fetch(`${gateway.url}/v1/assets?name=a.mp3`, {method: 'POST', headers: {'content-type': 'audio/mpeg'}, body: mp3});
  const {id} = await upload.json();
  answers.openai = () => [200, {language: 'english', duration: 9.5, text: 'Hello', segments: [{start: 0, end: 9.5, text: ' Hello'}]}];
  const reply = await call('transcribe', {audio_asset: id}, {only: ['openai']});
  assert.equal(output(reply).text, 'Hello');
  assert.match(reply.text, /"raw_cost":\s*"?0\.001\b/, reply.text);
  const boundary = /boundary=(\S+)/.exec(requests[0].type)[1];
  const form = await new Response(requests[0].bytes, {headers: {'content-type': `multipart/form-data; boundary=${boundary}`}}).formData();
  assert.equal(form.get('model'), 'whisper-1');
  assert.equal(form.get('file').name, 'audio.mp3');
  assert.ok(Buffer.from(await form.get('file').arrayBuffer()).equals(mp3));
  answers.openai = () => [429, {error: {message: 'x', type: 't', param: null, code: 'insufficient_quota'}}];
  answers.elevenlabs = () => [200, {language_code: 'eng', text: 'Hi.', words: [{text: 'Hi.', start: 0, end: 1, type: 'word'}]}];
  assert.equal(output(await call('transcribe', {audio_asset: id}, {order: ['openai', 'elevenlabs']})).provider, 'elevenlabs');
  const none = await call('transcribe', {audio_asset: `as_${'0'.repeat(32)}`});
  assert.equal(none.json.error.type, 'not_found', none.text);
  assert.equal(none.json.error.code, 'asset_not_found', none.text);
});

describe('a file of the web', () => {
  const heard = () => [200, {language: 'english', duration: 1, text: 'Hello', segments: []}];
  const formOf = ({type, bytes}) => new Response(bytes, {headers: {'content-type': type}}).formData();
  const from = (path) => call('transcribe', {audio_url: `http://127.0.0.1:${server.address().port}${path}`}, {only: ['openai']});
  test('is fetched without a key and goes to the provider byte for byte', async () => {
    answers.elevenlabs = () => [200, mp3, 'audio/mpeg'];
    answers.openai = heard;
    assert.equal(output(await from('/files/talk')).text, 'Hello');
    assert.deepEqual(requests.map(({url}) => url), ['/files/talk', '/v1/audio/transcriptions']);
    assert.equal(requests[0].authorization, undefined);
    const form = await formOf(requests[1]);
    assert.equal(form.get('file').name, 'audio.mp3');
    assert.ok(Buffer.from(await form.get('file').arrayBuffer()).equals(mp3));
  });
  test('without a type is what its name says', async () => {
    answers.elevenlabs = () => [200, mp3, 'application/octet-stream'];
    answers.openai = heard;
    output(await from('/files/talk.flac?at=1'));
    assert.equal((await formOf(requests[1])).get('file').type, 'audio/flac');
  });
  test('of more than 50 MB, a page and nothing at all go to nobody', async () => {
    for (const [answer, code] of [[[200, Buffer.alloc(50_000_001), 'audio/mpeg'], 'voice.audio_too_large'],
      [[200, '<html>', 'text/html'], 'voice.media_type_not_taken'], [[404, 'gone'], 'voice.audio_not_fetched']]) {
      requests.length = 0;
      answers.elevenlabs = () => answer;
      const reply = await from('/files/talk.mp3');
      assert.equal(reply.json.error.code, code, reply.text);
      assert.equal(reply.json.error.type, 'validation', reply.text);
      assert.deepEqual(requests.map(({url}) => url), ['/files/talk.mp3']);
    }
  });
  test('is refused where both are given, and where it is no URL of the web', async () => {
    for (const input of [{}, {audio_url: 'file:///etc/passwd'}, {audio_url: 'https://example.com/a.mp3', audio_asset: `as_${'0'.repeat(32)}`}])
      assert.equal((await call('transcribe', input)).json.error.code, 'invalid_input');
  });
});

test('gemini gets the bytes inside JSON, and its seconds are counted by its tokens', async () => {
  const recording = randomBytes(3_000_001);
  const upload = await fetch(`${gateway.url}/v1/assets?name=a.wav`, {method: 'POST', headers: {'content-type': 'audio/wav'}, body: recording});
  const {id} = await upload.json();
  const written = {language: 'en', segments: [{start_s: 0, end_s: 1.5, text: 'Hello.'}, {start_s: 2, end_s: 3, text: 'Bye.'}]};
  answers.gemini = () => [200, {candidates: [{content: {parts: [{text: JSON.stringify(written)}]}, finishReason: 'STOP'}],
    usageMetadata: {promptTokensDetails: [{modality: 'AUDIO', tokenCount: 3200}]}}];
  const reply = await call('transcribe', {audio_asset: id});
  const got = output(reply);
  assert.equal(got.provider, 'gemini', 'the cheapest');
  assert.equal(got.text, 'Hello. Bye.');
  assert.deepEqual(got.segments, written.segments);
  assert.equal(got.duration_s, 100);
  assert.match(reply.text, /"raw_cost":\s*"?0\.005\b/, reply.text);
  const [, {inlineData}] = JSON.parse(requests[0].bytes).contents[0].parts;
  assert.equal(inlineData.mimeType, 'audio/wav');
  assert.ok(Buffer.from(inlineData.data, 'base64').equals(recording));
  assert.equal(requests[0].key, keys.gemini);
});

const peak = (pid) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

test('50 MB of audio need no memory', {skip: isSanitized}, async () => {
  const large = randomBytes(50_000_000);
  output(await speak({}, {only: ['openai']}));
  const earlier = peak(gateway.pid);
  answers.openai = () => [200, large, 'audio/mpeg'];
  const got = output(await speak({}, {only: ['openai']}));
  assert.equal(got.audio_asset.sha256, sha256(large));
  const more_kib = peak(gateway.pid) - earlier;
  assert.ok(more_kib < 16 * 1024, `${more_kib} KiB more`);
});

test('audio inside JSON is held once', {skip: isSanitized}, async () => {
  const large = randomBytes(30_000_000);
  answers.gemini = () => [200, geminis(large)];
  const earlier = peak(gateway.pid);
  const got = output(await speak({}, {only: ['gemini']}));
  assert.equal(got.audio_asset.bytes, large.length + 44);
  assert.equal(sha256((await download(got.audio_asset)).subarray(44)), sha256(large));
  const more_mb = (peak(gateway.pid) - earlier) * 1024 / 1e6;
  console.log(`# 40 MB of base64: ${more_mb.toFixed(1)} MB more`);
  assert.ok(more_mb < 100, `${more_mb} MB more`);
});
