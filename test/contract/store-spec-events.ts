// What every engine behind the store port must do with topics, subscriptions, the outbox, account keys and conditions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../src/core/error.ts';
import { versionEvent } from '../../src/core/events.ts';
import { EMPTY_POLICY, type Policy } from '../../src/core/iam/policy.ts';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { EventInList } from '../../src/core/notice-rows.ts';
import type { Subscription, Topic } from '../../src/core/secret.ts';
import {
  type AnyStore,
  aKey,
  anAccount,
  anEvent,
  aProject,
  apply,
  aRecord,
  aSecret,
  aToken,
  aVersion,
  deletion,
  internal,
  seed,
  uid,
  unknownProject,
} from './store-rows.ts';

export function describeTopics(use: () => AnyStore): void {
  test('topics and subscriptions are found, listed by id, and deleted apart from each other', async () => {
    const [project, other] = [aProject(), aProject()];
    await apply(use(), { change: 'project.insert', project }, { change: 'project.insert', project: other });
    const topic = (id: string): Topic => ({ projectUid: project.uid, id, createdAt: 1, labels: { of: id } });
    const topics = ['b', 'c', 'a'].map(topic);
    const subscriptions = ['s2', 's1'].map(
      (id): Subscription => ({ ...topic(id), topic: `projects/${project.id}/topics/a` }),
    );
    for (const one of topics) await apply(use(), { change: 'topic.insert', topic: one });
    for (const subscription of subscriptions) await apply(use(), { change: 'subscription.insert', subscription });
    const [byId, byNumber] = [parseProjectRef(project.id), parseProjectRef(project.number)];
    const all = {
      topic: { need: 'topic', project: byNumber, id: 'a' },
      subscription: { need: 'subscription', project: byId, id: 's1' },
      elsewhere: { need: 'topic', project: parseProjectRef(other.id), id: 'a' },
      topics: { need: 'topics', project: byId, after: '', limit: 2 },
      rest: { need: 'topics', project: byNumber, after: 'b', limit: 2 },
      subscriptions: { need: 'subscriptions', project: byId, after: '', limit: 9 },
      none: { need: 'subscriptions', project: unknownProject, after: '', limit: 9 },
    } as const;
    const [b, c, a] = topics;
    const [s2, s1] = subscriptions;
    const rows = await use().read(all);
    const expected = { topic: a, subscription: s1, elsewhere: undefined, topics: [a, b], rest: [c] };
    assert.deepEqual(rows, { ...expected, subscriptions: [s1, s2], none: [] });
    const key = { projectUid: project.uid };
    await apply(
      use(),
      { change: 'topic.delete', ...key, id: 'a' },
      { change: 'subscription.delete', ...key, id: 's2' },
    );
    const left = await use().read(all);
    assert.deepEqual(left, { ...expected, topic: undefined, topics: [b, c], subscriptions: [s1], none: [] });
    for (const change of ['topic.delete', 'subscription.delete'] as const) {
      await assert.rejects(apply(use(), { change, ...key, id: 's2' }), internal, change);
    }
    await assert.rejects(apply(use(), { change: 'topic.insert', topic: topic('b') }), internal);
  });

  test('topics are found by their full names, each answered in its place', async () => {
    const [project, other] = [aProject(), aProject()];
    await apply(use(), { change: 'project.insert', project }, { change: 'project.insert', project: other });
    for (const id of ['one', 'two']) {
      const topic: Topic = { projectUid: project.uid, id, createdAt: 1, labels: {} };
      await apply(use(), { change: 'topic.insert', topic });
    }
    const [one, two] = ['one', 'two'].map((id) => `projects/${project.id}/topics/${id}`);
    const asked = [
      [`projects/${project.number}/topics/two`, two],
      [`projects/${project.id}/topics/three`, undefined],
      [one, one],
      [`projects/${other.id}/topics/one`, undefined],
      ['not a topic', undefined],
      ['', undefined],
      ['projects//topics/', undefined],
      [two, two],
    ] as const;
    const read = async (names: readonly string[]) => (await use().read({ it: { need: 'topicsNamed', names } })).it;
    assert.deepEqual(
      await read(asked.map(([name]) => name ?? '')),
      asked.map(([, found]) => found),
    );
    assert.deepEqual(await read([]), []);
    assert.deepEqual(await read(['x']), [undefined]);
  });
}

