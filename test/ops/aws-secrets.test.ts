// Secrets as AWS's API asks for them, below its wire: regions, tokens of requests, staging labels, replicas, lists, and what
// the other dialects make of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type SeenFrom, versionIdOf } from '../../src/core/aws/secret.ts';
import { stagesOf } from '../../src/core/aws/stages.ts';
import type { Location, SecretName } from '../../src/core/name.ts';
import type { Secret } from '../../src/core/secret.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { type CreateAwsSecret, createAwsSecret } from '../../src/ops/aws/create-secret.ts';
import { describeSecret } from '../../src/ops/aws/describe-secret.ts';
import { type ListSeen, listSeen } from '../../src/ops/aws/list-secrets.ts';
import { listSeenVersions } from '../../src/ops/aws/list-versions.ts';
import { moveStage } from '../../src/ops/aws/move-stage.ts';
import { amendSecret, putVersion } from '../../src/ops/aws/put-version.ts';
import { awsRef } from '../../src/ops/aws/ref.ts';
import { replicateSecret } from '../../src/ops/aws/replicate.ts';
import { stopReplication } from '../../src/ops/aws/stop-replication.ts';
import { tagSecret } from '../../src/ops/aws/tag-secret.ts';
import { promoteVersion, rollbackSecret } from '../../src/ops/current.ts';
import { purgeDeletedSecret, restoreSecret } from '../../src/ops/deleted-secrets.ts';
import type { Operation } from '../../src/ops/operation.ts';
import { setSecretPolicy } from '../../src/ops/policies.ts';
import { createSecret, deleteSecret, getSecret, updateSecret } from '../../src/ops/secrets.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import {
  accessVersion,
  addVersion,
  destroyVersion,
  disableVersion,
  getVersion,
  type Selector,
} from '../../src/ops/versions.ts';
import { bytes, key, newSecret, project, refused, textOf } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;

before(async () => {
  world = await openWorld();
});
after(() => world.close());

const [east, west] = ['us-east-1', 'us-west-2'] as readonly string[] as readonly [Location, Location];
const day = 86_400_000;
const token = (name: string) => name.padEnd(32, '-');
const ask = <C, R>(operation: Operation<C, R>, command: C) => world.ask(operation, command, world.ownerCredential);
const seen = (name: string, region = east, more: Partial<SeenFrom> = {}) =>
  awsRef(project, { region, name: name as SecretName, ...more });
const value = (text: string, name = text) => ({ token: token(name), payload: bytes(text) });
const make = (name: string, text?: string, more: Partial<CreateAwsSecret> = {}) =>
  ask(createAwsSecret, {
    ...{ project, region: east, name: name as SecretName },
    ...(text === undefined ? {} : { value: value(text) }),
    ...more,
  });
const put = (name: string, text: string, stages?: readonly string[], id = text) =>
  ask(putVersion, {
    ...seen(name, east, { changes: true }),
    ...value(text, id),
    ...(stages === undefined ? {} : { stages }),
  });
const read = async (name: string, selector: Selector = 'latest', region = east) =>
  textOf((await ask(accessVersion, { ...seen(name, region), selector })).payload);
const labels = (secret: Secret) => Object.fromEntries([...stagesOf(secret)].sort());

test('the same token and value make one version, and another value is refused', async () => {
  const made = await make('tokens', 'one');
  const again = await make('tokens', 'one');
  assert.equal(again.version?.uid, made.version?.uid);
  assert.equal(versionIdOf(made.version as never), token('one'));
  await refused('REQUEST_TOKEN_USED', make('tokens', 'two', { value: value('two', 'one') }));
  await refused('SECRET_EXISTS', make('tokens', 'two'));
  const second = await put('tokens', 'two');
  assert.equal((await put('tokens', 'two')).version?.number, second.version?.number);
  await refused('REQUEST_TOKEN_USED', put('tokens', 'three', undefined, 'two'));
  const binary = { ...seen('tokens', east), ...value('two'), isBinary: true as const };
  await refused('REQUEST_TOKEN_USED', ask(putVersion, binary));
  assert.deepEqual(labels(second.secret), { AWSCURRENT: 2, AWSPREVIOUS: 1 });
});

