// Several decisions in one commit: each is done whole or not at all, whatever becomes of the others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../src/core/error.ts';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { Change, Needs, RowsOf, TransactionJob } from '../../src/core/ports.ts';
import type { Secret } from '../../src/core/secret.ts';
import { type AnyStore, aProject, aRecord, aSecret, seed } from './store-rows.ts';

/** A job that makes these changes; its record is named by `id`. */
function making(id: string, ...changes: readonly Change[]): TransactionJob<string> {
  return { needs: {}, decide: () => ({ result: id, changes, record: aRecord({ id }) }) };
}

export function describeGroups(use: () => AnyStore): void {
  const pendingIds = async () => (await use().pendingAudit()).map(({ id }) => id);
  const exists = async (project: { readonly id: string }) => {
    const { it } = await use().read({ it: { need: 'project', project: parseProjectRef(project.id) } });
    return it !== undefined;
  };

  test('of several decisions each answers for itself, and those that fail leave nothing behind', async () => {
    const [first, second, third] = [aProject(), aProject(), aProject()];
    const { project, secret } = await seed(use(), 0);
    const denied = new Fault('PERMISSION_DENIED', { permission: 'x', resource: 'y' });
    const settled = await use().transactAll([
      making('first', { change: 'project.insert', project: first }),
      {
        needs: {},
        decide: () => {
          throw denied;
        },
      },
      making(
        'taken',
        { change: 'project.insert', project: second },
        { change: 'secret.insert', secret: aSecret(project, secret.name) },
      ),
      making('third', { change: 'project.insert', project: third }),
    ]);
    assert.deepEqual(
      settled.map(({ ok }) => ok),
      [true, false, false, true],
    );
    const [done, refused, failed] = settled;
    assert.ok(done?.ok && done.decided.result === 'first');
    assert.ok(refused?.ok === false && refused.error === denied);
    assert.ok(failed?.ok === false && failed.error instanceof Fault && failed.error.code === 'INTERNAL');
    assert.deepEqual(await Promise.all([first, second, third].map(exists)), [true, false, true]);
    assert.deepEqual((await pendingIds()).slice(-2), ['first', 'third']);
    await use().settleAudit(['first', 'third'], undefined);
    assert.ok(!(await pendingIds()).some((id) => id === 'first' || id === 'third'));
  });

  test('records of one commit wait and are settled each by itself, in their order', async () => {
    const earlier = (await use().pendingAudit()).map(({ id }) => id);
    await use().settleAudit(earlier, undefined);
    const ids = Array.from({ length: 40 }, (_, index) => `together-${index}`);
    await use().transactAll(ids.map((id) => making(id)));
    assert.deepEqual(await pendingIds(), ids);
    assert.deepEqual(
      (await use().pendingAudit(25)).map(({ id }) => id),
      ids.slice(0, 25),
    );
    const kept = (index: number) => index % 7 === 3;
    await use().settleAudit(['unknown', ...ids.filter((_, index) => !kept(index)), 'together-0'], undefined);
    const left = ids.filter((_, index) => kept(index));
    assert.deepEqual(await pendingIds(), left);
    await use().settleAudit(left.slice(1), undefined);
    assert.deepEqual(await pendingIds(), left.slice(0, 1));
    await use().settleAudit(left.slice(0, 1), undefined);
    assert.deepEqual(await pendingIds(), []);
  });

  test('a decision sees what those before it in the same commit have changed', async () => {
    const { project, secret } = await seed(use(), 0);
    const need = { need: 'secret', project: parseProjectRef(project.id), key: secretKey(secret.name) } as const;
    const adding: TransactionJob<number> = {
      needs: { project: { need: 'project', project: need.project }, secret: need },
      decide: (rows: RowsOf<Needs>) => {
        const { secret: before } = rows as unknown as { readonly secret: Secret };
        const after = { ...before, lastVersion: before.lastVersion + 1 };
        return { result: after.lastVersion, changes: [{ change: 'secret.update', secret: after }], record: aRecord() };
      },
    };
    const settled = await use().transactAll([adding, adding, adding]);
    assert.deepEqual(
      settled.map((each) => each.ok && each.decided.result),
      [1, 2, 3],
    );
  });

  test('an update that says what was there keeps all the rest, whatever it changes', async () => {
    const { project, secret: first } = await seed(use(), 0);
    const need = { need: 'secret', project: parseProjectRef(project.id), key: secretKey(first.name) } as const;
    const moved = { lastVersion: 3, currentVersion: 2, previousVersion: 1 };
    const more: readonly Partial<Secret>[] = [
      moved,
      { lastVersion: 4, candidateVersion: 4 },
      { labels: { moved: 'too' }, lastVersion: 5 },
      { expiresAt: 1_800_000_000_000, etag: 'another' },
    ];
    let before = first;
    for (const change of more) {
      const secret = { ...before, ...change };
      await use().transact({}, () => ({
        result: 0,
        changes: [{ change: 'secret.update', secret, before }],
        record: aRecord(),
      }));
      assert.deepEqual((await use().read({ it: need })).it, secret);
      before = secret;
    }
    const { expiresAt: _, ...endless } = before;
    await use().transact({}, () => ({
      result: 0,
      changes: [{ change: 'secret.update', secret: endless, before }],
      record: aRecord(),
    }));
    assert.deepEqual((await use().read({ it: need })).it, endless);
    const stranger = aSecret(project);
    await assert.rejects(async () =>
      use().transact({}, () => ({
        result: 0,
        changes: [{ change: 'secret.update', secret: { ...stranger, ...moved }, before: stranger }],
        record: aRecord(),
      })),
    );
  });

  test('a project that was changed is seen so by the next decision, and as it was where the change failed', async () => {
    const { project, secret } = await seed(use(), 0);
    const need = { need: 'project', project: parseProjectRef(project.id) } as const;
    const naming = (displayName: string, ...more: readonly Change[]): TransactionJob<string> => ({
      needs: { project: need },
      decide: (rows) => {
        const { project: before } = rows as unknown as { readonly project: typeof project };
        const changed = { ...before, displayName };
        return {
          result: before.displayName,
          changes: [{ change: 'project.update', project: changed }, ...more],
          record: aRecord(),
        };
      },
    });
    const taken = { change: 'secret.insert', secret: aSecret(project, secret.name) } as const;
    const settled = await use().transactAll([naming('one'), naming('two', taken), naming('three')]);
    assert.deepEqual(
      settled.map((each) => each.ok && each.decided.result),
      [project.displayName, false, 'one'],
    );
    assert.equal((await use().read({ it: need })).it?.displayName, 'three');
  });

  test('one alone that fails is answered like one of several', async () => {
    const { project, secret } = await seed(use(), 0);
    const taken = { change: 'secret.insert', secret: aSecret(project, secret.name) } as const;
    const [failed] = await use().transactAll([making('alone', taken)]);
    assert.ok(failed?.ok === false && failed.error instanceof Fault);
    assert.deepEqual(await use().transactAll([]), []);
  });
}
