import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EVENT_TYPES,
  type EventOfSecret,
  pacificTime,
  secretEvent,
  topicEvent,
  versionAttributes,
  versionEvent,
} from './events.ts';
import { EMPTY_POLICY } from './iam/policy.ts';
import { GLOBAL, parseLocation, parseProjectId, parseSecretName } from './name.ts';
import type { Project, Secret, Version } from './secret.ts';

const SUMMER = Date.parse('2026-10-02T13:02:50.882Z');

const project: Project = {
  uid: 'p',
  id: parseProjectId('my-project'),
  number: '123456789012',
  displayName: '',
  createdAt: 0,
  updatedAt: 0,
  labels: {},
  etag: 'a',
  policy: EMPTY_POLICY,
  wrappedKey: new TextEncoder().encode('the project key'),
  settings: {},
};
const secret: Secret = {
  uid: 's',
  projectUid: 'p',
  location: GLOBAL,
  name: parseSecretName('db/password'),
  createdAt: 1,
  labels: { team: 'a' },
  annotations: {},
  tags: { 'hidden-tag': 'x' },
  replication: { locations: [] },
  versionAliases: { blue: 1 },
  topics: ['projects/my-project/topics/t'],
  etag: 'b',
  policy: { bindings: [{ role: 'roles/viewer', members: ['user:hidden@example.com'] }], etag: 'ACAB' },
  lastVersion: 1,
  currentVersion: 1,
  previousVersion: 0,
};
const version: Version = {
  uid: 'v',
  secretUid: 's',
  number: 1,
  state: 'ENABLED',
  createdAt: 2,
  etag: 'c',
  crc32c: 424242,
  fingerprint: 'f1n6e2',
  clientChecksum: false,
};
const about: EventOfSecret = { uid: 'e', now: SUMMER, project, secret };

test('an event of a secret has Google’s attributes and shows the secret as plain data', () => {
  const event = secretEvent('SECRET_CREATE', about);
  assert.deepEqual(
    { ...event, data: '' },
    {
      id: 'e',
      time: SUMMER,
      projectUid: 'p',
      type: 'SECRET_CREATE',
      resource: 'projects/my-project/secrets/db/password',
      topics: ['projects/my-project/topics/t'],
      attributes: {
        eventType: 'SECRET_CREATE',
        dataFormat: 'JSON_API_V1',
        secretId: 'projects/123456789012/secrets/db--password',
        timestamp: '2026-10-02T06:02:50.882000-07:00',
      },
      data: '',
    },
  );
  assert.deepEqual(JSON.parse(event.data), {
    project: { id: 'my-project', number: '123456789012' },
    secret: {
      location: '',
      name: 'db/password',
      createdAt: 1,
      labels: { team: 'a' },
      annotations: {},
      replication: { locations: [] },
      versionAliases: { blue: 1 },
      topics: ['projects/my-project/topics/t'],
      etag: 'b',
    },
  });
});

test('an event of a version names it and holds neither checksum, fingerprint, key nor policy', () => {
  const event = versionEvent('SECRET_VERSION_ADD', { ...about, version });
  assert.equal(event.version, 1);
  assert.deepEqual(versionAttributes(event), {
    eventType: 'SECRET_VERSION_ADD',
    dataFormat: 'JSON_API_V1',
    secretId: 'projects/123456789012/secrets/db--password',
    timestamp: '2026-10-02T06:02:50.882000-07:00',
    versionId: 'projects/123456789012/secrets/db--password/versions/1',
  });
  assert.equal(versionAttributes({ ...event, data: '{}' }), undefined);
  assert.deepEqual(JSON.parse(event.data).version, {
    number: 1,
    state: 'ENABLED',
    createdAt: 2,
    etag: 'c',
    clientChecksum: false,
  });
  assert.doesNotMatch(event.data, /424242|f1n6e2|hidden|wrapped|policy/);
});

test('a deletion says why, and only a deletion', () => {
  assert.equal(
    secretEvent('SECRET_DELETE', { ...about, deleteType: 'EXPIRATION' }).attributes['deleteType'],
    'EXPIRATION',
  );
  assert.equal('deleteType' in secretEvent('SECRET_UPDATE', about).attributes, false);
});

test('a regional secret is named with its location', () => {
  const regional = { ...secret, location: parseLocation('europe-west1') };
  const event = secretEvent('SECRET_UPDATE', { ...about, secret: regional });
  assert.equal(event.resource, 'projects/my-project/locations/europe-west1/secrets/db/password');
  assert.equal(event.attributes['secretId'], 'projects/123456789012/locations/europe-west1/secrets/db--password');
});

test('a topic that was set is told so, with the type alone', () => {
  const event = topicEvent(about, ['projects/other/topics/new']);
  assert.deepEqual(event.topics, ['projects/other/topics/new']);
  assert.deepEqual(event.attributes, { eventType: 'TOPIC_CONFIGURED' });
  assert.equal(event.data, '');
});

test('times are Pacific, with the offset of that moment', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['2026-01-15T12:00:00.000Z', '2026-01-15T04:00:00.000000-08:00'],
    ['2026-03-08T09:59:59.999Z', '2026-03-08T01:59:59.999000-08:00'],
    ['2026-03-08T10:00:00.000Z', '2026-03-08T03:00:00.000000-07:00'],
    ['2026-11-01T08:59:59.999Z', '2026-11-01T01:59:59.999000-07:00'],
    ['2026-11-01T09:00:00.000Z', '2026-11-01T01:00:00.000000-08:00'],
    ['2027-01-01T07:00:00.000Z', '2026-12-31T23:00:00.000000-08:00'],
  ];
  for (const [utc, pacific] of cases) {
    assert.equal(pacificTime(Date.parse(utc)), pacific);
    assert.equal(Date.parse(pacific), Date.parse(utc));
  }
});

test('the registry is Google’s vocabulary, and what no topic of Google hears of', () => {
  const versions = Object.entries(EVENT_TYPES).filter(([, kind]) => kind.version);
  assert.ok(versions.every(([type]) => type.startsWith('SECRET_VERSION_')));
  assert.equal(versions.length, 5);
  assert.deepEqual(
    Object.entries(EVENT_TYPES)
      .filter(([, kind]) => !kind.data)
      .map(([type]) => type),
    ['SECRET_ROTATION', 'PROJECT_DELETE', 'TOPIC_CONFIGURED'],
  );
});
