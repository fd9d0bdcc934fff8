import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { appendRange, openBench, recordOf } from '../../test/audit/fixture.ts';
import type { AuditQuery, AuditRecord, ChainedRecord } from '../core/audit-record.ts';
import { formatCursor } from './cursor.ts';
import type { AuditLog } from './log.ts';

/** The cursor behind a record of the stream `main`. */
function after(sequence: number): string {
  return formatCursor({ direction: 'forward', places: new Map([['main', sequence]]), shown: new Set() });
}

async function allPages(log: AuditLog, query: AuditQuery): Promise<ChainedRecord[]> {
  const found: ChainedRecord[] = [];
  let cursor = query.after;
  do {
    const page = await log.query({ ...query, ...(cursor === undefined ? {} : { after: cursor }) });
    assert.ok(page.records.length <= query.limit);
    found.push(...page.records);
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

test('pages follow each other over segments, and the last one says that it is the last', async (context) => {
  const bench = await openBench(context, 2000);
  await appendRange(bench.log, 1, 20);
  const first = await bench.log.query({ limit: 7 });
  assert.deepEqual([first.records.length, first.next], [7, after(7)]);
  const last = await bench.log.query({ limit: 7, after: after(13) });
  assert.deepEqual(
    [last.records.map(({ sequence }) => sequence), last.next, last.tail],
    [[14, 15, 16, 17, 18, 19, 20], undefined, after(20)],
  );
  assert.deepEqual(await bench.log.query({ limit: 7, after: after(20) }), { records: [], tail: after(20) });
  assert.deepEqual(await bench.log.query({ limit: 7, after: after(10_000) }), { records: [], tail: after(10_000) });
});

test('a record that was handed over in this very turn is found', async (context) => {
  const bench = await openBench(context);
  bench.log.copy(bench.store.commit(recordOf(1)));
  const appended = bench.log.append(recordOf(2));
  assert.equal((await bench.log.query({ limit: 10 })).records.length, 2);
  await appended;
});

test('a resource matches below itself, at a slash only', async (context) => {
  const bench = await openBench(context);
  const resources = ['projects/p', 'projects/p/secrets/db', 'projects/p/secrets/db-old', 'projects/pp', 'projects/p/'];
  for (const [number, resource] of resources.entries()) await bench.log.append(recordOf(number, { resource }));
  const found = async (resource: string) =>
    (await bench.log.query({ limit: 10, resource })).records.map((record) => record.resource);
  assert.deepEqual(await found('projects/p'), [
    'projects/p',
    'projects/p/secrets/db',
    'projects/p/secrets/db-old',
    'projects/p/',
  ]);
  assert.deepEqual(await found('projects/p/secrets/db'), ['projects/p/secrets/db']);
  assert.deepEqual(await found('projects/p/secrets/'), ['projects/p/secrets/db', 'projects/p/secrets/db-old']);
  assert.deepEqual(await found('projects'), resources);
  assert.deepEqual(await found('rojects/p'), []);
});

test('a filter is a value, never a piece of the line: text that imitates a field is not found by it', async (context) => {
  const bench = await openBench(context);
  await bench.log.append(recordOf(1, { userAgent: '"principal":"user:eve@example.com"' }));
  await bench.log.append(recordOf(2, { principal: 'user:"eve"\n@example.com' }));
  const found = async (principal: string) =>
    (await bench.log.query({ limit: 10, principal })).records.map(({ id }) => id);
  assert.deepEqual(await found('user:eve@example.com'), []);
  assert.deepEqual(await found('user:"eve"\n@example.com'), ['id-2']);
});

test('any query finds what filtering all records would find', async (context) => {
  const bench = await openBench(context, 3000);
  const principals = ['user:a@example.com', 'user:b@example.com'];
  const resources = ['projects/p/secrets/db', 'projects/p/secrets/db/x', 'projects/q'];
  const record = fc.record({
    // The clock may have been set back between two starts.
    time: fc.integer({ min: 1000, max: 1100 }),
    principal: fc.constantFrom(...principals),
    resource: fc.constantFrom(...resources),
    operation: fc.constantFrom('versions.access', 'secrets.create'),
    outcome: fc.constantFrom('allowed', 'denied', 'failed'),
  });
  const written: AuditRecord[] = fc.sample(record, 60).map((changes, number) => recordOf(number, changes));
  for (const each of written) await bench.log.append(each);
  const optional = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
  const query = fc.record({
    since: fc.option(fc.integer({ min: 990, max: 1110 }), { nil: undefined }),
    until: fc.option(fc.integer({ min: 990, max: 1110 }), { nil: undefined }),
    principal: optional([...principals, 'user:c@example.com']),
    resource: optional(['projects', 'projects/p', 'projects/p/secrets/db', 'projects/p/secrets/d']),
    operation: optional(['versions.access', 'secrets.create']),
    outcome: optional(['allowed', 'denied', 'failed'] as const),
    after: fc.option(fc.nat(70), { nil: undefined }),
    limit: fc.integer({ min: 1, max: 20 }),
  });
  await fc.assert(
    fc.asyncProperty(query, async (wild) => {
      const wanted = written
        .map((each, index) => ({ stream: 'main', ...each, sequence: index + 1 }))
        .filter((each) => each.sequence > (wild.after ?? 0))
        .filter((each) => each.time >= (wild.since ?? 0) && each.time < (wild.until ?? Infinity))
        .filter((each) => [each.principal, undefined].includes(wild.principal))
        .filter((each) => [each.operation, undefined].includes(wild.operation))
        .filter((each) => [each.outcome, undefined].includes(wild.outcome))
        .filter((each) => wild.resource === undefined || `${each.resource}/`.startsWith(`${wild.resource}/`));
      const asked = { ...wild, after: wild.after === undefined ? undefined : after(wild.after) };
      const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
      assert.deepEqual(await allPages(bench.log, given as unknown as AuditQuery), wanted);
    }),
    { numRuns: 150 },
  );
});

test('a large segment is divided, not read through, to go on behind a sequence', async (context) => {
  const bench = await openBench(context);
  // Lines of very different lengths, some 6 MiB.
  const details = (number: number) => ({ fact: 'x'.repeat((number * 37) % 1900) });
  for (let number = 1; number <= 5000; number += 1)
    void bench.log.append(recordOf(number, { details: details(number) }));
  for (const place of [0, 1, 2, 1234, 2500, 4997, 4999, 5000]) {
    const { records } = await bench.log.query({ limit: 2, after: after(place) });
    const wanted = [place + 1, place + 2].filter((sequence) => sequence <= 5000);
    assert.deepEqual(
      records.map(({ sequence }) => sequence),
      wanted,
    );
  }
});

test('a page is bounded by count and by bytes', async (context) => {
  const bench = await openBench(context);
  const details = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v'.repeat(4096)]));
  for (let number = 1; number <= 100; number += 1) void bench.log.append(recordOf(number, { details }));
  const { records, next } = await bench.log.query({ limit: 100 });
  assert.ok(records.length > 50 && records.length < 70, `${records.length} records of 66 KB`);
  assert.equal(next, after(records.length));
  assert.equal((await allPages(bench.log, { limit: 100 })).length, 100);
  assert.equal((await bench.log.query({ limit: 0 })).records.length, 1);
});

test('a query answers with what is left where lines were edited or a segment is gone', async (context) => {
  const bench = await openBench(context, 2000);
  await appendRange(bench.log, 1, 10);
  rmSync(bench.path(2));
  bench.edit(1, (text) => text.replace('"sequence":2,"time"', '"sequence":2,"tame"').replace('"id":"id-3"', '"id":3'));
  assert.deepEqual(
    (await bench.log.query({ limit: 10 })).records.map(({ sequence }) => sequence),
    [1, 4, 9, 10],
  );
});
