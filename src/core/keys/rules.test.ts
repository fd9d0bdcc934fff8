import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault, type FaultCode } from '../error.ts';
import { KEY_VERSIONS_MAX } from '../limits.ts';
import { type Key, NEW_KEY_SETTINGS, parseKeyName } from './key.ts';
import { changedKey, checkNewKey, newUseFault, oldUseFault, rotatedKey, scheduled, trimmedKey } from './rules.ts';

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

const aKey = (over: Partial<Key> = {}): Key => ({
  ...NEW_KEY_SETTINGS,
  ...{ uid: '1', projectUid: '2', ring: 'transit', name: 'k', type: 'aes256-gcm96', latestVersion: 5 },
  ...{ createdAt: 1, updatedAt: 1 },
  ...over,
});

const ends = (code: FaultCode, work: () => unknown, rule?: string) =>
  assert.throws(work, (error) => {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.code, code);
    if (rule !== undefined) assert.equal(error.facts['rule'], rule);
    return true;
  });

test('new uses take the newest version, or one that may still be used so', () => {
  const key = aKey({ minEncryptionVersion: 3, minDecryptionVersion: 2 });
  const verdicts = [0, 5, 3, 2, 1, 6, -1, 1.5, Number.NaN].map((version) => newUseFault(key, version)?.code);
  assert.deepEqual(verdicts, [
    ...[undefined, undefined, undefined, 'KEY_VERSION_TOO_OLD', 'KEY_VERSION_TOO_OLD', 'KEY_VERSION_TOO_NEW'],
    ...['KEY_VERSION_INVALID', 'KEY_VERSION_INVALID', 'KEY_VERSION_INVALID'],
  ]);
});

test('a version that may open nothing any more seals nothing either', () => {
  const key = aKey({ minDecryptionVersion: 3, minAvailableVersion: 0 });
  assert.equal(newUseFault(key, 2)?.code, 'KEY_VERSION_TOO_OLD');
  assert.equal(newUseFault(key, 3), undefined);
});

test('old versions open as long as they may', () => {
  const key = aKey({ minDecryptionVersion: 2, minAvailableVersion: 3 });
  const verdicts = [5, 3, 2, 1, 6, 0, -1, 2.5].map((version) => oldUseFault(key, version)?.code);
  assert.deepEqual(verdicts, [
    ...[undefined, undefined, 'KEY_VERSION_TOO_OLD', 'KEY_VERSION_TOO_OLD', 'KEY_VERSION_TOO_NEW'],
    ...['KEY_VERSION_INVALID', 'KEY_VERSION_INVALID', 'KEY_VERSION_INVALID'],
  ]);
});

test('settings that a new key cannot have', () => {
  const settings = (over: object) => ({ ...NEW_KEY_SETTINGS, ...over });
  ends('INVALID_FIELD', () => checkNewKey('aes256-gcm96', settings({ convergent: true })), 'underived');
  ends('INVALID_FIELD', () => checkNewKey('rsa-2048', settings({ derived: true })), 'type');
  ends('INVALID_FIELD', () => checkNewKey('ed25519', settings({ derived: true, convergent: true })), 'type');
  ends('INVALID_FIELD', () => checkNewKey('aes256-gcm96', settings({ keyBytes: 32 })), 'type');
  for (const keyBytes of [31, 513, 40.5]) {
    ends('INVALID_FIELD', () => checkNewKey('hmac', settings({ keyBytes })), 'size');
  }
  for (const autoRotateSeconds of [3599, -1, 1e300]) {
    ends('INVALID_FIELD', () => checkNewKey('hmac', settings({ keyBytes: 32, autoRotateSeconds })));
  }
  checkNewKey('hmac', settings({ keyBytes: 512, autoRotateSeconds: 3600 }));
  checkNewKey('chacha20-poly1305', settings({ derived: true, convergent: true }));
});

test('what lets material out is set and never taken back', () => {
  const open = changedKey(aKey(), { exportable: true, plaintextBackup: true, deletionAllowed: true }, NOW);
  assert.deepEqual([open.exportable, open.plaintextBackup, open.deletionAllowed], [true, true, true]);
  const back = changedKey(open, { exportable: false, plaintextBackup: false, deletionAllowed: false }, NOW);
  assert.deepEqual([back.exportable, back.plaintextBackup, back.deletionAllowed], [true, true, false]);
});

