// The sink against a real server and a real file: everything arrives, in the order of each stream, whatever fails on the
// way; nothing is pruned that has not arrived; what it has taken survives a restart.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chainHash } from '../../src/audit/line.ts';
import { type AuditSink, openAuditSink, readDelivered } from '../../src/audit/sink.ts';
import type { MetaStore } from '../../src/core/ports.ts';
import { appendRange, type Bench, openBench, recordOf } from './fixture.ts';

class MapMeta implements MetaStore {
  readonly values = new Map<string, Uint8Array>();

  meta(key: string): Uint8Array | undefined {
    return this.values.get(key);
  }

  setMeta(key: string, value: Uint8Array): void {
    this.values.set(key, Uint8Array.from(value));
  }
}

interface Parts {
  readonly bench: Bench;
  readonly meta: MapMeta;
  readonly failures: string[];
  open(target: string, headersFile?: string): Promise<AuditSink>;
}

async function openParts(context: TestContext, segmentBytesMax?: number): Promise<Parts> {
  const bench = await openBench(context, segmentBytesMax);
  const meta = new MapMeta();
  const failures: string[] = [];
  const open = async (target: string, headersFile?: string) => {
    const sink = await openAuditSink({
      directory: bench.directory,
      target,
      ...(headersFile === undefined ? {} : { headersFile }),
      meta,
      server: '',
      store: bench.store,
      onFailure: (error) => failures.push(error.message),
    });
    context.after(() => sink.stop());
    return sink;
  };
  return { bench, meta, failures, open };
}

interface Receiver {
  readonly address: string;
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly body: string }[];
  /** Decides what the next request is answered. */
  answer: (response: ServerResponse, count: number) => void;
}

