// The Invoke client against functions as bad as they come: over real sockets on loopback.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FunctionProblem } from '../core/rotation/port.ts';
import { createSignatureReader } from '../identity/aws-signature.ts';
import { NO_FUNCTIONS, openLambda } from './lambda.ts';

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:rotate';
const CALL = { arn: ARN, verb: 'create', secretArn: 'arn:aws:secretsmanager:x', version: 'v'.repeat(32) } as const;
const NEVER = new AbortController().signal;
const directory = mkdtempSync(join(tmpdir(), 'coffer-lambda-'));
after(() => rmSync(directory, { recursive: true }));

interface Seen {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

async function functionsThat(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
  options: { readonly path?: string; readonly key?: string; readonly invokeMs?: number } = {},
) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    seen.push({ request, body: Buffer.concat(chunks) });
    answer(response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}${options.path ?? ''}`;
  const keyFile = join(directory, 'key.env');
  if (options.key !== undefined) writeFileSync(keyFile, options.key);
  const functions = openLambda({
    endpoint,
    clock: { now: () => Date.parse('2026-11-22T13:37:00Z') },
    ...(options.key === undefined ? {} : { keyFile }),
    ...(options.invokeMs === undefined ? {} : { invokeMs: options.invokeMs }),
  });
  return { functions, seen };
}

const fails = (work: Promise<unknown>, message: string) =>
  assert.rejects(work, (error) => error instanceof FunctionProblem && error.message === message);

test('a step is an invocation with the step, the secret and the version', async () => {
  const { functions, seen } = await functionsThat((response) => response.end('null'), { path: '/base/' });
  await functions.invoke(CALL, NEVER);
  const [first] = seen;
  assert.equal(first?.request.method, 'POST');
  assert.equal(
    first?.request.url,
    '/base/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Arotate/invocations',
  );
  assert.deepEqual(JSON.parse(String(first?.body)), {
    Step: 'createSecret',
    SecretId: CALL.secretArn,
    ClientRequestToken: CALL.version,
  });
  assert.equal(first?.request.headers.authorization, undefined);
});

test('with a key each request is signed, for the region of the function', async () => {
  const key = 'AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=a/secret+key\n';
  const { functions, seen } = await functionsThat((response) => response.end(), { key });
  await functions.invoke(CALL, NEVER);
  await functions.exists(ARN);
  assert.equal(seen.length, 2);
  const reader = createSignatureReader();
  for (const { request, body } of seen) {
    const signature = reader.read({
      method: request.method as string,
      path: request.url as string,
      query: '',
      headers: request.headers as Record<string, string>,
      body,
    });
    assert.ok(signature !== undefined && 'stringToSign' in signature, JSON.stringify(signature));
    assert.deepEqual(signature.scope, { date: '20261122', region: 'eu-west-1', service: 'lambda' });
    const derived = ['20261122', 'eu-west-1', 'lambda', 'aws4_request'].reduce<string | Buffer>(
      (from, part) => createHmac('sha256', from).update(part).digest(),
      'AWS4a/secret+key',
    );
    assert.ok(reader.isSigned(signature, derived as Buffer));
  }
});

test('a function that fails says so in a header, and what it answers is not repeated', async () => {
  const { functions } = await functionsThat((response) => {
    response.setHeader('x-amz-function-error', 'Unhandled').end('{"errorMessage":"the password is hunter2"}');
  });
  await fails(functions.invoke(CALL, NEVER), 'the function failed');
});

test('any other status is a failure, and a redirect is not followed', async () => {
  for (const status of [202, 302, 404, 429, 500]) {
    const { functions, seen } = await functionsThat((response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('garbage');
    });
    await fails(functions.invoke(CALL, NEVER), `its invocation was answered with status ${status}`);
    assert.equal(seen.length, 1);
  }
});

test('an answer without end is cut', async () => {
  let sent = 0;
  const { functions } = await functionsThat((response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) sent += 64 * 1024;
    };
    response.on('drain', more);
    more();
  });
  await fails(functions.invoke(CALL, NEVER), 'its answer is too long');
  assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were taken`);
});

test('a function that never answers, or is cut off, is given up', async () => {
  const silent = await functionsThat(() => {}, { invokeMs: 50 });
  await fails(silent.functions.invoke(CALL, NEVER), 'it did not answer in time');
  const stop = new AbortController();
  const waiting = await functionsThat(() => stop.abort());
  await fails(waiting.functions.invoke(CALL, stop.signal), 'it did not answer in time');
  const cut = await functionsThat((response) => {
    response.writeHead(200, { 'content-length': '10' }).write('ab');
    setImmediate(() => response.destroy());
  });
  await fails(cut.functions.invoke(CALL, NEVER), 'its answer broke off');
  const gone = openLambda({ endpoint: 'http://127.0.0.1:1', clock: Date });
  await fails(gone.invoke(CALL, NEVER), 'its address cannot be reached');
});

test('whether a function is there is asked of GetFunction', async () => {
  for (const [status, there] of [
    [200, true],
    [404, false],
    [403, false],
  ] as const) {
    const { functions, seen } = await functionsThat((response) => response.writeHead(status).end('{}'));
    assert.equal(await functions.exists(ARN), there);
    assert.equal(seen[0]?.request.method, 'GET');
    assert.ok(seen[0]?.request.url?.endsWith('%3Afunction%3Arotate'));
  }
  const broken = await functionsThat((response) => response.writeHead(500).end());
  await assert.rejects(broken.functions.exists(ARN), { code: 'ROTATION_FUNCTION_UNREACHABLE' });
  await assert.rejects(NO_FUNCTIONS.exists(ARN), { code: 'ROTATION_FUNCTIONS_UNSET' });
  await assert.rejects(NO_FUNCTIONS.invoke(CALL, NEVER), FunctionProblem);
});

test('only an address and a key of the right form are taken', () => {
  for (const endpoint of [
    '',
    'lambda:3000',
    'file:///etc/passwd',
    'http://user:pw@127.0.0.1',
    'http://h/?q',
    'http://h/#f',
  ]) {
    assert.throws(() => openLambda({ endpoint, clock: Date }), TypeError, endpoint);
  }
  const keyFile = join(directory, 'bad.env');
  writeFileSync(keyFile, 'AWS_ACCESS_KEY_ID=AKIA\nsecret-that-must-not-show\n');
  assert.throws(
    () => openLambda({ endpoint: 'http://127.0.0.1', keyFile, clock: Date }),
    (error: Error) => error instanceof TypeError && !error.message.includes('must-not-show'),
  );
});
