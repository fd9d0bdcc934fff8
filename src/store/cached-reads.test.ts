import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProjectRef, SecretKey } from '../core/name.ts';
import type { Need, Needs, RowsOf } from '../core/ports.ts';
import { CachedReads } from './cached-reads.ts';
import { Epoch, type EpochKind, type EpochWord } from './epoch.ts';

const project = 'p' as ProjectRef;
const secret = (key: string) => ({ need: 'secret', project, key: key as SecretKey }) as const;
const everything = {
  server: { need: 'server' },
  project: { need: 'project', project },
  secret: secret('s'),
} as const;

/** A store whose rows are the number of its last commit of that kind; it keeps what it was asked for. */
function counting() {
  const epoch = new Epoch();
  const commits: Record<EpochKind, number> = { authority: 0, secrets: 0 };
  const asked: string[][] = [];
  let during: (() => void) | undefined;
  const read = <const N extends Needs>(needs: N): RowsOf<N> => {
    asked.push(Object.keys(needs));
    const work = during;
    during = undefined;
    work?.();
    const rowOf = ({ need }: Need) => (need === 'secret' || need === 'payload' ? commits.secrets : commits.authority);
    return Object.fromEntries(Object.entries(needs).map(([name, need]) => [name, rowOf(need)])) as RowsOf<N>;
  };
  const commit = (kind: EpochKind, ...more: readonly EpochWord[]) =>
    epoch.commit(new Set([kind, ...more]), () => commits[kind]++);
  return {
    epoch,
    asked,
    commit,
    reads: new CachedReads({ read }, epoch),
    /** Runs once, while the next read is under way. */
    meanwhile: (work: () => void) => {
      during = work;
    },
  };
}

test('what was read once is not read again until something is committed', () => {
  const { reads, asked, commit } = counting();
  for (let each = 0; each < 3; each++) assert.deepEqual(reads.read(everything), { server: 0, project: 0, secret: 0 });
  assert.deepEqual(asked, [['server', 'project', 'secret']]);
  commit('secrets');
  assert.deepEqual(reads.read(everything), { server: 0, project: 0, secret: 1 });
  assert.deepEqual(asked.at(-1), ['secret'], 'who may do what has not changed');
  commit('authority');
  assert.deepEqual(reads.read(everything), { server: 1, project: 1, secret: 1 });
});

test('while a commit is under way everything comes from the store, and nothing of it is kept', () => {
  const { epoch, reads, asked } = counting();
  reads.read(everything);
  epoch.commit(new Set(['authority', 'secrets']), () => {
    reads.read(everything);
    reads.read(everything);
    assert.equal(asked.length, 3);
  });
  reads.read(everything);
  assert.equal(asked.length, 4);
  reads.read(everything);
  assert.equal(asked.length, 4);
});

test('an answer is of one snapshot: a commit between its parts has all of it read together', () => {
  const { reads, asked, commit, meanwhile } = counting();
  reads.read({ server: everything.server, project: everything.project });
  meanwhile(() => commit('authority'));
  assert.deepEqual(reads.read(everything), { server: 1, project: 1, secret: 0 });
  assert.deepEqual(asked.slice(1), [['secret'], ['server', 'project', 'secret']]);
});

test('what was read before a commit is not kept after it', () => {
  const { reads, asked, commit, meanwhile } = counting();
  meanwhile(() => commit('secrets'));
  reads.read({ secret: secret('s') });
  assert.deepEqual(reads.read({ secret: secret('s') }), { secret: 1 });
  assert.equal(asked.length, 2);
});

test('that a row does not exist is known too, and every part of a name counts', () => {
  const epoch = new Epoch();
  let asked = 0;
  const reads = new CachedReads(
    {
      read: (needs) => {
        asked++;
        return Object.fromEntries(Object.keys(needs).map((name) => [name, undefined])) as never;
      },
    },
    epoch,
  );
  const place = { project, key: 's' as SecretKey };
  const version = { need: 'version', ...place, number: 1 } as const;
  const needs: Need[] = [
    secret('s'),
    secret('t'),
    { ...secret('s'), location: 'europe-west3' as never },
    { ...secret('s'), deleted: true },
    { ...secret('s'), project: 'q' as ProjectRef },
    version,
    { ...version, need: 'payload' },
    { ...version, number: 2 },
    { ...version, alias: 'prod' },
    { ...version, previous: true },
    { need: 'token', hash: 'a' },
    { need: 'token', hash: 'b' },
    { need: 'accountKey', id: 'a' },
    { need: 'account', email: 'a' as never },
    { need: 'accountKeys', email: 'a' as never },
  ];
  for (const round of [1, 2]) {
    for (const need of needs) assert.deepEqual(reads.read({ need }), { need: undefined });
    assert.equal(asked, needs.length, `round ${round}`);
  }
});

test('lists are never kept', () => {
  const { reads, asked } = counting();
  const list = { need: 'projects', after: '', limit: 1 } as const;
  reads.read({ list });
  reads.read({ list });
  assert.equal(asked.length, 2);
});

test('of more rows than there is room for, those stay that are asked for again', () => {
  const { reads, asked } = counting();
  const missed = (names: string, count: number) => {
    const before = asked.length;
    for (let each = 0; each < count; each++) reads.read({ secret: secret(`${names}${each}`) });
    return asked.length - before;
  };
  assert.equal(missed('a', 20_000), 20_000);
  const again = missed('a', 20_000);
  assert.ok(again > 15_000 && again < 18_000, `${again} of 20,000 are not there`);
  for (let time = 0; time < 3; time++) missed('hot', 100);
  assert.equal(missed('hot', 100), 0);
  missed('b', 20_000);
  assert.equal(missed('hot', 100), 0, 'what comes once takes the place of none');
});

test('a secret whose numbers do not matter is read again only where something else of secrets has changed', () => {
  const { reads, asked, commit, meanwhile } = counting();
  const any = { server: { need: 'server' }, secret: { ...secret('s'), numbers: 'any' } } as const;
  assert.deepEqual(reads.read(any), { server: 0, secret: 0 });
  commit('secrets');
  assert.deepEqual(reads.read(any), { server: 0, secret: 0 });
  assert.deepEqual(reads.read({ secret: secret('s') }), { secret: 1 }, 'another need sees the numbers of now');
  assert.deepEqual(asked, [['server', 'secret'], ['secret']]);
  commit('secrets', 'settings');
  assert.deepEqual(reads.read(any), { server: 0, secret: 2 });
  commit('authority');
  meanwhile(() => commit('secrets', 'settings'));
  assert.deepEqual(reads.read(any), { server: 1, secret: 3 }, 'the kept one no longer stood');
});
