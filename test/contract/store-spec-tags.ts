// What every engine behind the store port must do with tags.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { GLOBAL, parseLocation, parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { Project, Secret } from '../../src/core/secret.ts';
import type { TagKey, TagValue } from '../../src/core/tag.ts';
import { type AnyStore, aProject, apply, aSecret, internal, plain, unknownProject } from './store-rows.ts';

const id = () => String(randomInt(2 ** 47, 2 ** 48 - 1));
const times = { description: 'ключ "1"', createdAt: 1, updatedAt: 2, etag: 'AbC=' };

function aTagKey(project: Project, shortName: string): TagKey {
  return { id: id(), projectUid: project.uid, shortName, ...times };
}

function aTagValue(key: TagKey, shortName: string): TagValue {
  return { id: id(), keyId: key.id, shortName, ...times };
}

/** Two projects; the first has a key `env` with the values `prod` and `test`, and a key `team` without any. */
async function seedTags(store: AnyStore) {
  const [project, other] = [aProject(), aProject()];
  const [env, team] = [aTagKey(project, 'env'), aTagKey(project, 'team')];
  const [prod, trial] = [aTagValue(env, 'prod'), aTagValue(env, 'test')];
  await apply(
    store,
    { change: 'project.insert', project },
    { change: 'project.insert', project: other },
    { change: 'tagKey.insert', key: team },
    { change: 'tagKey.insert', key: env },
    { change: 'tagValue.insert', value: trial },
    { change: 'tagValue.insert', value: prod },
  );
  return { project, other, env, team, prod, trial };
}

const placeOf = (project: Project, { location, name }: Secret) => ({
  project: parseProjectRef(project.id),
  location,
  key: secretKey(name),
});

export function describeTags(use: () => AnyStore): void {
  test('tag keys and values are found by id and by name, and listed by name', async () => {
    const { project, other, env, team, prod, trial } = await seedTags(use());
    const [byId, byNumber] = [parseProjectRef(project.id), parseProjectRef(project.number)];
    const elsewhere = parseProjectRef(other.id);
    const rows = await use().read({
      key: { need: 'tagKey', tag: { id: env.id } },
      named: { need: 'tagKey', tag: { project: byNumber, shortName: 'env' } },
      none: { need: 'tagKey', tag: { project: elsewhere, shortName: 'env' } },
      keys: { need: 'tagKeys', project: byId, after: '', limit: 1 },
      rest: { need: 'tagKeys', project: byNumber, after: 'env', limit: 9 },
      nowhere: { need: 'tagKeys', project: unknownProject, after: '', limit: 9 },
      values: { need: 'tagValues', keyId: env.id, after: '', limit: 1 },
      more: { need: 'tagValues', keyId: env.id, after: 'prod', limit: 9 },
      ofKey: { need: 'projectOfTag', kind: 'tagKeys', id: team.id },
      ofValue: { need: 'projectOfTag', kind: 'tagValues', id: prod.id },
      ofNothing: { need: 'projectOfTag', kind: 'tagValues', id: env.id },
    });
    const found = { project, key: env };
    assert.deepEqual(plain([rows.key, rows.named, rows.none]), plain([found, found, undefined]));
    assert.deepEqual([rows.keys, rows.rest, rows.nowhere], [[env], [team], []]);
    assert.deepEqual([rows.values, rows.more], [[prod], [trial]]);
    assert.deepEqual(plain([rows.ofKey, rows.ofValue, rows.ofNothing]), plain([project, project, undefined]));
    const { named } = await use().read({
      named: {
        need: 'tagValuesNamed',
        tags: [
          { project: byNumber, keyName: 'env', shortName: 'test' },
          { project: elsewhere, keyName: 'env', shortName: 'test' },
          { id: prod.id },
          { id: env.id },
          { project: byId, keyName: 'env', shortName: 'test' },
        ],
      },
    });
    const [one, two] = [
      { project, key: env, value: trial },
      { project, key: env, value: prod },
    ];
    assert.deepEqual(plain(named), plain([one, undefined, two, undefined, one]));
    const { empty } = await use().read({ empty: { need: 'tagValuesNamed', tags: [] } });
    assert.deepEqual(empty, []);
  });

  test('short names are unique in their key or project', async () => {
    const { project, other, env, team } = await seedTags(use());
    const twice = [
      { change: 'tagKey.insert', key: aTagKey(project, 'env') },
      { change: 'tagValue.insert', value: aTagValue(env, 'prod') },
    ] as const;
    for (const change of twice) await assert.rejects(apply(use(), change), internal, change.change);
    await apply(
      use(),
      { change: 'tagKey.insert', key: aTagKey(other, 'env') },
      { change: 'tagValue.insert', value: aTagValue(team, 'prod') },
    );
  });

  test('a binding shows the secret its tags and the value its use, until the binding or the secret goes', async () => {
    const { project, other, env, prod, trial } = await seedTags(use());
    const here = aSecret(project);
    const there = aSecret(other, undefined, { location: parseLocation('us-east1') });
    const bind = (secret: Secret, value: TagValue) =>
      ({ change: 'tagBinding.insert', secretUid: secret.uid, valueId: value.id }) as const;
    await apply(
      use(),
      { change: 'secret.insert', secret: here },
      { change: 'secret.insert', secret: there },
      bind(here, prod),
      bind(there, trial),
    );
    const look = () =>
      use().read({
        here: { need: 'tagsOfSecret', ...placeOf(project, here) },
        there: { need: 'tagsOfSecret', ...placeOf(other, there) },
        prod: { need: 'tagUse', valueId: prod.id },
        trial: { need: 'tagUse', valueId: trial.id },
      });
    const bound = {
      here: [{ project, key: env, value: prod }],
      there: [{ project, key: env, value: trial }],
      prod: GLOBAL,
      trial: 'us-east1',
    };
    assert.deepEqual(plain(await look()), plain(bound));
    await assert.rejects(apply(use(), bind(here, prod)), internal, 'bound twice');
    await assert.rejects(apply(use(), { change: 'tagValue.delete', id: prod.id }), internal, 'a value in use');
    await apply(use(), { change: 'secret.update', secret: { ...there, purgeAt: 9 } });
    assert.deepEqual((await look()).there, []);
    assert.equal((await look()).trial, 'us-east1', 'a deleted secret can come back');
    const unbind = { change: 'tagBinding.delete', secretUid: here.uid, valueId: prod.id } as const;
    await apply(use(), unbind, { change: 'secret.delete', uid: there.uid });
    assert.deepEqual(await look(), { here: [], there: [], prod: undefined, trial: undefined });
    await assert.rejects(apply(use(), unbind), internal, 'unbound twice');
    const gone = { change: 'tagValue.delete', id: prod.id } as const;
    await apply(use(), gone, { change: 'tagKey.delete', id: env.id });
    await assert.rejects(apply(use(), gone), internal, 'deleted twice');
    await assert.rejects(apply(use(), { change: 'tagKey.delete', id: env.id }), internal, 'deleted twice');
  });
}