test('least versions keep their order and their bounds', () => {
  const change = (key: Key, minDecryptionVersion?: number, minEncryptionVersion?: number) => {
    const asked = {
      ...(minDecryptionVersion === undefined ? {} : { minDecryptionVersion }),
      ...(minEncryptionVersion === undefined ? {} : { minEncryptionVersion }),
    };
    return () => changedKey(key, asked, NOW);
  };
  ends('INVALID_FIELD', change(aKey(), 6), 'latest');
  ends('INVALID_FIELD', change(aKey(), -1), 'negative');
  ends('INVALID_FIELD', change(aKey(), 1.5), 'negative');
  ends('INVALID_FIELD', change(aKey(), undefined, 6), 'latest');
  ends('INVALID_FIELD', change(aKey(), 3, 2), 'order');
  ends('INVALID_FIELD', change(aKey({ minEncryptionVersion: 2 }), 3), 'order');
  const trimmed = aKey({ minAvailableVersion: 3, minDecryptionVersion: 3, minEncryptionVersion: 3 });
  ends('INVALID_FIELD', change(trimmed, 2), 'destroyed');
  ends('INVALID_FIELD', change(trimmed, undefined, 0), 'destroyed');
  assert.equal(change(aKey(), 0)().minDecryptionVersion, 1);
  assert.equal(change(aKey(), 3, 4)().minEncryptionVersion, 4);
});

test('a trim destroys what nothing may use any more, and nothing else', () => {
  const key = aKey({ minDecryptionVersion: 3, minEncryptionVersion: 4 });
  assert.equal(trimmedKey(key, 3, NOW).minAvailableVersion, 3);
  ends('INVALID_FIELD', () => trimmedKey(key, 4, NOW), 'decryption');
  ends('INVALID_FIELD', () => trimmedKey(key, 5, NOW), 'encryption');
  ends('INVALID_FIELD', () => trimmedKey(key, 0, NOW), 'zero');
  ends('INVALID_FIELD', () => trimmedKey(aKey(), 1, NOW), 'unset');
  ends('INVALID_FIELD', () => trimmedKey({ ...key, minAvailableVersion: 2 }, 1, NOW), 'decrement');
});

test('automatic rotation is planned, goes on as planned, and ends', () => {
  const planned = changedKey(aKey(), { autoRotateSeconds: 3600 }, NOW);
  assert.equal(planned.nextRotationAt, NOW + HOUR_MS);
  assert.equal(changedKey(planned, { deletionAllowed: true }, NOW + 5).nextRotationAt, NOW + HOUR_MS);
  assert.equal(rotatedKey(planned, NOW + 7).nextRotationAt, NOW + 7 + HOUR_MS);
  assert.equal(changedKey(planned, { autoRotateSeconds: 0 }, NOW).nextRotationAt, undefined);
  ends('INVALID_FIELD', () => changedKey(aKey(), { autoRotateSeconds: 60 }, NOW));
});

test('a key that came from elsewhere is rotated here only if that was allowed', () => {
  ends('KEY_ROTATION_FORBIDDEN', () => rotatedKey(aKey({ imported: true }), NOW));
  assert.equal(rotatedKey(aKey({ imported: true, importedRotation: true }), NOW).imported, false);
  // Nothing comes due that would be refused again and again.
  assert.equal(scheduled(aKey({ imported: true, autoRotateSeconds: 3600 }), undefined, NOW).nextRotationAt, undefined);
});

test('versions that are not destroyed are bounded', () => {
  const full = aKey({ latestVersion: KEY_VERSIONS_MAX, autoRotateSeconds: 3600 });
  ends('LIMIT_REACHED', () => rotatedKey(full, NOW));
  assert.equal(scheduled(full, undefined, NOW).nextRotationAt, undefined);
  assert.equal(rotatedKey({ ...full, minAvailableVersion: 1 }, NOW).latestVersion, KEY_VERSIONS_MAX + 1);
});

test('names of keys', () => {
  for (const name of ['a', 'A_b-c.d', '0', 'x'.repeat(255)]) assert.equal(parseKeyName(name), name);
  for (const name of ['', '-a', 'a-', '.a', 'a.', 'a/b', 'a b', 'ü', 'a\n', 'x'.repeat(256)]) {
    ends('INVALID_FIELD', () => parseKeyName(name));
  }
});
