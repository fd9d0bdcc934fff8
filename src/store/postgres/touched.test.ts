import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aProject, aSecret, aToken, aVersion } from '../../../test/contract/store-rows.ts';
import { parseProjectRef, secretKey } from '../../core/name.ts';
import type { Change, Need } from '../../core/ports.ts';
import { Touched } from './touched.ts';

const project = aProject();
const secret = aSecret(project, 'one');
const other = aSecret(project, 'two');
const place = { project: parseProjectRef(project.id), key: secretKey(secret.name) };
const secretNeed: Need = { need: 'secret', ...place };
const versionNeed: Need = { need: 'version', ...place, number: 1 };
const listNeed: Need = { need: 'versions', ...place, before: 0, limit: 1 };
const tokenNeed: Need = { need: 'token', hash: 'h' };
const projectNeed: Need = { need: 'project', project: place.project };

function after(...changes: readonly Change[]): Touched {
  const touched = new Touched();
  for (const change of changes) touched.add(change);
  return touched;
}

test('another secret, token or event is no reason to look again', () => {
  const touched = after(
    { change: 'secret.update', secret: other },
    {
      change: 'version.insert',
      version: aVersion(other, 1),
      sealed: { wrappedKey: Buffer.of(1), ciphertext: Buffer.of(2) },
    },
    { change: 'token.insert', token: aToken('user:a@example.com') },
  );
  assert.equal(touched.concerns(secretNeed, secret), false);
  assert.equal(touched.concerns(versionNeed, aVersion(secret, 1)), false);
  assert.equal(touched.concerns(secretNeed, undefined), false);
  assert.equal(touched.concerns(tokenNeed, undefined), false);
  assert.equal(touched.concerns(projectNeed, project), false);
});

test('the same secret or token is, and so is a name that was not there', () => {
  const version = aVersion(secret, 1);
  assert.equal(after({ change: 'secret.update', secret }).concerns(secretNeed, secret), true);
  assert.equal(after({ change: 'version.update', version }).concerns(versionNeed, version), true);
  assert.equal(
    after({ change: 'version.update', version }).concerns({ ...versionNeed, need: 'payload' }, { version }),
    true,
  );
  assert.equal(after({ change: 'secret.delete', uid: secret.uid }).concerns(secretNeed, secret), true);
  assert.equal(after({ change: 'secret.insert', secret }).concerns(secretNeed, undefined), true);
  assert.equal(after({ change: 'version.update', version }).concerns(versionNeed, undefined), true);
  assert.equal(after({ change: 'token.delete', hash: 'h' }).concerns(tokenNeed, undefined), true);
});

test('lists depend on everything, and everything on what changes seldom', () => {
  assert.equal(after().concerns(listNeed, undefined), false);
  assert.equal(after({ change: 'secret.update', secret: other }).concerns(listNeed, undefined), true);
  for (const need of [secretNeed, versionNeed, tokenNeed, projectNeed, listNeed]) {
    assert.equal(after({ change: 'project.update', project }).concerns(need, secret), true, need.need);
    assert.equal(after({ change: 'token.deleteAll', member: 'm' }).concerns(need, secret), true, need.need);
  }
});
