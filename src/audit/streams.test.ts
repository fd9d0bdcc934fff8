// Several logs of one server, each with a stream of its own: they write without knowing of each other, and any of them
// answers for all.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { appendRange, type Bench, mac, openBench, recordOf } from '../../test/audit/fixture.ts';
import type { AuditQuery, ChainedRecord } from '../core/audit-record.ts';
import { Fault } from '../core/error.ts';
import type { AuditLog } from './log.ts';
import { sealMark } from './mark.ts';

function keyOf({ stream, sequence }: ChainedRecord): string {
  return `${stream}/${sequence}`;
}

async function follow(log: AuditLog, query: AuditQuery): Promise<{ records: ChainedRecord[]; tail: string }> {
  const records: ChainedRecord[] = [];
  for (let { after } = query; ; ) {
    const page = await log.query({ ...query, ...(after === undefined ? {} : { after }) });
    records.push(...page.records);
    if (page.next === undefined) return { records, tail: page.tail };
    after = page.next;
  }
}

async function openThree(bench: Bench): Promise<[AuditLog, AuditLog, AuditLog]> {
  return [bench.log, await bench.openStream('w1'), await bench.openStream('w2')];
}

test('each stream has files, a chain and a mark of its own, and main keeps the place it had', async (context) => {
  const bench = await openBench(context);
  const [main, one, two] = await openThree(bench);
  await Promise.all([appendRange(main, 1, 3), appendRange(one, 4, 5), appendRange(two, 6, 6)]);
  assert.equal(bench.lines(1).length, 4);
  const other = readFileSync(join(bench.directory, 'w1', '00000001.jsonl'), 'latin1')
    .trimEnd()
    .split('\n');
  assert.match(other[0] ?? '', /^\{"segment":"00000001","format":"coffer-audit-1","stream":"w1","previous":"",/);
  assert.match(other[2] ?? '', /^\{"sequence":2,/);
  assert.equal(statSync(join(bench.directory, 'w1')).mode & 0o777, 0o700);
  assert.doesNotMatch(bench.lines(1)[0] ?? '', /"stream"/);
  for (const log of [main, one, two]) assert.deepEqual(await log.verify(), { ok: true, records: 6, pruned: 0 });
  for (const log of [main, one, two]) await log.close();
  assert.deepEqual([...bench.store.marks.keys()].sort(), ['main', 'w1', 'w2']);
  assert.equal(bench.store.marks.get('w1')?.sequence, 2);
});

test('a name that is none is no stream, least of all one that leads elsewhere', async (context) => {
  const bench = await openBench(context);
  for (const stream of ['../w1', 'w1/../../x', '', 'W1', '1w', 'w-1', 'w'.repeat(17), 'w1\0']) {
    await assert.rejects(
      bench.openStream(stream),
      /not the name of an audit stream|AUDIT_UNAVAILABLE|cannot be written/,
    );
  }
  mkdirSync(join(bench.directory, 'not-a-stream'));
  assert.equal((await bench.log.verify()).ok, true);
});

test('any log finds the records of all streams, by time, then stream, then sequence', async (context) => {
  const bench = await openBench(context, 2000);
  const logs = await openThree(bench);
  for (let number = 1; number <= 30; number += 1) {
    await logs[number % 3]?.append(recordOf(number, { time: 1000 + Math.floor(number / 6) }));
  }
  const wanted = await follow(logs[0], { limit: 1000 });
  assert.equal(wanted.records.length, 30);
  const sorted = wanted.records.toSorted((a, b) => a.time - b.time || (keyOf(a) < keyOf(b) ? -1 : 1));
  assert.deepEqual(
    wanted.records.map(({ time, stream }) => [time, stream]),
    sorted.map(({ time, stream }) => [time, stream]),
  );
  for (const log of logs) {
    assert.deepEqual((await follow(log, { limit: 7 })).records.map(keyOf), wanted.records.map(keyOf));
  }
});

test('whoever follows the tail misses nothing and gets nothing twice, whatever is written meanwhile', async (context) => {
  const bench = await openBench(context, 3000);
  const logs: AuditLog[] = [bench.log, await bench.openStream('w1')];
  const step = fc.oneof(
    fc.record({ log: fc.nat(2), records: fc.integer({ min: 1, max: 6 }), time: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ limit: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ change: fc.constantFrom('commit', 'copy', 'settle') }),
  );
  let number = 0;
  const written = new Set<string>();
  const got: string[] = [];
  let after: string | undefined;
  const take = async (limit: number) => {
    const reader = logs[number % logs.length] as AuditLog;
    const page = await reader.query({ limit, ...(after === undefined ? {} : { after }) });
    got.push(...page.records.map(({ id }) => id));
    after = page.tail;
    return page.next;
  };
  for (const each of fc.sample(step, 300)) {
    if ('limit' in each) await take(each.limit);
    else if ('change' in each) {
      number += 1;
      if (each.change === 'commit') written.add(bench.store.commit(recordOf(number, { time: 25 })).id);
      if (each.change === 'copy') for (const record of bench.store.pending.values()) bench.log.copy(record);
      if (each.change === 'settle') await bench.log.enroll();
    } else {
      // A stream that is begun later is followed from its beginning.
      if (each.log === logs.length) logs.push(await bench.openStream(`w${logs.length}`));
      for (let count = 0; count < each.records; count += 1) {
        number += 1;
        written.add(`id-${number}`);
        await logs[each.log % logs.length]?.append(recordOf(number, { time: each.time }));
      }
    }
  }
  while ((await take(100)) !== undefined);
  assert.equal(new Set(got).size, got.length, 'a record came twice');
  assert.deepEqual(new Set(got), written);
});

test('the newest records come first asked for last, page by page to the beginning', async (context) => {
  const bench = await openBench(context, 2000);
  const logs = await openThree(bench);
  for (let number = 1; number <= 50; number += 1) await logs[number % 3]?.append(recordOf(number));
  const back: number[] = [];
  let after: string | undefined;
  do {
    const page = await logs[1].query({ limit: 7, newest: true, ...(after === undefined ? {} : { after }) });
    back.unshift(...page.records.map(({ time }) => time - 1_763_800_000_000));
    after = page.next;
  } while (after !== undefined);
  assert.deepEqual(
    back,
    Array.from({ length: 50 }, (_, index) => index + 1),
  );
  const page = await logs[2].query({ limit: 3, newest: true, principal: 'user:nobody@example.com' });
  assert.deepEqual(page.records, []);
  await logs[0].append(recordOf(51));
  const later = await logs[0].query({ limit: 3, after: page.tail });
  assert.deepEqual(
    later.records.map(({ id }) => id),
    ['id-51'],
  );
});

test('a committed change is found before it is in the log, and not again once it is', async (context) => {
  const bench = await openBench(context);
  const other = await bench.openStream('w1');
  await other.append(recordOf(1));
  const change = bench.store.commit(recordOf(2));
  for (const log of [bench.log, other]) {
    const page = await log.query({ limit: 10 });
    assert.deepEqual(page.records.map(keyOf), ['w1/1', 'main/0']);
    const newest = await log.query({ limit: 1, newest: true });
    assert.deepEqual(newest.records.map(keyOf), ['main/0']);
    assert.deepEqual((await log.query({ limit: 10, resource: 'projects/elsewhere' })).records, []);
  }
  const { tail } = await other.query({ limit: 10 });
  assert.deepEqual((await other.query({ limit: 10, after: tail })).records, []);
  bench.log.copy(change);
  bench.log.copy(bench.store.commit(recordOf(3)));
  await bench.log.append(recordOf(4));
  for (const log of [bench.log, other]) {
    assert.deepEqual((await log.query({ limit: 10 })).records.map(keyOf), ['w1/1', 'main/1', 'main/2', 'main/3']);
    assert.deepEqual((await log.query({ limit: 10, after: tail })).records.map(keyOf), ['main/2', 'main/3']);
  }
});

test('a change that was shown early is not shown again pages later, when the store has forgotten it', async (context) => {
  const bench = await openBench(context);
  const change = bench.store.commit(recordOf(9));
  const first = await bench.log.query({ limit: 10 });
  assert.deepEqual(
    first.records.map(({ id }) => id),
    ['id-9'],
  );
  await appendRange(bench.log, 1, 4);
  bench.log.copy(change);
  await appendRange(bench.log, 5, 6);
  await bench.log.enroll();
  assert.equal(bench.store.pending.size, 0);
  const { records } = await follow(bench.log, { limit: 2, after: first.tail });
  assert.deepEqual(
    records.map(({ id }) => id),
    ['id-1', 'id-2', 'id-3', 'id-4', 'id-5', 'id-6'],
  );
});

test('more directories than there can be streams are told of, and hide none', async (context) => {
  const bench = await openBench(context);
  await bench.log.append(recordOf(1));
  for (let number = 0; number < 1024; number += 1) mkdirSync(join(bench.directory, `a${number}`));
  await assert.rejects(bench.log.query({ limit: 1 }), /holds more streams than 1024/);
  await assert.rejects(bench.log.verify(), /holds more streams than 1024/);
});

test('only the log of main copies what the store holds', async (context) => {
  const bench = await openBench(context);
  bench.store.commit(recordOf(1));
  await bench.openStream('w1');
  assert.equal(bench.store.pending.size, 1);
  assert.equal(readFileSync(join(bench.directory, 'w1', '00000001.jsonl'), 'latin1').split('\n').length, 2);
});

test('a stream that no thread writes any more is verified and searched as before', async (context) => {
  const bench = await openBench(context, 2000);
  const two = await bench.openStream('w2');
  await appendRange(two, 1, 10);
  await two.close();
  await bench.reopen();
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 10, pruned: 0 });
  assert.equal((await bench.log.query({ limit: 100 })).records.length, 10);
  const again = await bench.openStream('w2');
  await again.append(recordOf(11));
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 11, pruned: 0 });
});

