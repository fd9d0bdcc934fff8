import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Permission } from '../iam/permissions.ts';
import type { ProjectId } from '../name.ts';
import { Acl } from './acl.ts';
import { type MountTable, mountTable } from './mounts.ts';
import { parsePolicy } from './policy.ts';
import { type Meant, waysOf } from './ways.ts';

const BUILT_IN = mountTable('my-project' as ProjectId, undefined);
const TRANSIT = { ...(BUILT_IN['secret/'] as MountTable[string]), type: 'transit' as const };
const MOUNTS: MountTable = { ...BUILT_IN, 'transit/': TRANSIT, 'team/keys/': TRANSIT };
const SECRET: Meant = { secret: 'prod/db', exists: true, isCurrent: false, secrets: false };

const ways = (permission: Permission, over: Partial<Meant> = {}, operation?: string, mounts = MOUNTS) =>
  waysOf(permission, operation, { ...SECRET, ...over }, mounts);
const grants = (...asked: Parameters<typeof ways>) =>
  ways(...asked).grants.map((way) => way.map(({ capability, path }) => `${capability} ${path}`).join(' + '));

test('a permission on a secret is the paths by which Vault does the same', () => {
  assert.deepEqual(grants('secretmanager.versions.access'), ['read secret/data/prod/db']);
  assert.deepEqual(grants('secretmanager.versions.add'), ['update secret/data/prod/db']);
  assert.deepEqual(grants('secretmanager.versions.add', { exists: false }), ['create secret/data/prod/db']);
  assert.deepEqual(grants('secretmanager.versions.disable'), ['update secret/delete/prod/db']);
  assert.equal(grants('secretmanager.versions.disable', { isCurrent: true }).length, 2);
  assert.deepEqual(grants('coffer.secrets.backup'), ['read secret/data/prod/db + read secret/metadata/prod/db']);
  assert.deepEqual(grants('secretmanager.secrets.update', {}, 'rotations.start'), [
    'update secret/data/prod/db + update secret/metadata/prod/db',
  ]);
});

test('what Vault has no path for is never granted, and denied by what denies everything', () => {
  const asked: readonly (readonly [Permission, Partial<Meant>, string?])[] = [
    ['secretmanager.secrets.setIamPolicy', {}],
    ['coffer.secrets.recover', {}],
    ['secretmanager.secrets.update', {}, 'secrets.replicate'],
    ['coffer.keys.export', { key: { ring: 'transit', name: 'k' } }],
  ];
  for (const [permission, over, operation] of asked) {
    const { grants: none, denies } = ways(permission, over, operation);
    assert.deepEqual([none, denies], [[], [`coffer/${permission}`]], permission);
  }
  const { secret: _secret, ...nameless } = SECRET;
  assert.deepEqual(waysOf('secretmanager.versions.access', undefined, nameless, MOUNTS).grants, []);
});

test('a key is that of its transit mount alone', () => {
  const of = (ring: string, name = 'k') => ways('coffer.keys.sign', { key: { ring, name } });
  assert.deepEqual(of('transit').grants, [[{ capability: 'update', path: 'transit/sign/k' }]]);
  assert.deepEqual(of('team/keys').denies, ['team/keys/sign/k']);
  assert.deepEqual(of('transit', "$'$&").denies, ["transit/sign/$'$&"]);
  assert.deepEqual(
    ['transit', 'team/keys', 'team', '*aws', 'secret', 'keys'].filter((ring) => of(ring).isMounted),
    ['transit', 'team/keys'],
  );
});

test('where the mount is not the secrets of the project nothing is granted, and what is denied stays', () => {
  const { 'secret/': shared, ...without } = MOUNTS;
  const first = { ...(shared as MountTable[string]), options: { version: '1' } };
  for (const mounts of [without, { ...without, 'secret/': first }, { ...without, 'secret/': TRANSIT }]) {
    const found = ways('secretmanager.versions.access', {}, undefined, mounts);
    assert.deepEqual([found.isMounted, found.denies], [false, ['secret/data/prod/db']]);
  }
});

test('a list takes a rule that holds for everything below', () => {
  const { below = '' } = ways('secretmanager.secrets.list', { secrets: true });
  const said = (...rules: readonly (readonly [string, string])[]) => {
    const text = rules.map(([path, capabilities]) => `path "${path}" { capabilities = [${capabilities}] }`).join('\n');
    const acl = new Acl([{ name: 'p', rules: parsePolicy(text) }]);
    return [acl.allowsBelow(below, ['list', 'read']) === 'p', acl.deniedBelow(below) === 'p'];
  };
  const all = ['secret/metadata/*', '"list", "read"'] as const;
  assert.deepEqual(said(all), [true, false]);
  assert.deepEqual(said(['*', '"list", "read"']), [true, false]);
  assert.deepEqual(said(['secret/metadata/', '"list", "read"']), [false, false]);
  assert.deepEqual(said(['secret/metadata/a*', '"list", "read"']), [false, false]);
  for (const narrower of ['secret/metadata', 'secret/metadata/a', 'secret/metadata/a/*', 'secret/metadata/+/b']) {
    assert.deepEqual(said(all, [narrower, '"list"']), [false, false], narrower);
    assert.deepEqual(said(all, [narrower, '"deny"']), [false, true], narrower);
  }
  for (const other of [
    'secret/data/*',
    'secret/+',
    'secret/+/*',
    '+/metadata/x',
    '+/data/+',
    '+/data/*',
    'other/*',
    'secret/metadat',
  ]) {
    assert.deepEqual(said(all, [other, '"deny"']), [true, false], other);
  }
  // A broader one is not asked where a narrower one holds for all.
  assert.deepEqual(said(all, ['secret/*', '"list"']), [true, false]);
});
