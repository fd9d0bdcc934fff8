import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ask, raw, type Started, start, until } from '../../test/support/wire.ts';

const LIMITS = {
  headerBytesMax: 4096,
  headerCountMax: 20,
  targetBytesMax: 200,
  bodyBytesMax: 1000,
  pipelinedMax: 4,
  lingerMs: 200,
};

let server: Started;

before(async () => {
  server = await start({ limits: LIMITS });
});

after(() => server.listener.drain(100));

function code(body: string): unknown {
  return JSON.parse(body).error.code;
}

test('a request reaches the handler as it was sent, and the answer has the standard headers', async () => {
  const answer = await ask(server.port, {
    method: 'POST',
    path: '/v1/a%2fb/..//c?x=%41&y',
    headers: { host: 'LocalHost:8200', 'x-a': ['1', '2'], cookie: 'c=1' },
    body: 'hello',
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.body, 'hello');
  assert.equal(answer.headers['cache-control'], 'private, no-store');
  assert.equal(answer.headers['content-length'], '5');
  const request = server.requests.at(-1);
  assert.ok(request);
  assert.equal(answer.headers['x-request-id'], request.id);
  assert.match(request.id, /^[0-9a-f-]{36}$/);
  const { method, host, path, query, protocol, secure, headers } = request;
  assert.deepEqual(
    { method, host, path, query, protocol, secure, several: headers['x-a'] },
    {
      method: 'POST',
      host: 'localhost',
      path: '/v1/a%2fb/..//c',
      query: 'x=%41&y',
      protocol: 'http/1.1',
      secure: false,
      several: '1, 2',
    },
  );
  assert.equal(request.peer.address, '127.0.0.1');
  const entry = server.entries.at(-1);
  assert.deepEqual(
    [entry?.id, entry?.status, entry?.bytesIn, entry?.bytesOut, entry?.path],
    [request.id, 200, 5, 5, request.path],
  );
});

test('a handler chooses status, headers and caching, but not the framing', async () => {
  const chosen = await start({
    http: () => ({
      status: 404,
      headers: { 'Cache-Control': 'max-age=1', 'X-Y': 'z', 'Content-Length': '9', connection: 'upgrade' },
      body: 'gone',
    }),
  });
  const answer = await ask(chosen.port);
  assert.equal(answer.status, 404);
  assert.equal(answer.headers['cache-control'], 'max-age=1');
  assert.equal(answer.headers['x-y'], 'z');
  assert.equal(answer.headers['content-length'], '4');
  assert.equal(answer.headers['connection'], 'close');
  await chosen.listener.drain(100);
});

test('HEAD gets the length without the body, and 204 gets neither', async () => {
  const answer = await raw(server.port, 'HEAD /abc HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  assert.match(answer.text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer.text, /content-length: 9\r\n/);
  assert.ok(answer.text.endsWith('\r\n\r\n'));
  const empty = await start({ http: () => ({ status: 204, body: 'dropped' }) });
  const nothing = await raw(empty.port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  assert.match(nothing.text, /^HTTP\/1\.1 204 /);
  assert.doesNotMatch(nothing.text, /content-length|dropped/);
  await empty.listener.drain(100);
});

test('a connection is kept for the next request, with and without a body', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const before = server.listener.connections();
  for (let index = 0; index < 5; index++) {
    assert.equal((await ask(server.port, { agent })).status, 200);
    assert.equal((await ask(server.port, { agent, method: 'POST', body: 'x' })).body, 'x');
  }
  assert.equal(server.listener.connections(), before + 1);
  agent.destroy();
});

test('a body of the limit passes and one byte more does not, counted or in chunks', async () => {
  for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
    const full = await ask(server.port, { method: 'POST', headers, body: 'a'.repeat(1000) });
    assert.deepEqual([full.status, full.body.length], [200, 1000]);
    const over = await ask(server.port, { method: 'POST', headers, body: 'a'.repeat(1001) });
    assert.equal(over.status, 413);
    assert.equal(over.body, '{"error":{"code":413,"message":"Request body too large.","status":"INVALID_ARGUMENT"}}');
    assert.equal(over.headers['connection'], 'close');
    assert.ok(over.headers['x-request-id']);
  }
});

test('a peer that reads only after it has sent far too much still reads why, and is let go', async () => {
  const patient = await start({ limits: { bodyBytesMax: 1000, lingerMs: 5000 } });
  const socket = net.connect(patient.port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('close', resolve));
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.pause();
  const body = Buffer.alloc(12_000_000);
  socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n`);
  let failed: Error | null | undefined;
  socket.write(body, (error) => {
    failed = error;
    socket.resume();
  });
  await closed;
  assert.equal(failed ?? null, null);
  assert.match(text, /^HTTP\/1\.1 413 /);
  assert.match(text, /Request body too large/);
  await patient.listener.drain(100);
});

test('a gzipped body is inflated within the same limit', async () => {
  const send = (body: Uint8Array, coding = 'gzip') =>
    ask(server.port, { method: 'POST', headers: { 'content-encoding': coding }, body });
  assert.equal((await send(gzipSync('a'.repeat(1000)))).body, 'a'.repeat(1000));
  const bomb = gzipSync('a'.repeat(500_000));
  assert.ok(bomb.length < 1000);
  assert.equal((await send(bomb)).status, 413);
  assert.equal((await send(Buffer.from('not gzip'))).status, 400);
  assert.equal((await send(gzipSync('cut').subarray(0, 15))).status, 400);
  assert.equal((await send(Buffer.from('plain'), 'identity')).body, 'plain');
  const refused = await send(Buffer.from('x'), 'br');
  assert.deepEqual([refused.status, refused.headers['accept-encoding']], [415, 'gzip']);
});

test('100-continue is said when the body is wanted, and not when it is too large', async () => {
  const head = 'POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nconnection: close\r\n';
  const wanted = await raw(server.port, `${head}content-length: 2\r\n\r\nok`);
  assert.match(wanted.text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  const large = await raw(server.port, `${head}content-length: 1001\r\n\r\n`);
  assert.match(large.text, /^HTTP\/1\.1 413 /);
  const other = await raw(server.port, 'GET / HTTP/1.1\r\nhost: a\r\nexpect: magic\r\nconnection: close\r\n\r\n');
  assert.match(other.text, /^HTTP\/1\.1 417 /);
});

const MALFORMED: readonly [what: string, bytes: string, status: number][] = [
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['no host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 400],
  ['two hosts', 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n', 400],
  ['the same host twice', 'GET / HTTP/1.1\r\nhost: a\r\nHost: a\r\n\r\n', 400],
  ['a bad host', 'GET / HTTP/1.1\r\nhost: a/b\r\n\r\n', 400],
  ['absolute form', 'GET http://a/ HTTP/1.1\r\nhost: a\r\n\r\n', 400],
  ['asterisk form', 'OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n', 400],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n', 405],
  ['a fragment', 'GET /a#b HTTP/1.1\r\nhost: a\r\n\r\n', 400],
  ['NUL in the target', 'GET /a\0b HTTP/1.1\r\nhost: a\r\n\r\n', 400],
  ['a control character in the target', 'GET /a\x01b HTTP/1.1\r\nhost: a\r\n\r\n', 400],
  ['NUL in a header', 'GET / HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n', 400],
  ['a bare carriage return in a header', 'GET / HTTP/1.1\r\nhost: a\r\nx: a\rb: c\r\n\r\n', 400],
  ['a space in a header name', 'GET / HTTP/1.1\r\nhost: a\r\nx y: a\r\n\r\n', 400],
  ['a space before the colon', 'GET / HTTP/1.1\r\nhost: a\r\nx : a\r\n\r\n', 400],
  ['a folded header', 'GET / HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n', 400],
  [
    'both lengths',
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['two lengths', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc', 400],
  ['a signed length', 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: +3\r\n\r\nabc', 400],
  ['another transfer coding', 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 501],
  ['chunks before HTTP/1.1', 'POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['a bad chunk', 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', 400],
  ['not HTTP', 'hello there\r\n\r\n', 400],
  ['an unknown method', 'STEAL / HTTP/1.1\r\nhost: a\r\n\r\n', 400],
  ['a long target', `GET /${'a'.repeat(200)} HTTP/1.1\r\nhost: a\r\n\r\n`, 414],
  ['too many headers', `GET / HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(20)}\r\n`, 431],
  ['far too many headers', `GET / HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(200)}\r\n`, 431],
  ['too large headers', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(5000)}\r\n\r\n`, 431],
];

