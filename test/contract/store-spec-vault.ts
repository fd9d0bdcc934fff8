// What every engine behind the store port must do with the entries of Vault's API, and with names in a folder.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProjectRef } from '../../src/core/name.ts';
import type { VaultEntry } from '../../src/core/vault/entry.ts';
import { type AnyStore, aProject, apply, aSecret, plain } from './store-rows.ts';

const put = (...entries: readonly VaultEntry[]) =>
  entries.map((entry) => ({ change: 'vaultEntry.put', entry }) as const);
const sealed = { wrappedKey: Uint8Array.of(1), ciphertext: Uint8Array.of(2, 3) };

export function describeVault(use: () => AnyStore): void {
  const at = async (id: string) => (await use().read({ entry: { need: 'vaultEntry', id } })).entry;
  const below = async (prefix: string, after = '', limit = 100) =>
    (await use().read({ rows: { need: 'vaultEntries', prefix, after, limit } })).rows.map(({ id }) => id);

  test('entries are put, replaced, found by name and listed below a path', async () => {
    const first: VaultEntry = { id: 'v/a/1', data: { n: 1 }, expiresAt: 5, sealed };
    const all = ['v/a/2', 'v/a/2/x', 'v/ab', 'v/a'].map((id): VaultEntry => ({ id, data: {} }));
    await apply(use(), ...put(first, ...all));
    assert.deepEqual(plain(await at('v/a/1')), plain(first));
    const next: VaultEntry = { id: 'v/a/1', data: { n: 2, ü: ['\u2028'] } };
    await apply(use(), ...put(next));
    assert.deepEqual(await at('v/a/1'), next);
    const named = { need: 'vaultEntriesNamed', ids: ['v/none', 'v/a/1', 'v/a/1'] } as const;
    assert.deepEqual((await use().read({ named })).named, [undefined, next, next]);
    assert.deepEqual((await use().read({ named: { need: 'vaultEntriesNamed', ids: [] } })).named, []);
    assert.deepEqual(await below('v/a/'), ['v/a/1', 'v/a/2', 'v/a/2/x']);
    assert.deepEqual(await below('v/a/', 'v/a/1', 1), ['v/a/2']);
    await apply(use(), { change: 'vaultEntry.deleteBelow', prefix: 'v/a/' });
    assert.deepEqual(await below('v/'), ['v/a', 'v/ab']);
  });

  test('an entry goes with its owner, and what was released stays', async () => {
    const owned = (id: string, owner: string): VaultEntry => ({ id, owner, data: {} });
    await apply(use(), ...put({ id: 'o/1', data: {} }, owned('o/2', 'o/1'), owned('o/3', 'o/2'), owned('p/4', 'o/1')));
    await apply(use(), { change: 'vaultEntry.release', owner: 'o/1', prefix: 'o/' });
    await apply(use(), { change: 'vaultEntry.delete', id: 'o/1' });
    assert.deepEqual([await below('o/'), await below('p/')], [['o/2', 'o/3'], []]);
    assert.equal((await at('o/2'))?.owner, undefined);
    await apply(use(), { change: 'vaultEntry.delete', id: 'o/2' }, { change: 'vaultEntry.delete', id: 'o/2' });
    assert.deepEqual(await below('o/'), []);
  });

  test('what owns the entries below a path goes with all that it owns', async () => {
    const owned = (id: string, owner: string): VaultEntry => ({ id, owner, data: {} });
    await apply(use(), ...put({ id: 't/1', data: {} }, { id: 't/2', data: {} }, { id: 't/3', data: {} }));
    await apply(use(), ...put(owned('l/a/1', 't/1'), owned('l/a/2', 't/2'), owned('l/ab', 't/3'), owned('x/1', 't/1')));
    await apply(use(), { change: 'vaultEntry.deleteOwnersBelow', prefix: 'l/a/' });
    assert.deepEqual([await below('t/'), await below('l/'), await below('x/')], [['t/3'], ['l/ab'], []]);
  });

  test('a sweep removes what has expired, with all that it owns', async () => {
    const entries: VaultEntry[] = [
      { id: 's/1', data: {}, expiresAt: 10 },
      { id: 's/2', data: {}, expiresAt: 30 },
      { id: 's/3', owner: 's/1', data: {} },
      { id: 's/4', data: {} },
    ];
    await apply(use(), ...put(...entries));
    assert.equal(await use().sweepVault(20), 1);
    assert.deepEqual(await below('s/'), ['s/2', 's/4']);
  });

  test('names in a folder are listed by key, of one place only, and gone with it', async () => {
    const project = aProject();
    await apply(use(), { change: 'project.insert', project });
    const names = ['f/b', 'f/a', 'f--c', 'fa', 'f/a/x'];
    const secrets = names.map((name) => aSecret(project, name));
    const elsewhere = aSecret(project, 'f/z', { location: 'kv:1' as never });
    await apply(use(), ...[...secrets, elsewhere].map((secret) => ({ change: 'secret.insert', secret }) as const));
    const ref = parseProjectRef(project.id);
    const list = async (location: string, prefix: string, after = '', limit = 10) => {
      const need = { need: 'secretNames', project: ref, location: location as never, prefix, after, limit } as const;
      return (await use().read({ need })).need;
    };
    assert.deepEqual(await list('', 'f--'), ['f/a', 'f/a/x', 'f/b', 'f--c']);
    assert.deepEqual(await list('', 'f--', 'f--a--x', 1), ['f/b']);
    assert.deepEqual(await list('', ''), ['f/a', 'f/a/x', 'f/b', 'f--c', 'fa']);
    assert.deepEqual(await list('kv:1', ''), ['f/z']);
    await apply(use(), { change: 'secrets.deleteAt', projectUid: project.uid, location: 'kv:1' as never });
    assert.deepEqual([(await list('kv:1', '')).length, (await list('', '')).length], [0, 5]);
  });
}