test('requests with one token at once end in one version, whoever is first', async () => {
  const made = await Promise.allSettled(Array.from({ length: 8 }, () => make('at-once', 'one')));
  assert.deepEqual(new Set(made.map(({ status }) => status)), new Set(['fulfilled']));
  const mixed = await Promise.allSettled(
    Array.from({ length: 8 }, (_, n) => put('at-once', `v${n % 2}`, undefined, 'same')),
  );
  assert.deepEqual(mixed.map(({ status }) => status).sort(), [
    ...Array(4).fill('fulfilled'),
    ...Array(4).fill('rejected'),
  ]);
  assert.equal((await ask(getSecret, seen('at-once'))).secret.lastVersion, 2);
});

test('labels are on one version each, and AWSCURRENT leaves AWSPREVIOUS behind', async () => {
  await make('labels', 'one');
  await put('labels', 'two', ['AWSPENDING', 'blue']);
  assert.equal(await read('labels'), 'one');
  assert.equal(await read('labels', { stage: 'AWSPENDING' }), 'two');
  const { secret } = await put('labels', 'three', ['a label with spaces', 'blue']);
  assert.deepEqual(labels(secret), { AWSCURRENT: 1, AWSPENDING: 2, blue: 3, 'a label with spaces': 3 });
  assert.deepEqual(secret.versionAliases, { blue: 3 });
  const from = { ...seen('labels'), stage: 'AWSCURRENT' };
  await refused('STAGE_HELD', ask(moveStage, { ...from, moveTo: token('two') }));
  await refused('AWS_REQUEST_INVALID', ask(moveStage, { ...from, removeFrom: token('one') }));
  await refused('AWS_REQUEST_INVALID', ask(moveStage, { ...from, moveTo: token('two'), removeFrom: token('three') }));
  await refused('VERSION_NOT_FOUND', ask(moveStage, { ...from, moveTo: token('none'), removeFrom: token('one') }));
  const moved = await ask(moveStage, { ...from, moveTo: token('two'), removeFrom: token('one') });
  assert.deepEqual(labels(moved.secret), {
    AWSCURRENT: 2,
    AWSPENDING: 2,
    AWSPREVIOUS: 1,
    blue: 3,
    'a label with spaces': 3,
  });
  const gone = await ask(moveStage, { ...seen('labels'), stage: 'a label with spaces', removeFrom: token('three') });
  assert.equal(labels(gone.secret)['a label with spaces'], undefined);
  await refused('VERSION_NOT_FOUND', read('labels', { stage: 'a label with spaces' }));
  assert.equal(await read('labels', { versionId: token('three'), stage: 'blue' }), 'three');
  await refused('STAGE_NOT_OF_VERSION', read('labels', { versionId: token('three'), stage: 'AWSCURRENT' }));
  await refused(
    'LIMIT_REACHED',
    put(
      'labels',
      'many',
      Array.from({ length: 18 }, (_, n) => `label-${n}`),
    ),
  );
});

test('a first version is current whatever it is called, and a version is read by the id that named it', async () => {
  await make('first');
  await refused('VERSION_NOT_FOUND', read('first'));
  const { secret, version } = await put('first', 'one', ['blue']);
  assert.deepEqual(labels(secret), { AWSCURRENT: 1, blue: 1 });
  assert.equal(await read('first', { versionId: token('one') }), 'one');
  await refused('VERSION_NOT_FOUND', read('first', { versionId: version?.uid ?? '' }));
  await refused('VERSION_NOT_FOUND', read('first', { versionId: token('ONE') }));
});

test('what the core knows as candidate, current and the one before are the labels, both ways', async () => {
  const ref = await newSecret(world, 'roles', ['one']);
  await ask(addVersion, { ...ref, payload: bytes('two'), candidate: true });
  assert.equal(await read('roles', { stage: 'AWSPENDING' }), 'two');
  const promoted = await ask(promoteVersion, { ...ref, number: 2 });
  assert.deepEqual(labels(promoted.secret), { AWSCURRENT: 2, AWSPREVIOUS: 1 });
  await ask(moveStage, {
    ...seen('roles'),
    stage: 'AWSCURRENT',
    moveTo: await idOf('roles', 1),
    removeFrom: await idOf('roles', 2),
  });
  assert.equal(textOf((await ask(accessVersion, { ...ref, selector: 'latest' })).payload), 'one');
  assert.deepEqual(labels((await ask(rollbackSecret, ref)).secret), { AWSCURRENT: 2, AWSPREVIOUS: 1 });
  await refused('INVALID_FIELD', ask(updateSecret, { ...ref, versionAliases: { AWSCURRENT: 1 } }));
});

async function idOf(name: string, number: number): Promise<string> {
  return versionIdOf((await ask(getVersion, { ...seen(name), selector: number })).version);
}

