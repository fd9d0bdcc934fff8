// Case 23: a record edited, deleted, inserted or reordered, a segment lost, a tail cut, a chain computed anew, a mark
// forged: each is named, also when the server was started again in between.

import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { appendRange, type Bench, mac, openBench, recordOf } from '../../test/audit/fixture.ts';
import type { AuditVerdict } from '../core/audit-record.ts';
import { chainHash } from './line.ts';
import { sealMark } from './mark.ts';

async function assertBad(bench: Bench, sequence: number, problem: RegExp, segment = '00000001'): Promise<AuditVerdict> {
  const verdict = await bench.log.verify();
  assert.equal(verdict.ok, false);
  assert.match(verdict.firstBad?.problem ?? '', problem);
  assert.deepEqual([verdict.firstBad?.segment, verdict.firstBad?.sequence], [segment, sequence]);
  return verdict;
}

/** Edits the lines of a segment as an array; index 0 is the header, so record N of segment 1 is at index N. */
function editLines(bench: Bench, number: number, edit: (lines: string[]) => string[]): void {
  bench.edit(number, (text) => `${edit(text.trimEnd().split('\n')).join('\n')}\n`);
}

/** Gives every line from `from` on the hash that fits. */
function rechain(lines: string[], from: number): string[] {
  const hashOf = (line: string): string => line.slice(-66, -2);
  const out = [...lines];
  for (let index = from; index < out.length; index += 1) {
    const line = out[index] ?? '';
    const body = line.slice(0, line.lastIndexOf(',"hash":"'));
    out[index] = `${body},"hash":"${chainHash(hashOf(out[index - 1] ?? ''), body)}"}`;
  }
  return out;
}

async function openTen(...parameters: Parameters<typeof openBench>): Promise<Bench> {
  const bench = await openBench(...parameters);
  await appendRange(bench.log, 1, 10);
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 10, pruned: 0 });
  return bench;
}

test('an edited record is named', async (context) => {
  const bench = await openTen(context);
  editLines(bench, 1, (lines) => lines.with(4, (lines[4] ?? '').replace('allowed', 'denied_')));
  assert.equal((await assertBad(bench, 4, /record 4 was changed/)).records, 3);
});

test('an edited record whose own hash was made to fit is named by the record after it', async (context) => {
  const bench = await openTen(context);
  editLines(bench, 1, (lines) => {
    const edited = lines.with(4, (lines[4] ?? '').replace('127.0.0.1', '10.0.0.11'));
    return lines.with(4, rechain(edited, 4)[4] ?? '');
  });
  await assertBad(bench, 5, /record 5 was changed: its hash does not fit it and the line before/);
});

test('a deleted record is named', async (context) => {
  const bench = await openTen(context);
  editLines(bench, 1, (lines) => lines.toSpliced(6, 1));
  await assertBad(bench, 6, /record 6 is missing: record 7 stands in its place/);
});

test('an inserted record is named', async (context) => {
  const bench = await openTen(context);
  editLines(bench, 1, (lines) => lines.toSpliced(6, 0, lines[5] ?? ''));
  await assertBad(bench, 6, /record 5 stands where record 6 belongs/);
});

test('reordered records are named', async (context) => {
  const bench = await openTen(context);
  editLines(bench, 1, (lines) => lines.with(3, lines[8] ?? '').with(8, lines[3] ?? ''));
  await assertBad(bench, 3, /record 3 is missing: record 8 stands in its place/);
});

test('a header that was changed is named', async (context) => {
  const bench = await openTen(context);
  editLines(bench, 1, (lines) => lines.with(0, (lines[0] ?? '').replace('"time":1', '"time":2')));
  await assertBad(bench, 1, /the first line of segment 00000001 was changed/);
});

test('a missing segment is named, the first, one between and the last', async (context) => {
  for (const [number, sequence] of [
    [1, 1],
    [2, 5],
    [3, 9],
  ] as const) {
    const bench = await openTen(context, 2000);
    rmSync(bench.path(number));
    await assertBad(bench, sequence, new RegExp(`segment 0000000${number} is missing`), `0000000${number}`);
  }
});

