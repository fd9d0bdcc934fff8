import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aProject, aSealed, aSecret, aVersion } from '../../test/contract/store-rows.ts';
import type { Change } from '../core/ports.ts';
import { Epoch, wordsOf } from './epoch.ts';

const before = aSecret(aProject());

test('only a change that leaves all of a secret but its numbers leaves rows of its settings standing', () => {
  const version = aVersion(before, 1);
  const after = { ...before, lastVersion: 1, currentVersion: 1, previousVersion: 0 };
  const update = (secret: typeof before): Change => ({ change: 'secret.update', secret, before });
  const standing: readonly Change[] = [
    { change: 'version.insert', version, sealed: aSealed() },
    { change: 'version.update', version },
    update(after),
  ];
  for (const change of standing) assert.deepEqual(wordsOf(change), ['secrets'], change.change);
  const { labels: _, ...bare } = after;
  const others: readonly Change[] = [
    { change: 'secret.insert', secret: before },
    { change: 'secret.update', secret: after },
    { change: 'secret.delete', uid: before.uid },
    { change: 'secrets.deleteAt', projectUid: before.projectUid, location: before.location },
    update({ ...after, labels: { ...after.labels } }),
    update({ ...after, expiresAt: 1 }),
    update({ ...after, purgeAt: 1 }),
    update({ ...after, policy: { ...after.policy } }),
    update(bare as typeof before),
  ];
  for (const change of others) assert.deepEqual(wordsOf(change), ['secrets', 'settings'], change.change);
  assert.deepEqual(wordsOf({ change: 'event.insert', event: { id: 'e' } as never }), []);
  assert.ok(wordsOf({ change: 'tagKey.delete', id: 't' }).includes('settings'), 'what is not told apart turns all');
});

test('each word is odd while a commit of it is under way, whatever becomes of the commit, and no other is', () => {
  const epoch = new Epoch();
  const [secrets, settings] = [epoch.now('secrets'), epoch.now('settings')];
  assert.throws(() =>
    epoch.commit(new Set(['secrets']), () => {
      assert.deepEqual([epoch.now('secrets'), epoch.now('settings')], [undefined, settings]);
      throw new Error('the disk is full');
    }),
  );
  assert.notEqual(epoch.now('secrets'), secrets);
  assert.equal(new Epoch(epoch.memory).now('settings'), settings);
});