test('a name is one secret a region: global at home, of the region elsewhere', async () => {
  const first = await make('where', 'east');
  const second = await make('where', 'west', { region: west });
  assert.deepEqual([first.secret.location, first.secret.aws?.home, second.secret.location], ['', east, west]);
  assert.deepEqual([await read('where'), await read('where', 'latest', west)], ['east', 'west']);
  assert.equal(textOf((await ask(accessVersion, { project, key: key('where'), selector: 'latest' })).payload), 'east');
  await refused('SECRET_EXISTS', make('where', 'again', { region: west }));
  await refused('SECRET_NOT_FOUND', read('where', 'latest', 'eu-west-1' as Location));
  await newSecret(world, 'made-by-google', ['all']);
  assert.equal(await read('made-by-google', 'latest', west), 'all');
  await refused('SECRET_EXISTS', make('made-by-google', 'x', { region: west }));
  await make('a/b', 'x');
  await refused('SECRET_EXISTS', make('a--b', 'x'));
  await refused('SECRET_NOT_FOUND', read('a--b'));
});

test('names that walk are refused, and a path may begin with a slash', async () => {
  for (const name of ['../up', 'a/../b', './a', 'a//b', 'a/', '//a', 'x'.repeat(513)]) {
    await refused('SECRET_ID_INVALID', make(name, 'x'));
  }
  await make('/prod/db', 'x');
  assert.equal(await read('/prod/db'), 'x');
  await make(`${'x'.repeat(500)}`, 'long');
});

test('a replica is read where it is and changed at home', async () => {
  await make('copied', 'one', { replicas: [{ region: west }] });
  assert.equal(await read('copied', 'latest', west), 'one');
  const there = seen('copied', west, { changes: true });
  await refused('REPLICA_READ_ONLY', ask(putVersion, { ...there, ...value('two') }));
  await refused('REPLICA_READ_ONLY', ask(tagSecret, { ...there, set: { a: 'b' } }));
  await refused('REPLICA_READ_ONLY', ask(moveStage, { ...there, stage: 'blue', moveTo: token('one') }));
  await refused('REPLICA_READ_ONLY', ask(deleteSecret, there));
  await refused('REPLICA_READ_ONLY', ask(replicateSecret, { ...there, removed: [west] }));
  await refused('REPLICAS_LEFT', ask(deleteSecret, seen('copied', east, { changes: true })));
  await refused('AWS_REQUEST_INVALID', ask(replicateSecret, { ...seen('copied'), replicas: [{ region: east }] }));
  await ask(replicateSecret, { ...seen('copied'), removed: [west] });
  await refused('SECRET_NOT_FOUND', read('copied', 'latest', west));
  await make('copied', 'other', { region: west });
  const failed = await ask(replicateSecret, { ...seen('copied'), replicas: [{ region: west }] });
  assert.match(failed.secret.aws?.replicas?.[0]?.problem ?? '', /already exists in region us-west-2/);
  assert.equal(await read('copied', 'latest', west), 'other');
  await ask(replicateSecret, { ...seen('copied'), replicas: [{ region: west }], overwrite: true });
  assert.equal(await read('copied', 'latest', west), 'one');
});

test('a replica becomes a secret of its own, with the versions and the ARN that it had', async () => {
  await make('promoted', 'one', { replicas: [{ region: west }], tags: { 'Some Tag': 'x' } });
  await put('promoted', 'two');
  await ask(addVersion, { project, key: key('promoted'), payload: bytes('three') });
  const ids = await Promise.all([1, 2, 3].map((number) => idOf('promoted', number)));
  await ask(destroyVersion, { project, key: key('promoted'), number: 1 });
  const before = (await ask(getSecret, seen('promoted'))).secret;
  await refused('AWS_REQUEST_INVALID', ask(stopReplication, seen('promoted')));
  const { secret } = await ask(stopReplication, seen('promoted', west));
  assert.deepEqual(
    [secret.uid.slice(0, 6), secret.location, secret.annotations],
    [before.uid.slice(0, 6), west, before.annotations],
  );
  assert.notEqual(secret.uid, before.uid);
  await put('promoted', 'four');
  assert.deepEqual([await read('promoted'), await read('promoted', 'latest', west)], ['four', 'three']);
  assert.equal(await read('promoted', { versionId: ids[1] ?? '' }, west), 'two');
  assert.equal(await read('promoted', { versionId: ids[2] ?? '', stage: 'AWSCURRENT' }, west), 'three');
  await refused('VERSION_NOT_ENABLED', read('promoted', { versionId: ids[0] ?? '' }, west));
  await ask(putVersion, { ...seen('promoted', west, { changes: true }), ...value('five') });
  assert.deepEqual([await read('promoted'), await read('promoted', 'latest', west)], ['four', 'five']);
  assert.deepEqual((await ask(getSecret, seen('promoted'))).secret.aws?.replicas, []);
});

