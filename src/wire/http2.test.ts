import assert from 'node:assert/strict';
import http2, { type ClientHttp2Session } from 'node:http2';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ask2, type Started, session, start, until } from '../../test/support/wire.ts';

const LIMITS = { bodyBytesMax: 1000, targetBytesMax: 200, headerCountMax: 30, headerBytesMax: 4096, requestMs: 200 };

let server: Started;
let client: ClientHttp2Session;

before(async () => {
  server = await start({ limits: LIMITS });
  client = session(server.port);
});

after(async () => {
  client.close();
  await server.listener.drain(100);
});

test('a request reaches the handler as it was sent', async () => {
  const answer = await ask2(
    client,
    {
      ':method': 'POST',
      ':path': '/a%2f/../b?c=%41',
      ':authority': 'A.Test:80',
      'x-a': ['1', '2'] as unknown as string,
    },
    [Buffer.from('he'), Buffer.from('llo')],
  );
  assert.deepEqual([answer.status, answer.body, answer.headers['content-length']], [200, 'hello', '5']);
  const request = server.requests.at(-1);
  assert.ok(request);
  const { method, host, path, query, protocol, secure, headers } = request;
  assert.deepEqual(
    { method, host, path, query, protocol, secure, named: headers['host'], several: headers['x-a'] },
    {
      method: 'POST',
      host: 'a.test',
      path: '/a%2f/../b',
      query: 'c=%41',
      protocol: 'h2',
      secure: false,
      named: 'A.Test:80',
      several: '1, 2',
    },
  );
  assert.equal(answer.headers['x-request-id'], request.id);
  assert.equal(answer.headers['cache-control'], 'private, no-store');
  assert.match(request.peer.address, /^127\.0\.0\.1$/);
});

test('GET, HEAD and an empty POST are answered', async () => {
  assert.equal((await ask2(client, { ':path': '/x' })).body, 'GET /x');
  const head = await ask2(client, { ':method': 'HEAD', ':path': '/x' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '7', '']);
  assert.equal((await ask2(client, { ':method': 'POST', ':path': '/x' }, [])).body, 'POST /x');
});

test('a body of the limit passes and one byte more does not', async () => {
  const post = { ':method': 'POST', ':path': '/' };
  assert.equal((await ask2(client, post, [Buffer.alloc(1000)])).status, 200);
  const over = await ask2(client, post, [Buffer.alloc(1001)]);
  assert.equal(over.status, 413);
  assert.match(over.body, /Request body too large/);
  const declared = await ask2(client, { ...post, 'content-length': 1001 }, [Buffer.alloc(1001)]);
  assert.equal(declared.status, 413);
  assert.equal((await ask2(client, { ...post, 'content-encoding': 'gzip' }, [gzipSync('zipped')])).body, 'zipped');
  assert.equal(
    (await ask2(client, { ...post, 'content-encoding': 'gzip' }, [gzipSync(Buffer.alloc(9999))])).status,
    413,
  );
});

test('100-continue is said before the body is read', async () => {
  const stream = client.request({ ':method': 'POST', ':path': '/', expect: '100-continue' });
  await new Promise((resolve) => stream.on('continue', resolve));
  const answered = new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])));
  stream.resume();
  stream.end('x');
  assert.equal(await answered, 200);
});

test('what cannot be served is refused, and the connection stays', async () => {
  const served = server.requests.length;
  const refused: [number, http2.OutgoingHttpHeaders][] = [
    [414, { ':path': `/${'a'.repeat(200)}` }],
    [400, { ':path': '/a#b' }],
    [400, { ':path': '*', ':method': 'OPTIONS' }],
    [400, { ':authority': 'a,b' }],
    [400, { ':authority': 'a.test', host: 'b.test' }],
    [405, { ':method': 'CONNECT', ':authority': 'a.test:443' }],
  ];
  for (const [status, headers] of refused) {
    assert.equal((await ask2(client, headers)).status, status, JSON.stringify(headers));
  }
  assert.equal(server.requests.length, served);
  assert.equal((await ask2(client, { ':authority': 'a.test', host: 'A.test:80' })).status, 200);
});

