import assert from 'node:assert/strict';
import { constants, type OutgoingHttpHeaders } from 'node:http2';
import { after, before, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { ask2, type H2Answer, LOCALHOST, type Started, session, start, until } from '../../test/support/wire.ts';
import { frame } from './grpc-codec.ts';
import { sweepMs, WIRE_LIMITS } from './limits.ts';
import type { GrpcRequest, GrpcResponse } from './types.ts';

const PATH = '/a.b.Echo/Say';
const same = (message: Buffer): Buffer => message;

let server: Started;
let ready = true;

/** What the handler does next; it echoes unless a test says otherwise. */
let handle: (call: GrpcRequest) => GrpcResponse | Promise<GrpcResponse>;
const echo = (call: GrpcRequest): GrpcResponse => ({ ok: true, message: call.message });

before(async () => {
  handle = echo;
  server = await start({
    tls: { certificateFor: () => LOCALHOST },
    limits: { requestMs: 300, lingerMs: 100, streamsMax: 100 },
    ready: () => ready,
    grpc: (call) => handle(call),
  });
});

after(() => server.listener.drain(100));

function client(secure = false, options: grpc.ClientOptions = {}): grpc.Client {
  const credentials = secure
    ? grpc.credentials.createSsl(Buffer.from(LOCALHOST.cert))
    : grpc.credentials.createInsecure();
  return new grpc.Client(`localhost:${server.port}`, credentials, options);
}

interface Said {
  readonly error: grpc.ServiceError | null;
  readonly message: Buffer | undefined;
  readonly metadata: grpc.Metadata;
}

function say(
  to: grpc.Client,
  message: Buffer,
  options: grpc.CallOptions = {},
  sent: grpc.Metadata = new grpc.Metadata(),
  path = PATH,
): Promise<Said> {
  return new Promise((resolve) => {
    let metadata = new grpc.Metadata();
    const call = to.makeUnaryRequest(path, same, same, message, sent, options, (error, answer) => {
      resolve({ error, message: answer, metadata });
    });
    call.on('metadata', (got) => {
      metadata = got;
    });
  });
}

/** A call with raw frames and headers, as no gRPC library would send it. */
async function speak(headers: OutgoingHttpHeaders, body?: readonly Uint8Array[]): Promise<H2Answer & { code: number }> {
  const opened = session(server.port);
  const answer = await ask2(
    opened,
    { ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', te: 'trailers', ...headers },
    body,
  );
  opened.close();
  return { ...answer, code: Number(answer.headers['grpc-status'] ?? answer.trailers['grpc-status'] ?? -1) };
}

for (const secure of [false, true]) {
  test(`a unary call is answered, ${secure ? 'with' : 'without'} TLS`, async () => {
    const to = client(secure);
    const sent = new grpc.Metadata();
    sent.set('x-text', 'a');
    sent.set('x-trace-bin', Buffer.of(1, 2, 3));
    const said = await say(to, Buffer.from('hello'), {}, sent);
    assert.equal(said.error, null);
    assert.equal(said.message?.toString(), 'hello');
    const call = server.calls.at(-1);
    assert.ok(call);
    const { service, rpc, path, method, host, protocol, headers } = call;
    assert.deepEqual(
      { service, rpc, path, method, host, protocol, text: headers['x-text'], bin: headers['x-trace-bin'] },
      {
        service: 'a.b.Echo',
        rpc: 'Say',
        path: PATH,
        method: 'POST',
        host: 'localhost',
        protocol: 'h2',
        text: 'a',
        bin: 'AQID',
      },
    );
    assert.equal(call.secure, secure);
    assert.deepEqual(said.metadata.get('x-request-id'), [call.id]);
    const entry = server.entries.at(-1);
    assert.deepEqual([entry?.id, entry?.grpcCode, entry?.bytesIn, entry?.bytesOut], [call.id, 0, 10, 10]);
    to.close();
  });
}

test('messages of every size up to the limit pass, one byte more does not', async () => {
  const to = client(false, { 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 });
  const max = 4 * 1024 * 1024;
  for (const size of [0, 1, 65_535, 65_536, 1_000_000, max]) {
    const said = await say(to, Buffer.alloc(size, size % 251));
    assert.equal(said.message?.length, size);
    assert.ok(said.message?.equals(Buffer.alloc(size, size % 251)));
  }
  const over = await say(to, Buffer.alloc(max + 1));
  assert.equal(over.error?.code, grpc.status.RESOURCE_EXHAUSTED);
  assert.equal(over.error?.details, `Received message larger than max (${max + 1} vs. ${max})`);
  assert.equal((await say(to, Buffer.from('still'))).message?.toString(), 'still');
  to.close();
});

test('two hundred calls at once are all answered, although a connection allows one hundred', async () => {
  const to = client();
  handle = (call) => new Promise((resolve) => setImmediate(() => resolve(echo(call))));
  const all = await Promise.all(Array.from({ length: 200 }, (_, index) => say(to, Buffer.from(String(index)))));
  assert.deepEqual(
    all.map(({ message }) => message?.toString()),
    all.map((_, index) => String(index)),
  );
  handle = echo;
  to.close();
});

test('a failure arrives with its code, its text and its details', async () => {
  const text = `Secret [projects/p/secrets/a/b] not found: 100% "é" / ?`;
  handle = () => ({ ok: false, code: 5, message: text, details: Uint8Array.of(8, 5, 255, 1) });
  const to = client();
  const { error } = await say(to, Buffer.from('x'));
  assert.equal(error?.code, 5);
  assert.equal(error?.details, text);
  assert.deepEqual(error?.metadata.get('grpc-status-details-bin'), [Buffer.of(8, 5, 255, 1)]);
  const bare = await speak({}, [frame(Buffer.from('x'))]);
  assert.equal(bare.headers['grpc-message'], 'Secret [projects/p/secrets/a/b] not found: 100%25 "%C3%A9" / ?');
  assert.equal(bare.headers['grpc-status-details-bin'], 'CAX/AQ');
  assert.deepEqual([bare.body, bare.status, Object.keys(bare.trailers)], ['', 200, []]);
  handle = echo;
  to.close();
});

test('text and details that no client would take are cut', async () => {
  handle = () => ({ ok: false, code: 9, message: ` ${'a'.repeat(5000)} `, details: new Uint8Array(5000) });
  const to = client();
  const { error } = await say(to, Buffer.from('x'));
  assert.equal(error?.code, 9);
  assert.equal(error?.details, 'a'.repeat(1023));
  assert.deepEqual(error?.metadata.get('grpc-status-details-bin'), []);
  handle = echo;
  to.close();
});

test('a handler that fails is INTERNAL and tells only the request id', async () => {
  const to = client();
  const failures = [
    () => {
      throw new Error('canary');
    },
    () => Promise.reject(new Error('canary')),
  ];
  for (const failure of failures) {
    handle = failure;
    const { error, metadata } = await say(to, Buffer.from('x'));
    assert.equal(error?.code, grpc.status.INTERNAL);
    assert.match(error?.details ?? '', /^internal error, request id [0-9a-f-]{36}$/);
    assert.equal(metadata.get('canary').length, 0);
  }
  assert.equal(server.errors.length, 2);
  handle = echo;
  to.close();
});

test('a deadline that passes while the handler works ends the call, and its answer is dropped', async () => {
  let late: (() => void) | undefined;
  handle = () => new Promise((resolve) => (late = () => resolve({ ok: true, message: new Uint8Array(0) })));
  const answer = await speak({ 'grpc-timeout': '50m' }, [frame(Buffer.from('x'))]);
  assert.equal(answer.code, grpc.status.DEADLINE_EXCEEDED);
  assert.equal(server.entries.at(-1)?.grpcCode, grpc.status.DEADLINE_EXCEEDED);
  const { length } = server.entries;
  late?.();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(server.entries.length, length);
  handle = echo;
  const passed = server.calls.length;
  assert.equal((await speak({ 'grpc-timeout': '0n' }, [frame(Buffer.from('x'))])).code, grpc.status.DEADLINE_EXCEEDED);
  assert.equal(server.calls.length, passed);
  assert.equal((await speak({ 'grpc-timeout': '99999999H' }, [frame(Buffer.from('x'))])).code, 0);
});

test('a caller that cancels costs nothing more', async () => {
  let late: (() => void) | undefined;
  handle = (call) => new Promise((resolve) => (late = () => resolve(echo(call))));
  const to = client();
  const call = to.makeUnaryRequest(PATH, same, same, Buffer.from('x'), () => {});
  await until(() => late !== undefined);
  call.cancel();
  await until(() => server.entries.at(-1)?.grpcCode === grpc.status.CANCELLED);
  assert.equal(server.entries.at(-1)?.grpcCode, grpc.status.CANCELLED);
  late?.();
  handle = echo;
  assert.equal((await say(to, Buffer.from('next'))).message?.toString(), 'next');
  to.close();
});

const hello = frame(Buffer.from('hello'));
const REFUSED: readonly [what: string, headers: OutgoingHttpHeaders, body: Uint8Array[] | undefined, code: number][] = [
  ['no message at all', {}, undefined, 12],
  ['an empty body', {}, [], 12],
  ['two messages', {}, [hello, hello], 12],
  ['half a frame header', {}, [hello.subarray(0, 3)], 13],
  ['half a message', {}, [hello.subarray(0, 7)], 13],
  ['a compressed message', { 'grpc-encoding': 'gzip' }, [Buffer.of(1, 0, 0, 0, 1, 9)], 12],
  ['the compressed flag without a coding', {}, [Buffer.of(1, 0, 0, 0, 1, 9)], 13],
  ['an unknown flag', { 'grpc-encoding': 'gzip' }, [Buffer.of(2, 0, 0, 0, 1, 9)], 13],
  ['a length beyond the limit', {}, [Buffer.of(0, 0xff, 0xff, 0xff, 0xff)], 8],
  ['a bad timeout', { 'grpc-timeout': '5x' }, [hello], 13],
  ['two timeouts', { 'grpc-timeout': ['1S', '2S'] as unknown as string }, [hello], 13],
  ['another message coding', { 'content-type': 'application/grpc+json' }, [hello], 12],
  ['a path without a method', { ':path': '/a.b.Echo' }, [hello], 12],
  ['a path of three parts', { ':path': '/a/b/c' }, [hello], 12],
  ['a query', { ':path': '/a.b.Echo/?Say' }, [hello], 12],
];

for (const [what, headers, body, code] of REFUSED) {
  test(`${what} is refused with status ${code} and never reaches the handler`, async () => {
    const served = server.calls.length;
    const answer = await speak(headers, body);
    assert.equal(answer.code, code);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/grpc');
    if (what.startsWith('a compressed')) assert.equal(answer.headers['grpc-accept-encoding'], 'identity');
    assert.equal(server.calls.length, served);
    assert.equal(server.entries.at(-1)?.grpcCode, code);
  });
}

test('a message is read in whatever pieces it comes', async () => {
  const bytes = [...hello].map((byte) => Uint8Array.of(byte));
  const answer = await speak({ 'content-type': 'application/grpc+proto; charset=utf-8' }, bytes);
  assert.equal(answer.code, 0);
  assert.equal(answer.body.slice(5), 'hello');
});

test('a call that is not a POST is refused, and grpc-web is not taken for gRPC', async () => {
  const got = await speak({ ':method': 'GET' });
  assert.deepEqual([got.status, got.code], [405, 13]);
  const served = server.requests.length;
  const web = await speak({ 'content-type': 'application/grpc-web+proto' }, [hello]);
  assert.deepEqual([web.status, web.code], [200, -1]);
  assert.equal(server.requests.length, served + 1);
});

test('a call that never ends is ended, also one that was refused at once', async () => {
  const opened = session(server.port);
  for (const [timeout, expected] of [
    ['60S', '4'],
    ['bad', '13'],
  ] as const) {
    const headers = { ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', 'grpc-timeout': timeout };
    const stream = opened.request(headers);
    const code = new Promise((resolve) => stream.on('response', (answered) => resolve(answered['grpc-status'])));
    const closed = new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode)));
    stream.on('error', () => {});
    stream.resume();
    stream.write(hello.subarray(0, 6));
    assert.equal(await code, expected);
    assert.equal(await closed, constants.NGHTTP2_CANCEL);
  }
  opened.close();
});