export function describeOutbox(use: () => AnyStore): void {
  const after = async (cursor: number, limit = 99): Promise<readonly EventInList[]> =>
    (await use().read({ it: { need: 'events', after: cursor, limit } })).it;

  test('events are read in their order after a cursor, exactly as written', async () => {
    const from = (await after(0)).at(-1)?.cursor ?? 0;
    const { version: _, ...bare } = anEvent({ topics: [], attributes: {}, data: '' });
    const events = [anEvent({ time: 30 }), bare, anEvent({ time: 10 })];
    for (const event of events) await apply(use(), { change: 'event.insert', event });
    const found = await after(from);
    assert.deepEqual(
      found.map(({ event }) => event),
      events,
    );
    const [first, second] = found;
    assert.ok(first && second && second.cursor > first.cursor);
    assert.deepEqual(await after(first.cursor, 1), [second]);
  });

  test('attributes that follow from the rest of an event are there when it is read', async () => {
    const { project, secret } = await seed(use(), 1);
    const event = versionEvent('SECRET_VERSION_DISABLE', {
      ...{ uid: uid(), now: 1_790_000_000_007, project, secret: { ...secret, location: 'europe-west1' as never } },
      version: aVersion(secret, 1),
    });
    await apply(use(), { change: 'event.insert', event });
    const resource = `projects/${project.number}/locations/europe-west1/secrets/${secret.name}`;
    assert.deepEqual((await after(0)).at(-1)?.event, {
      ...event,
      attributes: {
        eventType: 'SECRET_VERSION_DISABLE',
        dataFormat: 'JSON_API_V1',
        secretId: resource,
        timestamp: '2026-09-21T07:13:20.007000-07:00',
        versionId: `${resource}/versions/1`,
      },
    });
  });

  test('an event is there exactly when its transaction is', async () => {
    const event = anEvent();
    const before = await after(0);
    const change = { change: 'event.insert', event } as const;
    await assert.rejects(apply(use(), change, { change: 'secret.delete', uid: uid() }), internal);
    await assert.rejects(
      async () =>
        await use().transact({}, () => {
          throw new Fault('ETAG_MISMATCH');
        }),
    );
    assert.deepEqual(await after(0), before);
    await apply(use(), change);
  });

  test('old events are dropped, and no cursor is ever given out again', async () => {
    const times = [100, 300, 200, 400];
    for (const time of times) {
      await apply(use(), { change: 'event.insert', event: anEvent({ time, data: 'old' }) });
    }
    const left = async () =>
      (await after(0)).filter(({ event }) => event.data === 'old').map(({ event }) => event.time);
    await apply(use(), { change: 'events.deleteBefore', time: 300 });
    assert.deepEqual(await left(), [300, 400]);
    const last = (await after(0)).at(-1)?.cursor ?? 0;
    await apply(use(), { change: 'events.deleteBefore', time: 1e15 });
    await apply(use(), { change: 'events.deleteBefore', time: 1e15 });
    assert.ok((await after(0)).length <= 1);
    const event = anEvent();
    await apply(use(), { change: 'event.insert', event });
    assert.deepEqual(
      (await after(last)).map(({ event: { id } }) => id),
      [event.id],
    );
  });
}

