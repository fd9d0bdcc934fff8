// Tags, over the real store and engine: who may make, bind and remove them, what hangs on what, and what conditions see.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TAG_VALUES_PER_KEY_MAX, TAGS_MAX } from '../../src/core/limits.ts';
import { parseLocation, parseProjectId, parseProjectRef, parseSecretName } from '../../src/core/name.ts';
import type { Change } from '../../src/core/ports.ts';
import type { TagValueOfProject } from '../../src/core/tag.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { restoreSecret } from '../../src/ops/deleted-secrets.ts';
import { setProjectPolicy, setSecretPolicy } from '../../src/ops/policies.ts';
import { createProject } from '../../src/ops/projects.ts';
import { createSecret, deleteSecret, getSecret, type SecretRef } from '../../src/ops/secrets.ts';
import { createTagBinding, deleteTagBinding, listEffectiveTags, listTagBindings } from '../../src/ops/tag-bindings.ts';
import {
  createTagKey,
  createTagValue,
  deleteTagKey,
  deleteTagValue,
  getTagKey,
  getTagValue,
  listTagKeys,
  listTagValues,
} from '../../src/ops/tags.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { accessVersion } from '../../src/ops/versions.ts';
import { eventsOf, key, newSecret, project, refused } from './support.ts';
import { openWorld, type World } from './world.ts';

const other = parseProjectRef('other-project');
const PAGE = { pageSize: 0, pageToken: '' };

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
  await world.ask(createProject, { id: parseProjectId('other-project'), displayName: '', labels: {} }, owner);
});
after(() => world.close());

/** A new value of a new key of the project. */
async function newTag(keyName: string, shortName = 'v', of = project): Promise<TagValueOfProject> {
  const { key } = await world.ask(createTagKey, { project: of, shortName: keyName, description: '' }, owner);
  return world.ask(createTagValue, { keyId: key.id, shortName, description: '' }, owner);
}

const another = ({ key }: TagValueOfProject, shortName: string) =>
  world.ask(createTagValue, { keyId: key.id, shortName, description: '' }, owner);
const bind = (ref: SecretRef, { value }: TagValueOfProject, credential = owner) =>
  world.ask(createTagBinding, { ...ref, tag: { id: value.id } }, credential);
const unbind = (ref: SecretRef, { value }: TagValueOfProject, credential = owner) =>
  world.ask(deleteTagBinding, { ...ref, tag: { id: value.id } }, credential);
const tagsOf = async (ref: SecretRef) => (await world.ask(getSecret, ref, owner)).secret.tags;

/** A token of a new account with these roles, each on its project. */
async function holder(accountId: string, roles: readonly (readonly [role: string, on: typeof project])[]) {
  const { account } = await world.ask(createAccount, { project, accountId, displayName: '', description: '' }, owner);
  for (const on of [project, other]) {
    const bindings = roles.filter(([, at]) => at === on).map(([role]) => ({ role, members: [member(account.email)] }));
    await world.ask(setProjectPolicy, { project: on, version: 1, bindings }, owner);
  }
  return (await world.ask(generateToken, { account: account.email, lifetimeSeconds: 0 }, owner)).token.reveal();
}
const member = (email: string) => `serviceAccount:${email}`;