test('what is deleted is described and restored, and nothing else', async () => {
  await make('gone', 'one');
  await ask(deleteSecret, { ...seen('gone', east, { changes: true }), recoverySeconds: 7 * 24 * 3600 });
  await refused('SECRET_DELETED', read('gone'));
  await refused('SECRET_DELETED', put('gone', 'two'));
  await refused('SECRET_DELETED', make('gone', 'one'));
  await refused('SECRET_DELETED', ask(deleteSecret, seen('gone', east, { changes: true })));
  assert.ok((await ask(describeSecret, seen('gone', east, { deleted: true }))).secret.deletedAt);
  await ask(restoreSecret, seen('gone', east, { deleted: true, changes: true }));
  assert.equal(await read('gone'), 'one');
  await ask(deleteSecret, { ...seen('gone', east, { changes: true }), recoverySeconds: 7 * 24 * 3600 });
  await ask(purgeDeletedSecret, seen('gone', east, { deleted: true, changes: true }));
  await make('gone', 'anew');
  await ask(deleteSecret, { ...seen('gone', east, { changes: true }), recoverySeconds: 7 * 24 * 3600 });
  const every: ListSeen = {
    ...{ project, region: east, withDeleted: true, filters: [{ key: 'name', values: ['gone'] }], by: 'created' },
    ...{ order: 'ascending', pageSize: 9, pageToken: '' },
  };
  assert.equal((await ask(listSeen, every)).secrets.length, 1);
  world.clock.advance(7 * day);
  assert.equal((await ask(listSeen, every)).secrets.length, 0);
  await refused('SECRET_NOT_FOUND', ask(describeSecret, seen('gone', east, { deleted: true })));
  await make('gone', 'over');
});

test('a description tells labelled versions, when it was read, and a time that grows with every change', async () => {
  await make('described', 'one', {
    description: 'what',
    kmsKeyId: 'alias/aws/secretsmanager',
    tags: { lower: 'case', 'Upper Key': 'x' },
  });
  const first = await ask(describeSecret, seen('described'));
  assert.deepEqual([first.readAt, first.versions.map(({ number }) => number)], [undefined, [1]]);
  assert.deepEqual([first.secret.labels, first.secret.annotations], [{ lower: 'case' }, { 'Upper Key': 'x' }]);
  const times = [first.secret.aws?.changedAt ?? 0];
  const changes = [
    () => put('described', 'two'),
    () => put('described', 'three'),
    () => ask(amendSecret, { ...seen('described'), description: 'else' }),
    () => ask(tagSecret, { ...seen('described'), set: { 'Upper Key': 'y', new: 'n' }, removed: ['lower'] }),
    () => ask(updateSecret, { project, key: key('described'), annotations: { 'Upper Key': 'z' } }),
  ];
  for (const change of changes) {
    await change();
    times.push((await ask(describeSecret, seen('described'))).secret.aws?.changedAt ?? 0);
  }
  assert.deepEqual(
    times,
    [...new Set(times)].sort((one, other) => one - other),
  );
  await read('described');
  const last = await ask(describeSecret, seen('described'));
  assert.equal(last.readAt, world.clock.now());
  assert.deepEqual(
    last.versions.map(({ number }) => number),
    [2, 3],
  );
  const created = (
    await ask(listSeenVersions, { ...seen('described'), deprecated: true, pageSize: 100, pageToken: '' })
  ).versions;
  assert.deepEqual(
    created.map(({ version }) => version.number),
    [1, 2, 3],
  );
  assert.equal(new Set(created.map(({ version }) => version.createdAt)).size, 3);
});

