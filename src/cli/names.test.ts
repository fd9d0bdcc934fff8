import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parentPath, secretPath, secretRef, versionPath, versionRef } from './names.ts';
import type { Session } from './session.ts';

const session = { project: 'mine' } as Session;

test('an id is in the current project, a full name in its own', () => {
  assert.equal(secretPath(secretRef(session, 's')), '/v1/projects/mine/secrets/s');
  assert.equal(secretPath(secretRef(session, 'projects/other/secrets/s')), '/v1/projects/other/secrets/s');
  assert.equal(
    secretPath(secretRef(session, 'projects/other/locations/l/secrets/s')),
    '/v1/projects/other/locations/l/secrets/s',
  );
  assert.equal(parentPath(secretRef(session, 's', 'l')), '/v1/projects/mine/locations/l');
});

test('a version needs its secret, or a full name', () => {
  assert.equal(versionPath(versionRef(session, '3', 's')), '/v1/projects/mine/secrets/s/versions/3');
  const name = 'projects/other/secrets/s/versions/latest';
  assert.equal(versionPath(versionRef(session, name)), `/v1/${name}`);
  assert.throws(() => versionRef(session, '3'), /argument --secret: Must be specified/);
});

test('nothing in an argument leaves its place in the path', () => {
  assert.equal(secretPath(secretRef(session, '../x?y#z')), '/v1/projects/mine/secrets/..%2Fx%3Fy%23z');
});