test('keys and values have numbers and names, and go in the order they hang in', async () => {
  const tag = await newTag('life', 'one');
  assert.match(tag.key.id, /^[1-9][0-9]{14}$/);
  const named = { project, shortName: 'life' };
  assert.deepEqual((await world.ask(getTagKey, { tag: named }, owner)).key, tag.key);
  const path = { project: parseProjectRef(tag.project.number), keyName: 'life', shortName: 'one' };
  assert.deepEqual((await world.ask(getTagValue, { tag: path }, owner)).value, tag.value);
  const twice = { keyId: tag.key.id, shortName: 'one', description: '' };
  await refused('TAG_VALUE_EXISTS', world.ask(createTagValue, twice, owner));
  await refused('TAG_KEY_EXISTS', world.ask(createTagKey, { ...named, description: '' }, owner));
  await refused('INVALID_FIELD', world.ask(createTagKey, { ...named, shortName: "it's", description: '' }, owner));
  const long = { project, shortName: 'long', description: 'x'.repeat(257) };
  await refused('INVALID_FIELD', world.ask(createTagKey, long, owner));
  await refused('TAG_KEY_IN_USE', world.ask(deleteTagKey, { id: tag.key.id }, owner));
  await refused('TAG_ETAG_MISMATCH', world.ask(deleteTagValue, { id: tag.value.id, etag: tag.key.etag }, owner));
  await world.ask(deleteTagValue, { id: tag.value.id, etag: tag.value.etag }, owner);
  await world.ask(deleteTagKey, { id: tag.key.id, etag: tag.key.etag }, owner);
  await refused('PERMISSION_DENIED', world.ask(getTagKey, { tag: named }, owner));
  await refused('PERMISSION_DENIED', world.ask(deleteTagKey, { id: tag.key.id }, owner));
  const records = (await world.records()).filter(({ resource }) => resource.endsWith(`/tagKeys/${tag.key.id}`));
  assert.deepEqual(
    records.map(({ operation, outcome, resource }) => `${operation} ${outcome} ${resource}`),
    [
      `tagKeys.delete failed projects/default/tagKeys/${tag.key.id}`,
      `tagKeys.delete allowed projects/default/tagKeys/${tag.key.id}`,
    ],
  );
});

test('lists are by short name, and a page token is of its list alone', async () => {
  const tag = await newTag('paged', 'b', other);
  await newTag('also', 'x', other);
  for (const name of ['c', 'a']) await another(tag, name);
  const list = (pageToken: string) => world.ask(listTagValues, { keyId: tag.key.id, pageSize: 2, pageToken }, owner);
  const first = await list('');
  assert.deepEqual(
    first.values.map(({ shortName }) => shortName),
    ['a', 'b'],
  );
  const last = await list(first.nextPageToken);
  assert.deepEqual([last.values.map(({ shortName }) => shortName), last.nextPageToken], [['c'], '']);
  const keys = (pageToken: string) => world.ask(listTagKeys, { project: other, pageSize: 1, pageToken }, owner);
  const page = await keys('');
  assert.deepEqual(
    page.keys.map(({ shortName }) => shortName),
    ['also'],
  );
  assert.deepEqual(
    (await keys(page.nextPageToken)).keys.map(({ shortName }) => shortName),
    ['paged'],
  );
  await refused('PAGE_TOKEN_INVALID', list(page.nextPageToken));
});

test('a binding changes what the secret has, its tags alone, and tells nobody', async () => {
  const [tag, second] = [await newTag('bound', 'prod'), await newTag('bound-too')];
  const ref = await newSecret(world, 'bound', ['v']);
  const before = (await world.ask(getSecret, ref, owner)).secret;
  const told = (await eventsOf(world, 'secrets/bound')).length;
  await bind(ref, tag);
  assert.deepEqual((await world.ask(getSecret, ref, owner)).secret, {
    ...before,
    tags: { [`tagKeys/${tag.key.id}`]: `tagValues/${tag.value.id}`, 'default/bound': 'prod' },
  });
  assert.equal((await eventsOf(world, 'secrets/bound')).length, told);
  await refused('TAG_BINDING_EXISTS', bind(ref, tag));
  await refused('TAG_KEY_BOUND', bind(ref, await another(tag, 'test')));
  await bind(ref, second);
  for (const list of [listTagBindings, listEffectiveTags]) {
    const ids = [tag, second].map(({ value }) => value.id).sort();
    const one = await world.ask(list, { ...ref, pageSize: 1, pageToken: '' }, owner);
    assert.deepEqual(
      one.tags.map(({ value }) => value.id),
      ids.slice(0, 1),
    );
    const rest = await world.ask(list, { ...ref, pageSize: 1, pageToken: one.nextPageToken }, owner);
    assert.deepEqual([rest.tags.map(({ value }) => value.id), rest.nextPageToken], [ids.slice(1), '']);
  }
  await refused('TAG_VALUE_IN_USE', world.ask(deleteTagValue, { id: tag.value.id }, owner));
  await unbind(ref, tag);
  await refused('TAG_BINDING_NOT_FOUND', unbind(ref, tag));
  await unbind(ref, second);
  assert.deepEqual(await tagsOf(ref), {});
  await world.ask(deleteTagValue, { id: tag.value.id }, owner);
  const [record] = (await world.records()).filter(({ operation }) => operation === 'tagBindings.create');
  assert.deepEqual(record?.details, { tagKey: tag.key.id, tagValue: tag.value.id });
});