for (const [what, bytes, status] of MALFORMED) {
  test(`${what} is answered with ${status} and never reaches the handler`, async () => {
    const served = server.requests.length;
    const answer = await raw(server.port, bytes);
    assert.equal(answer.closed, true);
    assert.match(answer.text, new RegExp(`^HTTP/1\\.1 ${status} `));
    const [, body = ''] = answer.text.split('\r\n\r\n');
    assert.equal(code(body), status);
    assert.match(answer.text, /x-request-id: [0-9a-f-]{36}/);
    assert.equal(server.requests.length, served);
    assert.equal(server.entries.at(-1)?.status, status);
  });
}

test('limits of target and headers are reached before they are passed', async () => {
  assert.equal((await ask(server.port, { path: `/${'a'.repeat(199)}` })).status, 200);
  const twenty = `GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${'x: y\r\n'.repeat(18)}\r\n`;
  assert.match((await raw(server.port, twenty)).text, /^HTTP\/1\.1 200 /);
});

test('a second request in the bytes of the first gets an answer of its own, in order', async () => {
  const two =
    'POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';
  const { text } = await raw(server.port, two);
  assert.match(text, /\r\n\r\nabcHTTP\/1\.1 200 OK\r\n[\s\S]*GET \/2$/);
});

test('garbage behind a request that is being handled is answered after it, not in its place', async () => {
  let answer: (() => void) | undefined;
  const slow = await start({
    http: () => new Promise((resolve) => (answer = () => resolve({ status: 200, body: 'late' }))),
  });
  const pending = raw(slow.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n\0\0\0\r\n\r\n');
  await until(() => answer !== undefined);
  answer?.();
  const { text, closed } = await pending;
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nlateHTTP\/1\.1 400 /);
  assert.equal(closed, true);
  assert.deepEqual(slow.errors, []);
  await slow.listener.drain(100);
});