test('segments that changed places are named', async (context) => {
  const bench = await openTen(context, 2000);
  renameSync(bench.path(1), `${bench.path(1)}.aside`);
  renameSync(bench.path(2), bench.path(1));
  renameSync(`${bench.path(1)}.aside`, bench.path(2));
  await assertBad(bench, 1, /segment 00000001 calls itself 00000002/);
});

test('a segment that the server did not write is named', async (context) => {
  const bench = await openTen(context);
  writeFileSync(bench.path(7), bench.read(1));
  await assertBad(bench, 11, /segment 00000007 was not written by this server/, '00000007');
});

test('a cut tail is named while the server runs', async (context) => {
  const bench = await openTen(context);
  editLines(bench, 1, (lines) => lines.slice(0, 8));
  await assertBad(bench, 8, /cut: the (server has written up to|store knows of) record 10/);
});

test('a tail cut within a line is named while the server runs', async (context) => {
  const bench = await openTen(context);
  truncateSync(bench.path(1), readFileSync(bench.path(1)).length - 3);
  await assertBad(bench, 10, /cut: the (server has written up to|store knows of) record 10/);
});

test('a tail cut behind the mark is named after the next start, and every start after that', async (context) => {
  const bench = await openTen(context);
  await bench.log.close();
  editLines(bench, 1, (lines) => lines.slice(0, 8));
  for (const number of [11, 12]) {
    await bench.reopen();
    await bench.log.append(recordOf(number));
    assert.match(bench.failures[0] ?? '', /the store knows of record 10, and the log does not reach it/);
    await assertBad(bench, 8, /the log was broken here: the store knows of record 10/, '00000002');
    await bench.log.close();
  }
  assert.equal(bench.failures.length, 1);
  // No number is given out twice.
  assert.match(bench.lines(2)[1] ?? '', /^\{"sequence":11,/);
});

test('segments deleted from the end between two starts are named', async (context) => {
  const bench = await openTen(context, 2000);
  await bench.log.close();
  for (const number of [2, 3]) rmSync(bench.path(number));
  await bench.reopen();
  await bench.log.append(recordOf(11));
  assert.match(bench.lines(4)[0] ?? '', /"after":10,.*"broken":"the store knows of record 10/);
  await assertBad(bench, 5, /segment 00000002 is missing/, '00000002');
});

test('every segment deleted between two starts is named', async (context) => {
  const bench = await openTen(context, 2000);
  await bench.log.close();
  for (const number of [1, 2, 3]) rmSync(bench.path(number));
  await bench.reopen();
  await bench.log.append(recordOf(11));
  await assertBad(bench, 1, /segment 00000001 is missing/);
});

test('a chain computed anew is named at the mark', async (context) => {
  const bench = await openTen(context);
  await bench.log.close();
  await bench.reopen();
  bench.store.isHeld = true;
  await appendRange(bench.log, 11, 12);
  editLines(bench, 1, (lines) => rechain(lines.with(4, (lines[4] ?? '').replace('app@', 'nob@')), 4));
  const verdict = await assertBad(bench, 10, /the log was written anew up to here/);
  assert.equal(verdict.records, 10);
});

test('a chain computed anew is named after the next start', async (context) => {
  const bench = await openTen(context);
  await bench.log.close();
  editLines(bench, 1, (lines) => rechain(lines.with(4, (lines[4] ?? '').replace('app@', 'nob@')), 4));
  await bench.reopen();
  await assertBad(bench, 11, /the log was broken here: the store knows of record 10/, '00000002');
});

test('a chain computed anew behind the last mark is named while the server runs', async (context) => {
  const bench = await openBench(context);
  bench.store.isHeld = true;
  await appendRange(bench.log, 1, 10);
  assert.equal(bench.store.mark?.sequence, 0);
  editLines(bench, 1, (lines) => rechain(lines.with(4, (lines[4] ?? '').replace('app@', 'nob@')), 4));
  await assertBad(bench, 10, /the log was written anew up to here/);
});

test('a mark that was forged, removed or set back is named', async (context) => {
  const bench = await openTen(context);
  await bench.log.close();
  await bench.reopen();
  bench.store.isHeld = true;
  await appendRange(bench.log, 11, 12);
  const old = bench.store.mark;
  assert.ok(old !== undefined);
  bench.store.mark = { ...old, sequence: 9 };
  await assertBad(bench, 9, /the mark in the store was forged/);
  bench.store.mark = sealMark(old, [], (text) => `${mac(text)}x`);
  await assertBad(bench, 10, /the mark in the store was forged/);
  bench.store.mark = undefined;
  await assertBad(bench, 13, /the store holds no mark of this log/);
  bench.store.mark = old;
  assert.equal((await bench.log.verify()).ok, true);
  bench.store.isHeld = false;
  await bench.log.enroll();
  assert.equal(bench.store.mark.sequence, 12);
  bench.store.isHeld = true;
  bench.store.mark = old;
  await assertBad(bench, 10, /the store was set back: its mark names record 10, and had named 12/);
});

test('a forged or removed mark is written into the log at the next start', async (context) => {
  for (const [forge, problem] of [
    [(bench: Bench) => bench.store.mark && { ...bench.store.mark, mac: 'x' }, /the mark in the store is not one that/],
    [() => undefined, /the store holds no mark of this log/],
  ] as const) {
    const bench = await openTen(context);
    await bench.log.close();
    bench.store.mark = forge(bench);
    editLines(bench, 1, (lines) => lines.slice(0, 8));
    await bench.reopen();
    await assertBad(bench, 8, problem, '00000002');
  }
});

test('a file deleted, replaced or grown while the server runs is told of, named, and nothing is refused', async (context) => {
  const changes: readonly [RegExp, (bench: Bench) => void, RegExp][] = [
    [/was deleted/, (bench) => rmSync(bench.path(1)), /segment 00000001 is missing/],
    [
      /was replaced/,
      (bench) => {
        copyFileSync(bench.path(1), `${bench.path(1)}.copy`);
        renameSync(`${bench.path(1)}.copy`, bench.path(1));
      },
      /the log was broken here: .* was replaced/,
    ],
    [
      /has \d+ bytes where \d+ were written/,
      (bench) => appendFileSync(bench.path(1), 'x\n'.repeat(50_000)),
      /no record stands where/,
    ],
  ];
  for (const [told, change, named] of changes) {
    const bench = await openTen(context);
    change(bench);
    // The file is looked at every 100 ms while it is written to.
    for (let number = 11; bench.failures.length === 0 && number < 100; number += 1) {
      await bench.log.append(recordOf(number));
      await sleep(20);
    }
    assert.match(bench.failures[0] ?? '', told);
    await bench.log.append(recordOf(100));
    assert.match(bench.lines(2)[0] ?? '', /"broken":"/);
    assert.equal(bench.lines(2).length >= 2, true);
    const verdict = await bench.log.verify();
    assert.match(verdict.firstBad?.problem ?? '', named);
    assert.equal(bench.failures.length, 1);
  }
});

test('any random edit of the files is found', async (context) => {
  const bench = await openTen(context, 2000);
  await bench.log.close();
  await bench.reopen();
  const numbers = [1, 2, 3];
  const whole = numbers.map((number) => readFileSync(bench.path(number)));
  const edit = fc.record({
    file: fc.nat(numbers.length - 1),
    at: fc.nat(3000),
    remove: fc.nat(900),
    insert: fc.uint8Array({ maxLength: 40 }),
    kind: fc.constantFrom('splice', 'flip', 'truncate', 'repeat'),
  });
  await fc.assert(
    fc.asyncProperty(edit, async ({ file, at, remove, insert, kind }) => {
      const before = whole[file] ?? Buffer.alloc(0);
      const from = at % before.length;
      const after = {
        splice: () => Buffer.concat([before.subarray(0, from), insert, before.subarray(from + remove)]),
        flip: () => Buffer.from(before.with(from, (before[from] ?? 0) ^ (1 << (remove % 8)))),
        truncate: () => before.subarray(0, from),
        repeat: () => Buffer.concat([before.subarray(0, from + remove), before.subarray(from)]),
      }[kind]();
      const path = bench.path(numbers[file] ?? 1);
      const grown = file === numbers.length - 1 && after.subarray(0, before.length).equals(before);
      writeFileSync(path, after);
      const verdict = await bench.log.verify();
      writeFileSync(path, before);
      // What follows the end of the last segment is not yet of this log: the server notices it when it next writes.
      assert.equal(verdict.ok, grown || after.equals(before));
    }),
    { numRuns: 200 },
  );
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 10, pruned: 0 });
});
