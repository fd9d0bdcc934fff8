// Keys of transit mounts by the policies of an entity, for a caller who does not come by Vault's API.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ProjectId } from '../../src/core/name.ts';
import type { Change } from '../../src/core/ports.ts';
import { TOKEN_ACCESSOR } from '../../src/core/vault/auth-mounts.ts';
import { type Mount, mountTable } from '../../src/core/vault/mounts.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { createKey, deleteKey, getKey } from '../../src/ops/keys.ts';
import { rotateKey } from '../../src/ops/keys-rotate.ts';
import { decrypt, encrypt } from '../../src/ops/keys-seal.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { bytes, project, refused } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let token: string;
let made = 0;

const put = (id: string, data: Readonly<Record<string, unknown>>): Change => ({
  change: 'vaultEntry.put',
  entry: { id: `project/default/${id}`, data },
});
const apply = (...changes: readonly Change[]) => {
  const id = `entity-keys-${++made}`;
  const about = { operation: 'test', outcome: 'allowed', principal: 'test', resource: 'test' } as const;
  const record = { id, time: 1, ...about, dialect: 'test', peer: 'test', requestId: 'test' };
  return world.store.transact({}, () => ({ result: undefined, changes, record }));
};
const policy = (...rules: readonly (readonly [string, string])[]) =>
  apply(
    put('policy/keys', {
      policy: rules.map(([path, capability]) => `path "${path}" { capabilities = ["${capability}"] }`).join('\n'),
    }),
  );

before(async () => {
  world = await openWorld();
  const owner = world.ownerCredential;
  const { account } = await world.ask(
    createAccount,
    { project, accountId: 'key-user', displayName: '', description: '' },
    owner,
  );
  token = (await world.ask(generateToken, { account: account.email, lifetimeSeconds: 0 }, owner)).token.reveal();
  for (const ring of ['transit', 'team/keys', 'gone']) {
    await world.ask(createKey, { project, ring, name: 'k', type: 'aes256-gcm96', settings: {} }, owner);
  }
  const mounts = mountTable('default' as ProjectId, undefined);
  const transit = { ...(mounts['secret/'] as Mount), type: 'transit' };
  const times = { createdAt: 1, updatedAt: 1 };
  const alias = { id: 'a', name: account.email, accessor: TOKEN_ACCESSOR, customMetadata: null, ...times };
  await apply(
    put('mounts', { mounts: { ...mounts, 'transit/': transit, 'team/keys/': transit } }),
    put('entity/e', {
      ...{ name: 'e', metadata: null, policies: ['keys'], disabled: false, aliases: [alias], groups: [], merged: [] },
      ...{ ...times, revision: 0 },
    }),
    { change: 'account.update', account: { ...account, entity: 'project/default/entity/e' } },
  );
});
after(() => world.close());

const keyOf = (ring: string) => ({ project, ring, name: 'k' });
const seal = (ring = 'transit') =>
  world.ask(encrypt, { ...keyOf(ring), items: [{ plaintext: bytes('v'), version: 0 }] }, token);

test('a key may be used as the paths of its mount say, and no other way', async () => {
  await refused('PERMISSION_DENIED', seal());
  await policy(['transit/encrypt/k', 'update'], ['transit/keys/+', 'read']);
  assert.equal((await seal()).length, 1);
  assert.equal((await world.ask(getKey, keyOf('transit'), token)).key.name, 'k');
  await refused('PERMISSION_DENIED', world.ask(decrypt, { ...keyOf('transit'), items: [] }, token));
  await refused('PERMISSION_DENIED', world.ask(rotateKey, keyOf('transit'), token));
  await refused('PERMISSION_DENIED', world.ask(deleteKey, keyOf('transit'), token));
  await refused('PERMISSION_DENIED', seal('team/keys'));
});

test('a ring is the mount of its name, if it is mounted, and a denial of one is of no other', async () => {
  await policy(['team/keys/encrypt/k', 'update'], ['gone/encrypt/k', 'update'], ['transit/*', 'deny']);
  assert.equal((await seal('team/keys')).length, 1);
  await refused('PERMISSION_DENIED', seal('gone'));
  const denied = await refused('PERMISSION_DENIED', seal());
  assert.equal(denied.facts['deniedBy'], 'vault policy keys of entity e');
});

test('a change by such a policy is judged again by the one that writes', async () => {
  await policy(['transit/keys/k/rotate', 'update']);
  assert.equal((await world.ask(rotateKey, keyOf('transit'), token)).key.latestVersion, 2);
  await policy(['transit/keys/k/rotate', 'deny']);
  await refused('PERMISSION_DENIED', world.ask(rotateKey, keyOf('transit'), token));
});