async function receive(context: TestContext): Promise<Receiver> {
  const receiver: Receiver & { address: string } = {
    address: '',
    requests: [],
    answer: (response) => response.writeHead(204).end(),
  };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      receiver.requests.push({ headers: request.headers, body });
      receiver.answer(response, receiver.requests.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  receiver.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/audit`;
  return receiver;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds() && waitedMs < 15_000; waitedMs += 20) await sleep(20);
  assert.ok(holds(), what);
}

function idsIn(text: string): string[] {
  return [...text.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id ?? '');
}

function directoryOf(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-sink-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('every line of every stream is posted, in order, with its stream, and can be checked without it', async (context) => {
  const { bench, failures, open } = await openParts(context, 2000);
  const receiver = await receive(context);
  const one = await bench.openStream('w1');
  const headersFile = join(directoryOf(context), 'headers');
  writeFileSync(headersFile, 'Authorization: Bearer for-the-sink\nX-Index: audit\n');
  const sink = await open(receiver.address, headersFile);
  await Promise.all([appendRange(bench.log, 1, 10), appendRange(one, 11, 15)]);
  await until('all records are taken', () => sink.delivered().get('main') === 10 && sink.delivered().get('w1') === 5);
  assert.deepEqual(failures, []);
  assert.equal(sink.problem, undefined);
  assert.deepEqual(sink.backlog(), { bytes: 0 });
  for (const [stream, count] of [
    ['main', 10],
    ['w1', 5],
  ] as const) {
    const mine = receiver.requests.filter(({ headers }) => headers['x-coffer-audit-stream'] === stream);
    assert.ok(mine.every(({ headers }) => headers['content-type'] === 'application/x-ndjson'));
    assert.ok(
      mine.every(({ headers }) => headers.authorization === 'Bearer for-the-sink' && headers['x-index'] === 'audit'),
    );
    const lines = mine.flatMap(({ body }) => body.trimEnd().split('\n'));
    assert.ok(lines.every((line) => JSON.parse(line).stream === stream));
    assert.equal(idsIn(lines.join('\n')).length, count);
    let head = '0'.repeat(64);
    for (const line of lines) {
      const plain = line.includes('"format"') && stream === 'w1' ? line : line.replace(`{"stream":"${stream}",`, '{');
      const body = plain.slice(0, plain.lastIndexOf(',"hash":"'));
      head = chainHash(head, body);
      assert.ok(plain.endsWith(`,"hash":"${head}"}`), plain);
    }
  }
});

test('what a receiver refuses, drops or never answers comes again, and nothing is left out', async (context) => {
  const { bench, failures, open } = await openParts(context, 4000);
  const receiver = await receive(context);
  receiver.answer = (response, count) => {
    if (count === 1) response.writeHead(503).end('try later');
    else if (count === 2) response.destroy();
    else if (count === 3) response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    else response.writeHead(200).end('ok');
  };
  await appendRange(bench.log, 1, 30);
  await bench.log.enroll();
  const sink = await open(receiver.address);
  await until('it was refused', () => failures.length > 0);
  await until('the backlog shows', () => sink.backlog().bytes > 0);
  assert.equal(sink.backlog().oldestTime, recordOf(1).time);
  assert.match(failures[0] ?? '', /^the audit sink: http:\/\/127\.0\.0\.1:\d+ answered 503$/);
  await until('all is taken in the end', () => sink.delivered().get('main') === 30);
  assert.ok(failures.some((failure) => /answered 302/.test(failure)));
  const taken = receiver.requests.slice(3).flatMap(({ body }) => idsIn(body));
  assert.deepEqual(
    taken,
    Array.from({ length: 30 }, (_, index) => `id-${index + 1}`),
  );
  await until('the trouble is over', () => sink.problem === undefined);
});

test('a restart goes on where the last answer was, and another target begins at the beginning', async (context) => {
  const { bench, meta, open } = await openParts(context, 2000);
  const receiver = await receive(context);
  const sink = await open(receiver.address);
  await appendRange(bench.log, 1, 6);
  await until('taken', () => sink.delivered().get('main') === 6);
  await sink.stop();
  await appendRange(bench.log, 7, 9);
  await bench.log.enroll();
  const posted = receiver.requests.length;
  assert.deepEqual(await readDelivered(meta, receiver.address, ''), new Map([['main', 6]]));
  const again = await open(receiver.address);
  await until('taken', () => again.delivered().get('main') === 9);
  assert.deepEqual(
    receiver.requests.slice(posted).flatMap(({ body }) => idsIn(body)),
    ['id-7', 'id-8', 'id-9'],
  );
  const file = join(directoryOf(context), 'audit.jsonl');
  const other = await open(`file:${file}`);
  await until('taken', () => other.delivered().get('main') === 9);
  assert.equal(idsIn(readFileSync(file, 'latin1')).length, 9);
});

test('a file is appended to, begun anew where it was rotated away, and never joins a line to half a one', async (context) => {
  const { bench, open } = await openParts(context);
  const file = join(directoryOf(context), 'audit.jsonl');
  writeFileSync(file, '{"half":');
  const sink = await open(`file://${file}`);
  await appendRange(bench.log, 1, 2);
  await until('taken', () => sink.delivered().get('main') === 2);
  renameSync(file, `${file}.1`);
  await appendRange(bench.log, 3, 4);
  await until('taken', () => sink.delivered().get('main') === 4);
  assert.match(readFileSync(`${file}.1`, 'latin1'), /^\{"half":\n\{"stream":"main",/);
  assert.deepEqual(idsIn(readFileSync(`${file}.1`, 'latin1')), ['id-1', 'id-2']);
  assert.deepEqual(idsIn(readFileSync(file, 'latin1')), ['id-3', 'id-4']);
});

test('a file that cannot be written is tried again', async (context) => {
  const { bench, failures, open } = await openParts(context);
  const directory = join(directoryOf(context), 'later');
  const sink = await open(`file:${join(directory, 'audit.jsonl')}`);
  await appendRange(bench.log, 1, 3);
  await until('told', () => failures.length > 0);
  assert.match(failures[0] ?? '', /ENOENT/);
  mkdirSync(directory);
  await until('taken', () => sink.delivered().get('main') === 3);
  assert.equal(failures.length, 1);
});

test('only what is on the disk goes out', async (context) => {
  const { bench, open } = await openParts(context);
  const file = join(directoryOf(context), 'audit.jsonl');
  await bench.log.enroll();
  const { settleAudit } = bench.store;
  bench.store.settleAudit = () => {
    throw new Error('the store is away');
  };
  const sink = await open(`file:${file}`);
  await appendRange(bench.log, 1, 3);
  await sleep(1500);
  assert.equal(sink.delivered().get('main') ?? 0, 0);
  bench.store.settleAudit = settleAudit.bind(bench.store);
  await until('taken', () => sink.delivered().get('main') === 3);
});

test('records that were pruned before they could be sent are told of; those that were sent are not', async (context) => {
  const { bench, failures, open } = await openParts(context, 2000);
  const file = join(directoryOf(context), 'audit.jsonl');
  const sink = await open(`file:${file}`);
  await appendRange(bench.log, 1, 6);
  await until('taken', () => sink.delivered().get('main') === 6);
  await sink.stop();
  await appendRange(bench.log, 7, 20);
  await bench.log.enroll();
  await bench.log.prune(1_763_800_000_001);
  const kept = Number(/"sequence":(\d+)/.exec(bench.read(5))?.[1]);
  const again = await open(`file:${file}`);
  await until('taken', () => (again.delivered().get('main') ?? 0) >= 20);
  assert.match(failures.join('\n'), new RegExp(`records up to ${kept - 1} of the stream main were gone`));
  assert.equal(failures.length, 1);
});

test('a target that is none is refused at once, and no credential stands in an address', async (context) => {
  const { open } = await openParts(context);
  for (const target of [
    '',
    'audit.jsonl',
    'file:audit.jsonl',
    'file://host/audit',
    'ftp://127.0.0.1/x',
    'https://user:pass@127.0.0.1/x',
  ]) {
    await assert.rejects(open(target), /an audit sink/, target);
  }
  const headers = join(directoryOf(context), 'headers');
  writeFileSync(headers, 'Authorization: Bearer x\nno header with a secret in it\n');
  await assert.rejects(open('http://127.0.0.1:1/', headers), (error: Error) => {
    assert.match(error.message, /line 2 is no header/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
});
