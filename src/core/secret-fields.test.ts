import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault, type FaultCode } from './error.ts';
import { ALIASES_MAX, REPLICAS_MAX, TOPICS_PER_SECRET_MAX } from './limits.ts';
import { GLOBAL, type Location } from './name.ts';
import { changeKey, changeKeys, parseReplication } from './replication.ts';
import { checkTopicNames, parseAliases } from './secret-fields.ts';

const fault = (code: FaultCode) => (error: unknown) => error instanceof Fault && error.code === code;
const many = <T>(count: number, entry: (index: number) => [string, T]) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => entry(index)));

test('aliases: their form, how many, and versions that exist', () => {
  const good = { a: 1, Prod: 2, prod: 3, Latest: 1, new: 1, [`x${'-'.repeat(62)}`]: 3 };
  assert.deepEqual(parseAliases(good, 3), good);
  for (const bad of ['', '1a', '_a', '-a', 'a.b', 'a b', 'é', 'latest', 'NEW', `x${'y'.repeat(63)}`]) {
    assert.throws(() => parseAliases({ [bad]: 1 }, 3), fault('INVALID_FIELD'), bad);
  }
  for (const missing of [0, -1, 4, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER]) {
    assert.throws(() => parseAliases({ a: missing }, 3), fault('ALIAS_VERSION_MISSING'), String(missing));
  }
  assert.throws(() => parseAliases({ a: 1 }, 0), fault('ALIAS_VERSION_MISSING'));
  const full = many(ALIASES_MAX, (index) => [`a${index}`, 1]);
  assert.equal(Object.keys(parseAliases(full, 1)).length, 50);
  assert.throws(() => parseAliases({ ...full, more: 1 }, 1), fault('INVALID_FIELD'));
});

test('topics: full names, distinct, at most ten', () => {
  const names = Array.from({ length: TOPICS_PER_SECRET_MAX }, (_, index) => `projects/p-1/topics/topic-${index}`);
  checkTopicNames(names);
  checkTopicNames(['projects/123456/topics/abc']);
  assert.throws(() => checkTopicNames([...names, 'projects/p/topics/one-more']), fault('INVALID_FIELD'));
  assert.throws(() => checkTopicNames(['projects/p/topics/abc', 'projects/p/topics/abc']), fault('INVALID_FIELD'));
  for (const bad of [
    '',
    'abc',
    'projects/p/topics/ab',
    'projects/p/topics/1abc',
    'projects//topics/abc',
    'projects/p/topics/a/b',
  ]) {
    assert.throws(() => checkTopicNames([bad]), fault('INVALID_FIELD'), bad);
  }
});

const REGION = 'us-east1' as Location;
const keyIn = (location: string) => `projects/p/locations/${location}/keyRings/r/cryptoKeys/k`;

test('replication: a policy for a global secret, none for a regional one, keys where they belong', () => {
  assert.deepEqual(parseReplication(GLOBAL, { locations: [] }, undefined), { locations: [] });
  const keyed = { locations: [], kmsKey: keyIn('global') };
  assert.deepEqual(parseReplication(GLOBAL, keyed, undefined), keyed);
  assert.deepEqual(parseReplication(REGION, undefined, keyIn(REGION)), { locations: [], kmsKey: keyIn(REGION) });
  assert.throws(() => parseReplication(GLOBAL, undefined, undefined), fault('REPLICATION_MISSING'));
  assert.throws(() => parseReplication(REGION, { locations: [] }, undefined), fault('REPLICATION_FORBIDDEN'));
  for (const wrong of [keyIn('us-east1'), 'k', `${keyIn('global')}/cryptoKeyVersions/1`, keyIn('glo bal'), '']) {
    assert.throws(
      () => parseReplication(GLOBAL, { locations: [], kmsKey: wrong }, undefined),
      fault('INVALID_FIELD'),
      wrong,
    );
  }
  assert.throws(() => parseReplication(GLOBAL, { locations: [] }, keyIn('global')), fault('INVALID_FIELD'));
  assert.throws(() => parseReplication(REGION, undefined, keyIn('global')), fault('INVALID_FIELD'));
});

test('replicas: distinct, bounded, and either all have a key of their own place or none has', () => {
  const at = (...places: string[]) => ({ locations: places.map((location) => ({ location })) });
  const full = at(...Array.from({ length: REPLICAS_MAX }, (_, index) => `us-east${index}`));
  assert.deepEqual(parseReplication(GLOBAL, full, undefined), full);
  for (const bad of [
    at('us-east1', 'us-east1'),
    at(''),
    at('US'),
    { locations: [...full.locations, { location: 'x' }] },
  ]) {
    assert.throws(() => parseReplication(GLOBAL, bad, undefined), fault('INVALID_FIELD'));
  }
  const keyed = { locations: ['us-east1', 'us-west1'].map((location) => ({ location, kmsKey: keyIn(location) })) };
  assert.deepEqual(parseReplication(GLOBAL, keyed, undefined), keyed);
  const half = { locations: [...keyed.locations.slice(1), { location: 'us-east1' }] };
  assert.throws(() => parseReplication(GLOBAL, half, undefined), fault('INVALID_FIELD'));
  const misplaced = { locations: [{ location: 'us-east1', kmsKey: keyIn('us-west1') }] };
  assert.throws(() => parseReplication(GLOBAL, misplaced, undefined), fault('INVALID_FIELD'));
  assert.deepEqual(changeKeys(at('us-west1', 'us-east1'), GLOBAL, keyed), keyed);
  assert.throws(() => changeKeys(at('us-east1'), GLOBAL, keyed), fault('FIELD_IMMUTABLE'));
  assert.throws(() => changeKeys({ locations: [] }, REGION, { locations: [] }), fault('FIELD_IMMUTABLE'));
  assert.deepEqual(changeKey(REGION, undefined), { locations: [] });
  assert.throws(() => changeKey(GLOBAL, keyIn('global')), fault('INVALID_FIELD'));
});