test('a secret that is made with tags is bound to them, however they are named', async () => {
  const [one, two] = [await newTag('made', 'x'), await newTag('made-abroad', 'y', other)];
  const tags = { [`tagKeys/${one.key.id}`]: `tagValues/${one.value.id}`, 'other-project/made-abroad': 'y' };
  const location = parseLocation('us-east1');
  const ref = { project, location, key: key('made') };
  await world.ask(createSecret, { project, location, name: parseSecretName('made'), tags }, owner);
  const listed = await world.ask(listTagBindings, { ...ref, ...PAGE }, owner);
  assert.deepEqual(
    listed.tags.map(({ value }) => value.id),
    [one.value.id, two.value.id].sort(),
  );
  assert.deepEqual(await tagsOf(ref), {
    ...tags,
    'default/made': 'x',
    [`tagKeys/${two.key.id}`]: `tagValues/${two.value.id}`,
  });
  const fault = await refused('TAG_VALUE_IN_USE', world.ask(deleteTagValue, { id: one.value.id }, owner));
  assert.equal(fault.facts['place'], 'us-east1');
  const make = (given: Record<string, string>) => newSecret(world, 'unmade', [], { tags: given });
  await refused('INVALID_FIELD', make({ [`tagKeys/${two.key.id}`]: `tagValues/${one.value.id}` }));
  await refused('INVALID_FIELD', make({ ...tags, 'default/made': 'x' }));
  await refused('INVALID_FIELD', make({ env: 'prod' }));
  await refused('PERMISSION_DENIED', make({ 'default/made': 'no' }));
  await refused('PERMISSION_DENIED', make({ 'tagKeys/1': 'tagValues/2' }));
});

test('a deleted secret keeps its tags while it can be restored', async () => {
  const tag = await newTag('kept');
  const ref = await newSecret(world, 'kept');
  await bind(ref, tag);
  await world.ask(deleteSecret, { ...ref, recoverySeconds: 60 }, owner);
  await refused('TAG_VALUE_IN_USE', world.ask(deleteTagValue, { id: tag.value.id }, owner));
  await refused('SECRET_NOT_FOUND', unbind(ref, tag));
  await world.ask(restoreSecret, ref, owner);
  await unbind(ref, tag);
  await bind(ref, tag);
  await world.ask(deleteSecret, ref, owner);
  await world.ask(deleteTagValue, { id: tag.value.id }, owner);
});

