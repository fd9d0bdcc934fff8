// Reads of a thread on PostgreSQL: shared by all that come together, true at a moment after each was asked, and wrong for
// nobody else where a row is damaged.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Fault } from '../../src/core/error.ts';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import { FreshReads } from '../../src/store/postgres/fresh-reads.ts';
import { Pool } from '../../src/store/postgres/pool.ts';
import { Snapshots } from '../../src/store/postgres/snapshots.ts';
import { openPostgres, type PostgresStore } from '../../src/store/postgres/store.ts';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { connectingTo, newDatabase, runSql } from '../support/postgres-place.ts';
import { apply, seed } from './store-rows.ts';

/** Counts the round trips, but for a second one of the same read. */
class CountingPool extends Pool {
  uses = 0;

  override use<T>(...args: Parameters<typeof Pool.prototype.use<T>>): Promise<T> {
    this.uses += 1;
    return super.use(...args);
  }
}

describe('reads of a thread on PostgreSQL', { skip: whyNoPostgres() ?? false }, () => {
  let postgres: Postgres;
  let dsn: string;
  let store: PostgresStore;
  let pools: readonly [Pool, CountingPool];
  let reads: FreshReads;
  let erasures = 0;
  before(async () => {
    postgres = await startPostgres();
    dsn = await newDatabase(postgres);
    const connecting = connectingTo(dsn);
    store = await openPostgres({ connecting, server: 's000001', clock: { now: () => Date.now() } });
    pools = [new Pool(connecting, 1), new CountingPool(connecting, 2)];
    const onErase = () => {
      erasures += 1;
    };
    reads = new FreshReads({ gate: pools[0], snapshots: new Snapshots(pools[1], 2), onErase });
  });
  after(async () => {
    for (const pool of pools) pool.close();
    await store.close();
    await postgres.stop();
  });

  async function aPlace() {
    const seeded = await seed(store, 2);
    const place = { project: parseProjectRef(seeded.project.id), key: secretKey(seeded.secret.name) };
    return { ...seeded, place };
  }
  test('what was committed before a read was asked is in its answer, kept or not', async () => {
    const { secret, place } = await aPlace();
    for (let count = 1; count <= 20; count += 1) {
      const changed = { ...secret, labels: { count: String(count) } };
      await apply(store, { change: 'secret.update', secret: changed });
      const all = await Promise.all([1, 2, 3].map(() => reads.read({ it: { need: 'secret', ...place } })));
      for (const { it } of all) assert.deepEqual(it?.labels, { count: String(count) });
    }
  });

  test('what a request asks again is as of the moment that it has seen, until a change of others is seen', async () => {
    const { secret, place } = await aPlace();
    const needs = { it: { need: 'secret', ...place } } as const;
    const seen = {};
    await reads.read(needs, seen);
    const again = reads.read(needs, seen);
    assert.ok(!(again instanceof Promise), 'nobody has to be asked');
    await apply(store, { change: 'secret.update', secret: { ...secret, labels: { a: 'b' } } });
    assert.deepEqual((await reads.read(needs)).it?.labels, { a: 'b' });
    assert.deepEqual((await reads.read(needs, seen)).it?.labels, { a: 'b' });
  });

  test('all of one answer is of one snapshot', async () => {
    const { project, secret, place } = await aPlace();
    let isOver = false;
    const writing = (async () => {
      for (let count = 1; !isOver; count += 1) {
        const displayName = String(count);
        const labels = { count: displayName };
        await apply(
          store,
          { change: 'project.update', project: { ...project, displayName } },
          { change: 'secret.update', secret: { ...secret, labels } },
        );
      }
    })();
    const needs = {
      project: { need: 'project', project: place.project },
      secret: { need: 'secret', ...place },
      versions: { need: 'versions', ...place, before: 0, limit: 1 },
    } as const;
    await reads.read({ project: needs.project });
    for (let count = 0; count < 300; count += 1) {
      // One of the two may be kept from before.
      const { versions: _, ...two } = needs;
      const rows = await (count % 2 === 0 ? reads.read(two) : reads.read(needs));
      if (rows.secret?.labels['count'] === undefined) continue;
      assert.equal(rows.project?.displayName, rows.secret.labels['count']);
      if (count % 3 === 0) await reads.read({ project: needs.project });
    }
    isOver = true;
    await writing;
  });

  test('a hundred that come together after a commit ask the database a few times', async () => {
    const { secret, place } = await aPlace();
    await apply(store, { change: 'secret.update', secret: { ...secret, labels: { fresh: 'x' } } });
    const before = pools[1].uses;
    const needs = { it: { need: 'payload', number: 0, ...place } } as const;
    await Promise.all(Array.from({ length: 100 }, () => reads.read(needs)));
    assert.ok(pools[1].uses > before && pools[1].uses - before <= 3, String(pools[1].uses - before));
  });

  test('a row that is damaged is told to who asks for it, and to nobody else', async () => {
    const [one, two] = [await aPlace(), await aPlace()];
    await runSql(dsn, `UPDATE secrets SET labels = '{' WHERE uid = $1`, [one.secret.uid]);
    await apply(store, { change: 'secret.update', secret: two.secret });
    const zero = { ...two.place, key: 'a\0b' as typeof two.place.key };
    const [damaged, whole, odd] = await Promise.allSettled([
      reads.read({ it: { need: 'secret', ...one.place } }),
      reads.read({ it: { need: 'secret', ...two.place } }),
      reads.read({ it: { need: 'secret', ...zero } }),
    ]);
    assert.ok(damaged.status === 'rejected' && damaged.reason instanceof Fault);
    assert.deepEqual([damaged.reason.code, damaged.reason.facts['table']], ['INTERNAL', 'secrets']);
    assert.ok(whole.status === 'fulfilled' && whole.value.it?.uid === two.secret.uid);
    assert.ok(odd.status === 'rejected' && odd.reason instanceof Fault && odd.reason.code === 'INTERNAL');
  });

  test('that a payload was destroyed is told, whoever destroyed it', async () => {
    const { secret, versions, place } = await aPlace();
    await reads.read({ it: { need: 'secret', ...place } });
    const before = erasures;
    await apply(store, { change: 'secret.update', secret: { ...secret, labels: { b: 'c' } } });
    await reads.read({ it: { need: 'secret', ...place } });
    assert.equal(erasures, before);
    const [version] = versions;
    assert.ok(version);
    const { fingerprint: _, ...rest } = version;
    await apply(store, { change: 'version.update', version: { ...rest, state: 'DESTROYED', destroyedAt: 1 } });
    await reads.read({ it: { need: 'secret', ...place } });
    assert.equal(erasures, before + 1);
  });
});