test('a header that may occur once shows when it came twice', async () => {
  const lax = session(server.port, { strictSingleValueFields: false } as http2.ClientSessionOptions);
  await ask2(lax, { authorization: ['Bearer a', 'Bearer b'] as unknown as string });
  assert.equal(server.requests.at(-1)?.headers['authorization'], 'Bearer a, Bearer b');
  lax.close();
});

test('too many or too large headers end the stream and nothing else', async () => {
  const served = server.requests.length;
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`x-${index}`, 'y']));
  assert.notEqual((await ask2(client, many)).rstCode, 0);
  assert.notEqual((await ask2(client, { 'x-large': 'y'.repeat(5000) })).rstCode, 0);
  assert.equal(server.requests.length, served);
  assert.equal((await ask2(client, { ':path': '/x' })).status, 200);
});

test('a body that never ends is refused', async () => {
  const stream = client.request({ ':method': 'POST', ':path': '/slow' });
  stream.on('error', () => {});
  const answered = new Promise((resolve) => stream.on('response', (headers) => resolve(headers[':status'])));
  stream.resume();
  stream.write('a');
  assert.equal(await answered, 408);
  assert.equal(server.entries.at(-1)?.status, 408);
});

test('a peer that opens no window loses its stream', async () => {
  const stalled = await start({ limits: { stalledMs: 100 } });
  const closed = session(stalled.port, { settings: { initialWindowSize: 0 } });
  const { rstCode } = await ask2(closed, { ':path': '/x' });
  assert.equal(rstCode, http2.constants.NGHTTP2_CANCEL);
  closed.close();
  await stalled.listener.drain(100);
});

test('an idle session is closed, one with a request under way is not', async () => {
  let answer: (() => void) | undefined;
  const idle = await start({
    limits: { idleMs: 50 },
    http: () => new Promise((resolve) => (answer = () => resolve({ status: 200 }))),
  });
  const opened = session(idle.port);
  const pending = ask2(opened, { ':path': '/x' });
  await until(() => answer !== undefined);
  await new Promise((resolve) => setTimeout(resolve, 150));
  answer?.();
  assert.equal((await pending).status, 200);
  await until(() => idle.listener.connections() === 0);
  assert.equal(idle.listener.connections(), 0);
  await idle.listener.drain(100);
});

test('resetting streams faster than allowed ends the connection', async () => {
  const guarded = await start({ limits: { streamResetsBurst: 20, streamResetsPerSecond: 1 } });
  const opened = session(guarded.port);
  const ended = new Promise((resolve) => opened.on('close', () => resolve('closed')));
  for (let index = 0; index < 60 && !opened.destroyed; index++) {
    const stream = opened.request({ ':method': 'POST', ':path': '/' });
    stream.on('error', () => {});
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(await ended, 'closed');
  await guarded.listener.drain(100);
});

test('what is no HTTP/2 behind the preface ends the connection', async () => {
  const socket = net.connect(server.port, '127.0.0.1');
  const ended = new Promise((resolve) => socket.on('close', () => resolve('closed')));
  socket.on('error', () => {});
  socket.resume();
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame at all, and far too long to be one');
  assert.equal(await ended, 'closed');
});

test('a handler that fails is answered with 500 and the request id', async () => {
  for (const failure of [
    () => Promise.reject(new Error('canary')),
    () => ({ status: 200, headers: { 'bad name': 'x' } }),
  ]) {
    const failing = await start({ http: failure });
    const opened = session(failing.port);
    const answer = await ask2(opened, { ':path': '/x' });
    assert.equal(answer.status, 500);
    assert.match(answer.body, new RegExp(`Internal error. Request id: ${answer.headers['x-request-id']}`));
    assert.equal(failing.errors.length, 1);
    opened.close();
    await failing.listener.drain(100);
  }
});

test('a handler may name headers that HTTP/2 does not know', async () => {
  const named = await start({ http: () => ({ status: 200, headers: { Connection: 'close', 'X-A': 'b' }, body: 'x' }) });
  const opened = session(named.port);
  const answer = await ask2(opened, { ':path': '/x' });
  assert.deepEqual([answer.status, answer.headers['x-a'], answer.headers['connection']], [200, 'b', undefined]);
  opened.close();
  await named.listener.drain(100);
});
