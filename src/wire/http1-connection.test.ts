// What a stream of bytes means must not depend on how it is cut, nor on who reads it: a request that is one for us and
// another for a proxy in front of us is a way to smuggle. Node's own parser stands for the others.

import assert from 'node:assert/strict';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { raw, type Started, start, until } from '../../test/support/wire.ts';

let server: Started;
/** Node's, which tells what it read. */
let other: http.Server;
let otherRead: string[] = [];

before(async () => {
  server = await start({ limits: { lingerMs: 50 }, http: ({ body }) => ({ status: 200, body: `${body.length}` }) });
  other = http.createServer({ joinDuplicateHeaders: true, requireHostHeader: false }, (request, response) => {
    const { method = '', url = '', headers } = request;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      otherRead.push(said(method, url, headers['host'], headers['x-a'], Buffer.concat(chunks)));
      response.end();
    });
  });
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
});

after(async () => {
  other.closeAllConnections();
  other.close();
  await server.listener.drain(100);
});

function said(method: string, target: string, host: unknown, value: unknown, body: Uint8Array): string {
  return JSON.stringify([method, target, host, value, Buffer.from(body).toString('latin1')]);
}

/** What of these bytes reached our handler. */
function ourRead(): string[] {
  return server.requests
    .splice(0)
    .map(({ method, path, query, headers, body }) =>
      said(method, query === '' ? path : `${path}?${query}`, headers['host'], headers['x-a'], body),
    );
}

const STREAM = [
  'GET /a HTTP/1.1\r\nhost: h\r\nx-a: 1\r\n\r\n',
  '\r\nPOST /b?c HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nGET /',
  'POST /d HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx-a: no\r\n\r\n',
  'LIST /e HTTP/1.1\r\nhost: h\r\nx-a: 1\r\nX-A: 2\r\n\r\n',
  'GET /f HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\nGET /never HTTP/1.1\r\nhost: h\r\n\r\n',
].join('');

test('requests are the same however their bytes are cut', async () => {
  const cuts = fc.sample(fc.uniqueArray(fc.integer({ min: 1, max: STREAM.length - 1 }), { maxLength: 30 }), 60);
  const everywhere = Array.from({ length: STREAM.length - 1 }, (_, index) => index + 1);
  for (const places of [[], everywhere, ...cuts]) {
    const socket = net.connect(server.port, '127.0.0.1').setNoDelay(true);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {});
    let from = 0;
    for (const place of [...places].sort((one, two) => one - two)) {
      socket.write(STREAM.slice(from, place), 'latin1');
      from = place;
      await new Promise(setImmediate);
    }
    socket.write(STREAM.slice(from), 'latin1');
    await closed;
    assert.deepEqual(ourRead(), [
      said('GET', '/a', 'h', '1', Buffer.from('')),
      said('POST', '/b?c', 'h', undefined, Buffer.from('GET /')),
      said('POST', '/d', 'h', undefined, Buffer.from('abcde')),
      said('LIST', '/e', 'h', '1, 2', Buffer.from('')),
      said('GET', '/f', 'h', undefined, Buffer.from('')),
    ]);
    assert.deepEqual(
      text
        .split('HTTP/1.1 200 OK')
        .slice(1)
        .map((answer) => answer.split('\r\n\r\n')[1]),
      ['0', '5', '5', '0', '0'],
    );
  }
});

const PIECES = [
  'GET',
  'POST',
  ' ',
  '/',
  '/a?b',
  'HTTP/1.1',
  'HTTP/1.0',
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  ':',
  'host: h\r\n',
  'x-a: 1\r\n',
  'content-length: 3\r\n',
  'Content-Length : 3\r\n',
  'content-length: 3, 3\r\n',
  'transfer-encoding: chunked\r\n',
  'transfer-encoding: identity, chunked\r\n',
  'Transfer-Encoding:\x0bchunked\r\n',
  ' chunked\r\n',
  '\tfolded\r\n',
  'abc',
  '3\r\nabc\r\n',
  '0\r\n\r\n',
  '0;x\r\n\r\n',
  '+3\r\nabc\r\n',
  '0x3\r\n',
  '\0',
  '\x7f',
  '\xe9',
  '\x85',
  ' \r\n',
];
const HEADS = [
  'POST /a HTTP/1.1\r\nhost: h\r\nx-a: 1\r\n\r\n',
  'POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc',
  'POST /a HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
];

