import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { consumersOf, parseWorkload, type SightingOfVersion, standingOn, workloadOf } from './census.ts';
import { Fault } from './error.ts';

function read(version: number, lastSeenAt: number, over: Partial<SightingOfVersion> = {}): SightingOfVersion {
  return {
    projectUid: 'p',
    secretUid: 's',
    version,
    principal: 'serviceAccount:a@x.iam.gserviceaccount.com',
    workload: 'web',
    dialect: 'gcp',
    firstSeenAt: lastSeenAt,
    lastSeenAt,
    reads: 1,
    state: 'ENABLED',
    ...over,
  };
}

const standing = (sightings: readonly SightingOfVersion[], currentVersion: number, version?: number) =>
  standingOn(sightings, { currentVersion, since: 0, ...(version === undefined ? {} : { version }) });

describe('standing', () => {
  test('a reader stands on what it read until it reads something newer, or the current version', () => {
    assert.equal(standing([read(1, 10)], 2, 1).length, 1);
    assert.equal(standing([read(1, 10), read(2, 11)], 2, 1).length, 0);
    assert.equal(standing([read(2, 10), read(1, 11)], 2, 1).length, 1, 'it went back');
    assert.equal(standing([read(2, 10), read(1, 11)], 3, 2).length, 1, 'an older read is no move');
    assert.equal(standing([read(2, 10), read(1, 11)], 1, 2).length, 0, 'after a rollback the older one is current');
    assert.equal(standing([read(1, 10), read(2, 10)], 2, 1).length, 1, 'at the same moment nobody knows the order');
  });

  test('nobody moves away from the current version: trying a candidate is no move', () => {
    assert.equal(standing([read(1, 10), read(2, 11)], 1, 1).length, 1);
  });

  test('each workload of each principal is a reader of its own', () => {
    const sightings = [read(1, 10), read(2, 11, { workload: 'batch' }), read(2, 12, { principal: 'user:b@x' })];
    assert.deepEqual(
      standing(sightings, 2, 1).map(({ workload }) => workload),
      ['web'],
    );
  });

  test('one reader by several dialects is one: it has moved by whichever it read last', () => {
    const sightings = [read(1, 10), read(1, 12, { dialect: 'vault' }), read(2, 11)];
    assert.deepEqual(
      standing(sightings, 2, 1).map(({ dialect }) => dialect),
      ['vault'],
    );
    assert.equal(standing([...sightings, read(2, 13)], 2, 1).length, 0);
  });

  test('what lies before the window is no use, and its edge is in it', () => {
    const question = { currentVersion: 2, version: 1 };
    assert.equal(standingOn([read(1, 10)], { ...question, since: 10 }).length, 1);
    assert.equal(standingOn([read(1, 10)], { ...question, since: 11 }).length, 0);
  });

  test('of a whole secret, destroyed versions keep nobody', () => {
    assert.deepEqual(standing([read(1, 10, { state: 'DESTROYED' })], 2), []);
    assert.equal(standing([read(1, 10, { state: 'DISABLED' })], 2).length, 1);
  });

  test('one principal can be left out, and no other that looks like it', () => {
    const question = { currentVersion: 1, version: 1, since: 0, except: 'user:a@x' };
    const sightings = [read(1, 10, { principal: 'user:a@x' }), read(1, 9, { principal: 'user:a@xx' })];
    assert.deepEqual(
      standingOn(sightings, question).map(({ principal }) => principal),
      ['user:a@xx'],
    );
  });

  test('whatever was read in whatever order, it is as the history of reads says', () => {
    const history = fc.array(
      fc.record({ version: fc.integer({ min: 1, max: 4 }), at: fc.integer({ min: 1, max: 12 }), reader: fc.nat(2) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 4 }), (reads, current) => {
        const newest = new Map<string, SightingOfVersion>();
        for (const { version, at, reader } of reads) {
          const key = `${reader} ${version}`;
          if ((newest.get(key)?.lastSeenAt ?? 0) < at) newest.set(key, read(version, at, { workload: `w${reader}` }));
        }
        for (let version = 1; version <= 4; version++) {
          const expected = [0, 1, 2].filter((reader) => {
            const own = reads.filter((each) => each.reader === reader);
            const last = Math.max(0, ...own.filter((each) => each.version === version).map(({ at }) => at));
            if (last === 0) return false;
            const isMove = (each: { version: number; at: number }) =>
              each.at > last && (each.version > version || each.version === current);
            return version === current || !own.some(isMove);
          });
          const found = standing([...newest.values()], current, version).map(({ workload }) =>
            Number(workload.slice(1)),
          );
          assert.deepEqual(found.sort(), expected);
        }
      }),
    );
  });
});

test('a consumer shows what it read last, and all its reads', () => {
  const sightings = [
    read(1, 10, { reads: 5 }),
    read(2, 20, { reads: 2, state: 'DISABLED' }),
    read(1, 5, { workload: '' }),
  ];
  const [first, second, ...rest] = consumersOf(sightings, { currentVersion: 3, since: 0 });
  assert.deepEqual(rest, []);
  assert.deepEqual(
    [first?.workload, first?.version, first?.state, first?.reads, first?.isCurrent, first?.lastSeenAt],
    ['web', 2, 'DISABLED', 7, false, 20],
  );
  assert.deepEqual(
    first?.standsOn.map(({ version }) => version),
    [2],
  );
  assert.deepEqual([second?.workload, second?.version], ['', 1]);
});

test('a workload is the first product of a user agent, without its version', () => {
  const cases: [string | undefined, string][] = [
    [undefined, ''],
    ['', ''],
    ['python-requests/2.31.0', 'python-requests'],
    ['grpc-node-js/1.9 extra/2', 'grpc-node-js'],
    ['Go-http-client', 'Go-http-client'],
    ['(compatible; x)', ''],
    ['=cmd|calc', ''],
    ['\u001b[31mred', ''],
    ['a\u001b[31mred', 'a'],
    ['a\nb', 'a'],
    ['<script>', ''],
    [' a', ''],
    [`${'x'.repeat(5000)}/1`, 'x'.repeat(64)],
  ];
  for (const [userAgent, workload] of cases) {
    assert.equal(workloadOf(userAgent), workload, JSON.stringify(userAgent));
    assert.equal(workloadOf(userAgent), workload, 'and again, from what is kept');
  }
});

test('a workload that is given has a plain name, or is refused without being repeated', () => {
  for (const name of ['web', 'team/app:1.2@eu', 'x'.repeat(64)]) assert.equal(parseWorkload(name), name);
  for (const name of ['', ' web', 'a b', 'a\nb', 'a\r\nx-evil: 1', '\u001b[2J', 'x'.repeat(65), '-a', 'ä', '"a"']) {
    assert.throws(
      () => parseWorkload(name),
      (error) =>
        error instanceof Fault && error.code === 'INVALID_FIELD' && (name === '' || !error.message.includes(name)),
      JSON.stringify(name),
    );
  }
});