test('a cursor that nobody gave out is refused by its name, whatever it says', async (context) => {
  const bench = await openBench(context);
  await bench.log.append(recordOf(1));
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  const { tail, next } = await bench.log.query({ limit: 1, newest: true });
  assert.equal(next, undefined);
  const forged = [
    '',
    '0',
    'x'.repeat(10_000),
    tail.slice(2),
    encode('forward|../main:1|'),
    encode('forward|main:-1|'),
    encode('forward|main:1e9|'),
    encode('forward|main:1|short'),
    encode('sideways|main:1|'),
    encode('back|main:1|'),
  ];
  for (const after of forged) {
    const refused = (error: unknown) =>
      error instanceof Fault && error.code === 'INVALID_FIELD' && /^after: /.test(error.message);
    await assert.rejects(bench.log.query({ limit: 1, after }), refused, after.slice(0, 40));
  }
  await assert.rejects(bench.log.query({ limit: 1, after: tail, newest: true }), /^Error: after: |after: is not/);
  // One that is made up of what is given out only shows less.
  const ahead = await bench.log.query({ limit: 1, after: encode('forward|main:999,zz:5|') });
  assert.deepEqual(ahead.records, []);
});

test('a stream that was removed with its mark is missed by the marks of the others', async (context) => {
  const bench = await openBench(context);
  const one = await bench.openStream('w1');
  await appendRange(one, 1, 4);
  await one.close();
  await bench.log.enroll();
  rmSync(join(bench.directory, 'w1'), { recursive: true });
  assert.match((await bench.log.verify()).firstBad?.problem ?? '', /segment 00000001 is missing/);
  bench.store.marks.delete('w1');
  const { ok, firstBad } = await bench.log.verify();
  assert.equal(ok, false);
  assert.equal(firstBad?.stream, 'w1');
  assert.match(firstBad.problem, /the store holds no mark of this log/);
  // Nor does a new stream of the name make it good.
  const again = await bench.openStream('w1');
  await again.append(recordOf(5));
  const later = await bench.log.verify();
  assert.match(later.firstBad?.problem ?? '', /the log was broken here: the store holds no mark of this log/);
  assert.equal(later.firstBad?.stream, 'w1');
});