test('whatever we take for a request, another parser takes for the same one', async () => {
  const stream = fc
    .tuple(
      fc.constantFrom(...HEADS),
      fc.array(fc.tuple(fc.nat(90), fc.constantFrom(0, 0, 0, 1, 4), fc.constantFrom(...PIECES)), { maxLength: 2 }),
      fc.boolean(),
    )
    .map(([head, edits, betweenLines]) => {
      let text = head;
      for (const [at, removed, piece] of edits) {
        const anywhere = at % (text.length + 1);
        const place = betweenLines ? text.indexOf('\n', anywhere) + 1 : anywhere;
        text = text.slice(0, place) + piece + text.slice(place + removed);
      }
      return `${text}GET /behind HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`;
    });
  const { port } = other.address() as AddressInfo;
  let taken = 0;
  for (const text of fc.sample(stream, 300)) {
    const bytes = Buffer.from(text, 'latin1');
    otherRead = [];
    await Promise.all([raw(server.port, bytes, 40), raw(port, bytes, 40)]);
    await until(() => server.listener.connections() === 0);
    const ours = ourRead();
    taken += ours.length;
    // Ours may end sooner, since it is stricter.
    assert.deepEqual(ours, otherRead.slice(0, ours.length), JSON.stringify(text));
  }
  assert.ok(taken > 30, `${taken} requests were taken`);
});

test('a body in many small pieces is whole, and costs no more memory than its bytes', async () => {
  const many = await start({ limits: { bufferedBytesMax: 200_000 } });
  const text = `${'1\r\na\r\n'.repeat(100_000)}0\r\n\r\n`;
  const head = 'POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n';
  const { text: answer } = await raw(many.port, head + text);
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.ok(answer.endsWith(`\r\n\r\n${'a'.repeat(100_000)}`));
  await many.listener.drain(100);
});

test('an answer that waits for the one before it is not written into it', async () => {
  const answers: (() => void)[] = [];
  const slow = await start({
    http: ({ path }) => new Promise((resolve) => answers.push(() => resolve({ status: 200, body: path }))),
  });
  const socket = net.connect(slow.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  const wants = 'POST /2 HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n';
  socket.write(`GET /1 HTTP/1.1\r\nhost: a\r\n\r\n${wants}`);
  await until(() => answers.length === 1);
  socket.write('x');
  socket.write('GET /3 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await until(() => answers.length === 3);
  for (const answer of answers.reverse()) answer();
  await new Promise((resolve) => socket.on('close', resolve));
  assert.deepEqual(text.match(/HTTP\/1\.1 \d+|\/\d$|\/\d(?=HTTP)/g), [
    'HTTP/1.1 200',
    '/1',
    'HTTP/1.1 200',
    '/2',
    'HTTP/1.1 200',
    '/3',
  ]);
  await slow.listener.drain(100);
});

test('what follows a request that is not understood is never read', async () => {
  const behind = 'GET /behind HTTP/1.1\r\nhost: a\r\n\r\n';
  for (const first of ['POST / HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n', 'GET /\r\n\r\n', '\n']) {
    server.requests.length = 0;
    const { text, closed } = await raw(server.port, first + behind);
    assert.match(text, /^HTTP\/1\.1 400 [\s\S]*\r\n\r\n[^\r]*$/);
    assert.equal(closed, true);
    assert.equal(server.requests.length, 0);
  }
});

test('a peer that begins a request in each of its packets is not taken for a slow one', async () => {
  const patient = await start({ limits: { headersMs: 150, lingerMs: 20 } });
  const socket = net.connect(patient.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write('GET / HTTP/1.1\r\n');
  for (let round = 0; round < 10; round++) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    socket.write('host: a\r\n\r\nGET / HTTP/1.1\r\n');
  }
  await until(() => patient.requests.length === 10);
  assert.doesNotMatch(text, / 408 /);
  socket.destroy();
  await patient.listener.drain(100);
});

test('a peer that asks much in one packet and reads nothing is answered as far as it reads', async () => {
  const asked = 1000;
  const body = 'x'.repeat(64 * 1024);
  const large = await start({ http: () => ({ status: 200, body }) });
  const socket = net.connect(large.port, '127.0.0.1');
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(asked));
  await until(() => large.requests.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(large.requests.length < asked / 2, `${large.requests.length} were answered`);
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.resume();
  await until(() => bytes > asked * body.length);
  assert.equal(large.requests.length, asked);
  socket.destroy();
  await large.listener.drain(100);
});

test('a peer that sends nothing but empty lines is idle', async () => {
  const short = await start({ limits: { idleMs: 100 } });
  const socket = net.connect(short.port, '127.0.0.1');
  socket.on('error', () => {});
  const timer = setInterval(() => socket.write('\r\n'), 20);
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  socket.resume();
  await new Promise((resolve) => socket.on('close', resolve));
  clearInterval(timer);
  assert.equal(short.requests.length, 1);
  await short.listener.drain(100);
});