test('pipelining has an end', async () => {
  const stuck = await start({ limits: LIMITS, http: () => new Promise(() => {}) });
  const { closed } = await raw(stuck.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(10), 100);
  assert.equal(closed, false);
  assert.equal(stuck.requests.length, 4);
  // The peer left: nothing of its requests stays behind.
  await until(() => stuck.listener.connections() === 0);
  assert.equal(stuck.entries.filter((entry) => entry.status === 499).length, 4);
  await stuck.listener.drain(0);
});

test('slow headers and slow bodies are answered with 408', async () => {
  const limits = { headersMs: 100, requestMs: 100, lingerMs: 20 };
  const impatient = await start({ limits });
  const headers = await raw(impatient.port, 'GET / HTTP/1.1\r\nhost: a\r\n');
  assert.match(headers.text, /^HTTP\/1\.1 408 /);
  const body = await raw(impatient.port, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nabc');
  assert.match(body.text, /^HTTP\/1\.1 408 /);
  assert.equal(headers.closed && body.closed, true);
  assert.equal(impatient.requests.length, 0);
  await impatient.listener.drain(100);
});

test('an idle connection is closed after its time', async () => {
  const short = await start({ limits: { idleMs: 50 } });
  const { text, closed } = await raw(short.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(text, /^HTTP\/1\.1 200 /);
  assert.equal(closed, true);
  await short.listener.drain(100);
});

test('a peer that takes nothing of its answer is let go', async () => {
  const large = await start({
    limits: { stalledMs: 100 },
    http: () => ({ status: 200, body: new Uint8Array(64 * 1024 * 1024) }),
  });
  const socket = net.connect(large.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => large.entries.length === 1);
  await until(() => large.listener.connections() === 0);
  assert.equal(large.listener.connections(), 0);
  socket.destroy();
  await large.listener.drain(100);
});

test('bodies of all requests together have a limit', async () => {
  const full = await start({ limits: { bufferedBytesMax: 1500 } });
  const held = net.connect(full.port, '127.0.0.1');
  held.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1001\r\n\r\n${'a'.repeat(1000)}`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const refused = await ask(full.port, { method: 'POST', body: 'a'.repeat(600) });
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1']);
  assert.equal((await ask(full.port, { method: 'POST', body: 'a'.repeat(500) })).status, 200);
  held.resetAndDestroy();
  await until(() => full.listener.connections() === 0);
  assert.equal((await ask(full.port, { method: 'POST', body: 'a'.repeat(1500) })).status, 200);
  await full.listener.drain(100);
});

test('a handler that fails is answered with the request id and nothing else', async () => {
  const failures = [
    () => {
      throw new Error('canary-sync');
    },
    () => Promise.reject(new Error('canary-async')),
    () => Promise.reject(),
    () => ({ status: 200, headers: { 'x-bad': 'canary\r\nset-cookie: a' } }),
    () => ({ status: 99 }),
    () => undefined as never,
  ];
  for (const failure of failures) {
    const failing = await start({ http: failure });
    const answer = await ask(failing.port, { method: 'POST', body: 'x' });
    assert.equal(answer.status, 500);
    const id = answer.headers['x-request-id'];
    const message = `Internal error. Request id: ${id}`;
    assert.deepEqual(JSON.parse(answer.body), { error: { code: 500, message, status: 'INTERNAL' } });
    assert.equal(failing.errors.length, 1);
    assert.equal(failing.entries.length, 1);
    await failing.listener.drain(100);
  }
});

test('a peer that leaves is not answered, and its request leaves nothing behind', async () => {
  let answer: (() => void) | undefined;
  const left = await start({
    http: () => new Promise((resolve) => (answer = () => resolve({ status: 200, body: 'late' }))),
  });
  await raw(left.port, 'GET /gone HTTP/1.1\r\nhost: a\r\n\r\n', 50);
  await until(() => left.entries.length === 1);
  assert.equal(left.entries[0]?.status, 499);
  answer?.();
  await left.listener.drain(1000);
  assert.equal(left.entries.length, 1);
  assert.deepEqual(left.errors, []);
});
