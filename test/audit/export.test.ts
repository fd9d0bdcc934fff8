// An export as files: written part by part, continued, compressed, checked without a server; whatever is done to the
// files is named.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { AuditLog } from '../../src/audit/log.ts';
import { verifyExport } from '../../src/audit/offline.ts';
import { ExportDirectory } from '../../src/cli/audit/export-directory.ts';
import { appendRange, type Bench, openBench, recordOf } from './fixture.ts';

/** Exports everything that is not in the directory yet. */
async function exportTo(log: AuditLog, path: string, gzip = false): Promise<void> {
  const directory = await ExportDirectory.open(path, gzip);
  let { after } = directory;
  for (;;) {
    // Whatever comes meanwhile is older than this.
    const answer = await log.export({ until: Number.MAX_SAFE_INTEGER, ...(after === undefined ? {} : { after }) });
    if (answer.part === undefined) return directory.save(answer.tail);
    await directory.add(answer.part, answer.tail);
    after = answer.next;
  }
}

async function openPlace(context: TestContext): Promise<{ bench: Bench; out: string }> {
  const bench = await openBench(context, 2000);
  const out = mkdtempSync(join(tmpdir(), 'coffer-export-'));
  context.after(() => rmSync(out, { recursive: true }));
  return { bench, out };
}

function rangesOf(verdict: Awaited<ReturnType<typeof verifyExport>>): unknown {
  return verdict.streams.map(({ stream, after, records, through }) => [stream, after, records, through]);
}

for (const gzip of [false, true]) {
  test(`an export is continued where it ended${gzip ? ', compressed' : ''}`, async (context) => {
    const { bench, out } = await openPlace(context);
    const one = await bench.openStream('w1');
    await appendRange(bench.log, 1, 6);
    await appendRange(one, 7, 8);
    await exportTo(bench.log, out, gzip);
    assert.deepEqual(rangesOf(await verifyExport(out)), [
      ['main', 0, 6, 6],
      ['w1', 0, 2, 2],
    ]);
    // What a stop left behind the last note goes again.
    const last = join(out, 'main', `00000002.jsonl${gzip ? '.gz' : ''}`);
    appendFileSync(last, 'half of something');
    await appendRange(bench.log, 9, 15);
    await appendRange(one, 16, 16);
    await exportTo(one, out, gzip);
    const verdict = await verifyExport(out);
    assert.equal(verdict.ok, true);
    assert.deepEqual(rangesOf(verdict), [
      ['main', 0, 13, 13],
      ['w1', 0, 3, 3],
    ]);
    const bytes = readFileSync(last);
    assert.equal((gzip ? gunzipSync(bytes) : bytes).toString('latin1'), bench.read(2));
    assert.equal(statSync(last).mode & 0o777, 0o600);
  });
}

test('an export goes on behind what was pruned from the log meanwhile', async (context) => {
  const { bench, out } = await openPlace(context);
  await appendRange(bench.log, 1, 10);
  await exportTo(bench.log, out);
  await bench.log.enroll();
  assert.deepEqual((await bench.log.prune(1_763_800_000_001)).streams, [{ stream: 'main', segments: 2, through: 8 }]);
  await appendRange(bench.log, 11, 20);
  await exportTo(bench.log, out);
  const [main] = (await verifyExport(out)).streams;
  assert.deepEqual([main?.after, main?.records], [0, 21]);
  // One that begins now begins with what was kept, and says so.
  const late = mkdtempSync(join(tmpdir(), 'coffer-export-'));
  context.after(() => rmSync(late, { recursive: true }));
  await exportTo(bench.log, late);
  const [kept] = (await verifyExport(late)).streams;
  assert.deepEqual([kept?.after, kept?.records, kept?.head === main?.head], [8, 13, true]);
});

test('whatever is done to the files of an export is named', async (context) => {
  const { bench, out } = await openPlace(context);
  await appendRange(bench.log, 1, 12);
  await exportTo(bench.log, out);
  const names = readdirSync(join(out, 'main'));
  assert.equal(names.length, 3);
  const path = (number: number) => join(out, 'main', names[number - 1] ?? '');
  const whole = names.map((_name, index) => readFileSync(path(index + 1)));
  const changes: readonly [RegExp, number, () => void][] = [
    [
      /record 2 was changed/,
      2,
      () => writeFileSync(path(1), whole[0]?.toString('latin1').replace('"id-2"', '"id-x"') ?? ''),
    ],
    [/follows record 8, but record 4 is the last before it/, 5, () => rmSync(path(2))],
    [/ends in the middle of a line/, 8, () => truncateSync(path(2), (whole[1]?.length ?? 0) - 3)],
    [/the end was cut or changed: the export ended with record 12/, 9, () => rmSync(path(3))],
    [/calls itself 00000002/, 5, () => writeFileSync(path(1), whole[1] ?? '')],
    [/no record stands where record 13 belongs/, 13, () => appendFileSync(path(3), 'no record\n')],
  ];
  for (const [problem, sequence, change] of changes) {
    change();
    const { ok, firstBad } = await verifyExport(out);
    assert.equal(ok, false);
    assert.match(firstBad?.problem ?? '', problem);
    assert.equal(firstBad?.sequence, sequence, problem.source);
    for (const [index, bytes] of whole.entries()) writeFileSync(path(index + 1), bytes);
  }
  assert.equal((await verifyExport(out)).ok, true);
  rmSync(join(out, 'main'), { recursive: true });
  assert.match((await verifyExport(out)).firstBad?.problem ?? '', /the stream that was exported is missing/);
});

test('a server that names a file elsewhere writes none', async (context) => {
  const { out } = await openPlace(context);
  const directory = await ExportDirectory.open(out, false);
  const part = { stream: 'main', segment: '00000001', offsetBytes: 0, lines: 'x\n' };
  for (const stream of ['../main', '/etc', 'w1/x']) {
    await assert.rejects(directory.add({ ...part, stream }, ''), /a segment that cannot be/);
  }
  await assert.rejects(directory.add({ ...part, segment: '../1' }, ''), /a segment that cannot be/);
  await assert.rejects(directory.add(part, ''), /holds a line that is no record/);
  assert.deepEqual(readdirSync(out), []);
});

test('a part of a large log is bounded, and the parts are all of it', async (context) => {
  const bench = await openBench(context);
  const details = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, '"'.repeat(4096)]));
  for (let number = 1; number <= 60; number += 1) void bench.log.append(recordOf(number, { details }));
  let lines = '';
  for (let after: string | undefined; ; ) {
    const { part, next } = await bench.log.export({
      until: Number.MAX_SAFE_INTEGER,
      ...(after === undefined ? {} : { after }),
    });
    if (part === undefined) break;
    assert.ok(JSON.stringify(part).length <= 4 * 1024 * 1024);
    lines += part.lines;
    after = next;
  }
  assert.equal(lines, bench.read(1));
});
