// Root tokens of a store that is sealed by shares: the first one, made when it is initialised, before any key is open, since
// a token is kept as its hash; with it the project's mounts are those that Vault begins with: no kv. And those that enough
// holders of shares ask for.

import type { AuditRecord } from '../../core/audit-record.ts';
import type { Clock, Entropy, Store } from '../../core/ports.ts';
import type { Redacted } from '../../core/redacted.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import { mountsId, mountTable, SHARED_MOUNT } from '../../core/vault/mounts.ts';
import { entryOfToken, tokenId } from '../../core/vault/token.ts';
import { DEFAULT_PROJECT, ownRecord } from '../bootstrap.ts';
import { accessorId } from './token-rows.ts';

/** Adds a root token, in one transaction with its record; answers its text. `first`: the project gets its mounts too. */
export async function addRootToken(
  store: Pick<Store, 'transact'>,
  clock: Clock,
  entropy: Entropy,
  first: boolean,
): Promise<{ readonly text: Redacted<string>; readonly record: AuditRecord }> {
  const { text, hash } = entropy.credential('vault');
  const now = clock.now();
  const accessor = entropy.text(40).replaceAll(/[-_]/g, 'a').slice(0, 24);
  const token = {
    ...{ accessor, project: DEFAULT_PROJECT, policies: ['root'], displayName: 'root', path: 'auth/token/root' },
    ...{ meta: null, createdAt: now, ttlSeconds: 0, renewable: false, usesLeft: 0 },
  };
  const id = tokenId(hash);
  const entries = [
    entryOfToken({ id, token }),
    { id: accessorId(accessor), owner: id, data: { token: id } },
    ...(first ? [firstMounts()] : []),
  ];
  const record = {
    ...ownRecord(now, entropy, first ? 'vault.initialise' : 'vault.generateRoot'),
    details: { accessor },
  };
  const changes = entries.map((entry) => ({ change: 'vaultEntry.put', entry }) as const);
  await store.transact({}, () => ({ result: undefined, changes, record }));
  return { text, record };
}

function firstMounts(): VaultEntry {
  const { [SHARED_MOUNT]: _none, ...mounts } = mountTable(DEFAULT_PROJECT, undefined);
  return { id: mountsId(DEFAULT_PROJECT), data: { mounts } };
}