export function describeIdentity(use: () => AnyStore): void {
  test('keys of an account are found, listed from the oldest, disabled, and go with it', async () => {
    const project = aProject();
    const [account, other] = [anAccount(project, 'keys-of-one'), anAccount(project, 'keys-of-two')];
    const keys = [aKey(account, { createdAt: 20 }), aKey(account, { createdAt: 10, expiresAt: 99 })];
    const theirs = aKey(other);
    await apply(
      use(),
      { change: 'project.insert', project },
      { change: 'account.insert', account },
      { change: 'account.insert', account: other },
      ...[...keys, theirs].map((key) => ({ change: 'accountKey.insert' as const, key })),
    );
    const [newer, older] = keys;
    assert.ok(newer && older);
    const all = {
      one: { need: 'accountKey', id: older.id },
      mine: { need: 'accountKeys', email: account.email },
      theirs: { need: 'accountKeys', email: other.email },
      none: { need: 'accountKey', id: uid() },
    } as const;
    const found = { one: older, mine: [older, newer], theirs: [theirs], none: undefined };
    assert.deepEqual(await use().read(all), found);
    const { expiresAt: _, ...endless } = older;
    const changed = { ...endless, disabled: true };
    await apply(use(), { change: 'accountKey.update', key: changed });
    assert.deepEqual(await use().read(all), { ...found, one: changed, mine: [changed, newer] });
    await apply(use(), { change: 'accountKey.delete', id: newer.id });
    assert.deepEqual((await use().read(all)).mine, [changed]);
    const bad = [
      { change: 'accountKey.delete', id: newer.id },
      { change: 'accountKey.update', key: newer },
      { change: 'accountKey.update', key: { ...changed, publicKey: 'another' } },
      { change: 'accountKey.insert', key: aKey(anAccount(project, 'keys-of-none')) },
    ] as const;
    for (const change of bad) await assert.rejects(apply(use(), change), internal, change.change);
    await apply(use(), deletion(account));
    assert.deepEqual(await use().read(all), { ...found, one: undefined, mine: [] });
  });

  test('conditions are kept with their bindings', async () => {
    const condition = { title: 'only then', description: '', expression: "resource.name.startsWith('x')" };
    const binding = { role: 'roles/viewer', members: ['user:a@example.com'] };
    const policy: Policy = { bindings: [binding, { ...binding, condition }], etag: 'BwAC' };
    const project = aProject({ policy });
    await apply(use(), { change: 'project.insert', project });
    const { it } = await use().read({ it: { need: 'project', project: parseProjectRef(project.id) } });
    assert.deepEqual(it?.policy, policy);
    const half = { bindings: [{ ...binding, condition: { title: 'x' } as never }], etag: 'BwAC' };
    await assert.rejects(apply(use(), { change: 'project.update', project: { ...project, policy: half } }), internal);
  });

  test('a deleted account is renamed in every policy that names it, and in no other', async () => {
    const project = aProject();
    const account = anAccount(project, 'renamed');
    const member = `serviceAccount:${account.email}`;
    const condition = { title: member, description: '', expression: `"${member}" != ''` };
    const naming: Policy = {
      bindings: [
        { role: 'roles/viewer', members: ['user:a@example.com', `${member}.example`, member] },
        { role: 'roles/owner', members: [member], condition },
      ],
      etag: 'BwAA',
    };
    const alike: Policy = {
      bindings: [{ role: 'roles/viewer', members: [`${member}.example`], condition }],
      etag: 'BwAB',
    };
    const named = aProject({ policy: naming });
    const secrets = [
      aSecret(project, 'named', { policy: naming }),
      aSecret(project, 'deleted', { policy: naming, purgeAt: 6e12 }),
      aSecret(project, 'alike', { policy: alike }),
      aSecret(project, 'fresh'),
    ];
    await apply(
      use(),
      { change: 'server.policy', policy: naming },
      { change: 'project.insert', project: { ...project, policy: alike } },
      { change: 'project.insert', project: named },
      ...secrets.map((secret) => ({ change: 'secret.insert' as const, secret })),
      { change: 'account.insert', account },
      { change: 'token.insert', token: aToken(member) },
    );
    const change = deletion(account);
    const { deletedMember, policyEtag } = change;
    await use().transact({}, () => ({ result: 0, changes: [change], record: aRecord() }));
    const renamed: Policy = {
      bindings: [
        { role: 'roles/viewer', members: ['user:a@example.com', `${member}.example`, deletedMember] },
        { role: 'roles/owner', members: [deletedMember], condition },
      ],
      etag: policyEtag,
    };
    const ref = parseProjectRef(project.id);
    const policies = await Promise.all(
      secrets.map(async ({ name }) => {
        const need = { need: 'secret', project: ref, key: secretKey(name), deleted: true } as const;
        return (await use().read({ it: need })).it?.policy;
      }),
    );
    assert.deepEqual(policies, [renamed, renamed, alike, EMPTY_POLICY]);
    const rows = await use().read({
      server: { need: 'server' },
      project: { need: 'project', project: ref },
      named: { need: 'project', project: parseProjectRef(named.id) },
    });
    assert.deepEqual(rows.server, renamed);
    assert.deepEqual([rows.project?.policy, rows.named?.policy], [alike, renamed]);
    await apply(use(), { change: 'server.policy', policy: EMPTY_POLICY });
  });
}