test('lists are filtered, ordered and continued, and a token is good for its own list', async () => {
  const all: Omit<ListSeen, 'project' | 'region'> = {
    ...{ withDeleted: false, filters: [{ key: 'name', values: ['listed/'] }], by: 'created', order: 'ascending' },
    ...{ pageSize: 2, pageToken: '' },
  };
  for (const name of ['c', 'a', 'b', 'e', 'd']) await make(`listed/${name}`, name);
  const list = (more: Partial<ListSeen> = {}) => ask(listSeen, { project, region: east, ...all, ...more });
  const walk = async (more: Partial<ListSeen>) => {
    const names: string[] = [];
    for (let pageToken = ''; ; ) {
      const page = await list({ ...more, pageToken });
      names.push(...page.secrets.map(({ secret }) => secret.name.slice(7)));
      pageToken = page.nextPageToken;
      if (pageToken === '') return names.join('');
    }
  };
  assert.deepEqual([await walk({}), await walk({ order: 'descending' })], ['cabed', 'debac']);
  assert.deepEqual([await walk({ by: 'name' }), await walk({ by: 'name', order: 'descending' })], ['abcde', 'edcba']);
  await ask(amendSecret, { ...seen('listed/a'), description: 'changed' });
  world.clock.advance(1);
  await read('listed/b');
  await list({ by: 'created' });
  assert.equal((await walk({ by: 'changed' })).at(-1), 'a');
  const { nextPageToken } = await list();
  await refused('PAGE_TOKEN_INVALID', list({ pageToken: nextPageToken, order: 'descending' }));
  await refused('PAGE_TOKEN_INVALID', list({ pageToken: nextPageToken, region: west }));
  await refused('PAGE_TOKEN_INVALID', list({ pageToken: `${nextPageToken.slice(0, -1)}x` }));
  assert.equal(await walk({ region: west }), '');
});

test('a hundred unlabelled versions are shown, and older ones stay for the others', async () => {
  await make('many', 'v0');
  for (let n = 1; n < 105; n++) await put('many', `v${n}`);
  const list = () => ask(listSeenVersions, { ...seen('many'), deprecated: true, pageSize: 100, pageToken: '' });
  const first = await list();
  assert.equal(first.versions.length, 100);
  assert.notEqual(first.nextPageToken, '');
  assert.equal(await read('many', { versionId: token('v0') }), 'v0');
  world.clock.advance(2 * day);
  assert.equal((await list()).versions[0]?.version.number, 4);
  await refused('VERSION_NOT_FOUND', read('many', { versionId: token('v0') }));
  assert.equal(textOf((await ask(accessVersion, { project, key: key('many'), selector: 1 })).payload), 'v0');
});

test('a disabled version is there and cannot be read, and a name that Google deleted is gone at once', async () => {
  await make('both', 'one');
  await ask(disableVersion, { project, key: key('both'), number: 1 });
  await refused('VERSION_NOT_ENABLED', read('both'));
  await refused(
    'SECRET_EXISTS',
    ask(createSecret, { project, name: 'both' as SecretName, replication: { locations: [] } }),
  );
  await ask(deleteSecret, { project, key: key('both') });
  await refused('SECRET_NOT_FOUND', read('both'));
});

test('a stranger learns nothing, and a reader of values changes none', async () => {
  await make('hidden', 'one');
  const account = { project, accountId: 'aws-reader', displayName: '', description: '' };
  const { email } = (await ask(createAccount, account)).account;
  const { token: credential } = await ask(generateToken, { account: email, lifetimeSeconds: 0 });
  const denied = async (name: string, operations: readonly (readonly [Operation<never, unknown>, object])[]) => {
    for (const [operation, more] of operations) {
      const asked = world.ask(operation, { ...seen(name), ...more } as never, credential.reveal());
      const { facts } = await refused('PERMISSION_DENIED', asked);
      assert.equal(String(facts['resource']).replace('/versions/a%versions%1', ''), `projects/default/secrets/${name}`);
    }
  };
  const others: readonly (readonly [Operation<never, unknown>, object])[] = [
    [describeSecret, {}],
    [putVersion, value('x')],
    [amendSecret, { description: 'x' }],
    [moveStage, { stage: 'x' }],
    [tagSecret, { removed: ['x'] }],
    [replicateSecret, { removed: [west] }],
    [stopReplication, {}],
    [listSeenVersions, { deprecated: true, pageSize: 1, pageToken: '' }],
  ];
  for (const name of ['hidden', 'nothing']) {
    await denied(name, [[accessVersion, { selector: { stage: 'a/versions/1' } }], ...others]);
  }
  const bindings = [{ role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${email}`] }];
  await ask(setSecretPolicy, { project, key: key('hidden'), bindings });
  await world.ask(accessVersion, { ...seen('hidden'), selector: { stage: 'AWSCURRENT' } }, credential.reveal());
  await denied('hidden', others);
  const mine = { project, region: west, name: 'hidden' as SecretName };
  await refused('PERMISSION_DENIED', world.ask(createAwsSecret, mine, credential.reveal()));
});