test('a mark of one stream is none of another, and files that change their stream are named', async (context) => {
  const bench = await openBench(context);
  const [, one, two] = await openThree(bench);
  await appendRange(one, 1, 4);
  await appendRange(two, 1, 4);
  for (const log of [one, two]) await log.close();
  const mark = bench.store.marks.get('w2');
  assert.ok(mark !== undefined);
  bench.store.marks.set('w1', { ...mark, stream: 'w1' });
  const moved = await bench.log.verify();
  assert.equal(moved.firstBad?.stream, 'w1');
  assert.match(moved.firstBad.problem, /the mark in the store was forged/);
  const path = (stream: string) => join(bench.directory, stream, '00000001.jsonl');
  renameSync(path('w1'), `${path('w1')}.aside`);
  writeFileSync(path('w1'), readFileSync(path('w2')));
  assert.match((await bench.log.verify()).firstBad?.problem ?? '', /segment 00000001 is one of the stream w2/);
});

test('a tail that was cut from the stream of another thread is named by what that thread has written', async (context) => {
  const bench = await openBench(context);
  const one = await bench.openStream('w1');
  const main = await bench.openStream('main', { ends: () => [one.position] });
  await appendRange(one, 1, 10);
  const path = join(bench.directory, 'w1', '00000001.jsonl');
  const whole = readFileSync(path, 'latin1');
  assert.deepEqual(await main.verify(), { ok: true, records: 10, pruned: 0 });
  writeFileSync(path, `${whole.split('\n').slice(0, 8).join('\n')}\n`);
  const { firstBad } = await main.verify();
  assert.deepEqual([firstBad?.stream, firstBad?.sequence], ['w1', 8]);
  assert.match(firstBad?.problem ?? '', /cut: the (server has written up to|store knows of) record 10/);
});

test('the mark of a log from before there were streams still holds', () => {
  const place = { segment: '00000003', sequence: 9, lengthBytes: 77, head: 'ab' };
  assert.equal(sealMark({ stream: 'main', ...place }, [], mac).mac, mac('coffer audit mark 1\n00000003\n9\n77\nab'));
});

test('records of the last segment that a crash cut short are found by the others, and go at the next start', async (context) => {
  const bench = await openBench(context);
  const one = await bench.openStream('w1');
  await appendRange(one, 1, 3);
  await one.close();
  const path = join(bench.directory, 'w1', '00000001.jsonl');
  writeFileSync(path, `${readFileSync(path, 'latin1')}{"sequence":4,"ti`);
  assert.equal((await bench.log.verify()).ok, true);
  assert.equal((await bench.log.query({ limit: 10 })).records.length, 3);
  const again = await bench.openStream('w1');
  await again.append(recordOf(4));
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 4, pruned: 0 });
  assert.equal(existsSync(join(bench.directory, 'w1', '00000002.jsonl')), false);
});