test('a near deadline is kept more exactly than the sweep would', async (context) => {
  const exact = await start({ grpc: () => new Promise(() => {}) });
  const opened = session(exact.port);
  context.after(() => {
    opened.close();
    return exact.listener.drain(0);
  });
  const headers = { ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc', 'grpc-timeout': '30m' };
  const startedMs = performance.now();
  for (let call = 0; call < 5; call += 1) {
    const answer = await ask2(opened, headers, [hello]);
    assert.equal(answer.headers['grpc-status'], '4');
  }
  // Each would have waited for the sweep after that of the call before.
  assert.ok(performance.now() - startedMs < 4 * sweepMs(WIRE_LIMITS));
});

test('the health service answers on every connection', async () => {
  const to = client();
  const check = '/grpc.health.v1.Health/Check';
  const served = server.calls.length;
  assert.deepEqual((await say(to, Buffer.alloc(0), {}, undefined, check)).message, Buffer.of(8, 1));
  ready = false;
  assert.deepEqual((await say(to, Buffer.alloc(0), {}, undefined, check)).message, Buffer.of(8, 2));
  ready = true;
  const unknown = await say(to, Buffer.from('\n\x03abc'), {}, undefined, check);
  assert.equal(unknown.error?.code, grpc.status.NOT_FOUND);
  const watched = await say(to, Buffer.alloc(0), {}, undefined, '/grpc.health.v1.Health/Watch');
  assert.equal(watched.error?.code, grpc.status.UNIMPLEMENTED);
  assert.equal(server.calls.length, served);
  to.close();
});