test('keys hold so many values, and a secret so many tags', async () => {
  const tag = await newTag('full');
  const ref = await newSecret(world, 'full');
  const values = Array.from({ length: TAG_VALUES_PER_KEY_MAX - 2 }, (_, index): Change => {
    const value = { ...tag.value, id: String(100_000 + index), shortName: `v${index}` };
    return { change: 'tagValue.insert', value };
  });
  const { secret } = await world.ask(getSecret, ref, owner);
  const full = Object.fromEntries(
    Array.from({ length: TAGS_MAX }, (_, index) => [`tagKeys/${index + 1}`, 'tagValues/1']),
  );
  const [record] = await world.records();
  assert.ok(record);
  await world.store.transact({}, () => ({
    result: undefined,
    changes: [...values, { change: 'secret.update', secret: { ...secret, tags: full } }],
    record: { ...record, id: 'filled' },
  }));
  await another(tag, 'last');
  await refused('TAGS_FULL', another(tag, 'more'));
  await refused('TAGS_FULL', bind(ref, tag));
});

test('binding takes a permission on the secret and one on the value, wherever that lives', async () => {
  const [here, there] = [await newTag('guarded'), await newTag('guarded-there', 'v', other)];
  const ref = await newSecret(world, 'guarded');
  const denied = async (permission: string, work: Promise<unknown>) => {
    assert.equal((await refused('PERMISSION_DENIED', work)).facts['permission'], permission);
  };
  const [onSecret, onValue] = ['secretmanager.secrets.createTagBinding', 'resourcemanager.tagValueBindings.create'];
  const admin = await holder('tags-admin', [['roles/secretmanager.admin', project]]);
  await denied(onValue, bind(ref, here, admin));
  const editor = await holder('tags-editor', [['roles/editor', project]]);
  await denied(onSecret, bind(ref, here, editor));
  const made = { project, name: parseSecretName('by-editor'), replication: { locations: [] } };
  await denied(onSecret, world.ask(createSecret, { ...made, tags: { 'default/guarded': 'v' } }, editor));
  const user = await holder('tags-user', [['roles/resourcemanager.tagUser', project]]);
  await bind(ref, here, user);
  await denied(onValue, bind(ref, there, user));
  await denied('resourcemanager.tagValueBindings.delete', unbind(ref, there, user));
  await denied(
    'resourcemanager.tagKeys.create',
    world.ask(createTagKey, { project, shortName: 'u', description: '' }, user),
  );
  const both = await holder('tags-both', [
    ['roles/resourcemanager.tagUser', project],
    ['roles/resourcemanager.tagUser', other],
  ]);
  await bind(ref, there, both);
  await unbind(ref, there, both);
  const maker = await holder('tags-maker', [['roles/resourcemanager.tagAdmin', project]]);
  const { key } = await world.ask(createTagKey, { project, shortName: 'own', description: '' }, maker);
  await world.ask(deleteTagKey, { id: key.id }, maker);
  await denied('secretmanager.secrets.listTagBindings', world.ask(listTagBindings, { ...ref, ...PAGE }, maker));
  await denied('resourcemanager.tagKeys.get', world.ask(getTagKey, { tag: { id: there.key.id } }, maker));
  await refused('CREDENTIAL_MISSING', world.ask(getTagKey, { tag: { id: here.key.id } }));
});

test('a condition on a tag opens what has it, by name and by number, until it is taken away', async () => {
  const tag = await newTag('env', 'prod');
  const ref = await newSecret(world, 'conditional', ['value']);
  const reader = await holder('tag-reader', []);
  const email = 'tag-reader@default.iam.gserviceaccount.com';
  const expressions = [
    "resource.matchTag('default/env', 'prod')",
    `resource.matchTagId('tagKeys/${tag.key.id}', 'tagValues/${tag.value.id}')`,
  ];
  const read = () => world.ask(accessVersion, { ...ref, selector: 'latest' }, reader);
  for (const expression of expressions) {
    const condition = { title: 'tagged', description: '', expression };
    const bindings = [{ role: 'roles/secretmanager.secretAccessor', members: [member(email)], condition }];
    await world.ask(setSecretPolicy, { ...ref, version: 3, bindings }, owner);
    await refused('PERMISSION_DENIED', read());
    await bind(ref, tag);
    await read();
    await unbind(ref, tag);
    await refused('PERMISSION_DENIED', read());
  }
});
