// What may be done with which version of a key, as decisions over plain data. Every bound that an operator set is held
// here, for each dialect alike.

import { Fault } from '../error.ts';
import { AUTO_ROTATE_SECONDS_MIN, KEY_VERSIONS_MAX, MAC_KEY_BYTES_MAX, MAC_KEY_BYTES_MIN } from '../limits.ts';
import type { Key, KeySettings } from './key.ts';
import { isAead, type KeyType, type KeyUse, supportsDerivation, supportsUse } from './type.ts';

/** Throws KEY_USE_UNSUPPORTED where a key of this type cannot be used so. */
export function checkUse({ type }: Key, use: KeyUse): void {
  if (!supportsUse(type, use)) throw new Fault('KEY_USE_UNSUPPORTED', { type, use });
}

/** Why this version may not seal, sign or make MACs (0: the newest); undefined where it may. */
export function newUseFault(key: Key, version: number): Fault | undefined {
  if (version === 0 || (version === key.latestVersion && version >= key.minEncryptionVersion)) return undefined;
  if (!Number.isSafeInteger(version) || version < 0)
    return new Fault('KEY_VERSION_INVALID', { version: String(version) });
  if (version > key.latestVersion) return new Fault('KEY_VERSION_TOO_NEW', { version, latest: key.latestVersion });
  const least = Math.max(key.minEncryptionVersion, key.minDecryptionVersion, key.minAvailableVersion);
  if (version < least) return new Fault('KEY_VERSION_TOO_OLD', { version, least });
  return undefined;
}

/** Why what this version made may not be opened or verified; undefined where it may. */
export function oldUseFault(key: Key, version: number): Fault | undefined {
  if (!Number.isSafeInteger(version) || version < 1) {
    return new Fault('KEY_VERSION_INVALID', { version: String(version) });
  }
  if (version > key.latestVersion) return new Fault('KEY_VERSION_TOO_NEW', { version, latest: key.latestVersion });
  const least = Math.max(key.minDecryptionVersion, key.minAvailableVersion);
  if (version < least) return new Fault('KEY_VERSION_TOO_OLD', { version, least });
  return undefined;
}

/** Throws INVALID_FIELD for settings that a new key of this type cannot have. */
export function checkNewKey(type: KeyType, settings: KeySettings): void {
  const { derived, convergent, keyBytes, autoRotateSeconds } = settings;
  if (convergent && !derived) {
    throw new Fault('INVALID_FIELD', { field: 'convergent', problem: 'needs a derived key', rule: 'underived' });
  }
  if ((derived && !supportsDerivation(type)) || (convergent && !isAead(type))) {
    const problem = `is not supported for keys of type ${type}`;
    throw new Fault('INVALID_FIELD', { field: convergent ? 'convergent' : 'derived', problem, rule: 'type', type });
  }
  if (keyBytes !== undefined) {
    if (type !== 'hmac') {
      const problem = `is not a setting of keys of type ${type}`;
      throw new Fault('INVALID_FIELD', { field: 'key size', problem, rule: 'type', type });
    }
    if (!Number.isSafeInteger(keyBytes) || keyBytes < MAC_KEY_BYTES_MIN || keyBytes > MAC_KEY_BYTES_MAX) {
      const problem = `${MAC_KEY_BYTES_MIN} to ${MAC_KEY_BYTES_MAX} bytes`;
      throw new Fault('INVALID_FIELD', { field: 'key size', problem, rule: 'size', size: keyBytes });
    }
  }
  checkAutoRotation(autoRotateSeconds);
}

export function checkAutoRotation(seconds: number | undefined): void {
  if (seconds === undefined) return;
  if (Number.isSafeInteger(seconds) && seconds >= AUTO_ROTATE_SECONDS_MIN) return;
  const problem = `at least ${AUTO_ROTATE_SECONDS_MIN} seconds, or 0 for never`;
  throw new Fault('INVALID_FIELD', { field: 'auto rotate period', problem });
}

/** What of a key can be changed. Undefined leaves it as it is; an automatic rotation of 0 seconds ends it. */
export interface KeyChanges {
  readonly minDecryptionVersion?: number;
  readonly minEncryptionVersion?: number;
  readonly deletionAllowed?: boolean;
  readonly exportable?: boolean;
  readonly plaintextBackup?: boolean;
  readonly autoRotateSeconds?: number;
}

/** The key with these changes. Throws INVALID_FIELD. What lets material out is set and never taken back. */
export function changedKey(key: Key, changes: KeyChanges, now: number): Key {
  const minDecryptionVersion = Math.max(1, leastVersion(key, 'decryption', changes.minDecryptionVersion));
  const minEncryptionVersion = leastVersion(key, 'encryption', changes.minEncryptionVersion);
  if (minEncryptionVersion > 0 && minEncryptionVersion < minDecryptionVersion) {
    throw new Fault('INVALID_FIELD', {
      field: 'min encryption version',
      problem: 'must not be lower than the min decryption version',
      rule: 'order',
      encryption: minEncryptionVersion,
      decryption: minDecryptionVersion,
    });
  }
  for (const [kind, least] of [
    ['encryption', minEncryptionVersion],
    ['decryption', minDecryptionVersion],
  ] as const) {
    if (least >= key.minAvailableVersion) continue;
    const problem = `must not be lower than the min available version, ${key.minAvailableVersion}`;
    throw new Fault('INVALID_FIELD', { field: `min ${kind} version`, problem, rule: 'destroyed', kind });
  }
  const { autoRotateSeconds: before, nextRotationAt: _next, ...kept } = key;
  const seconds = changes.autoRotateSeconds ?? before ?? 0;
  checkAutoRotation(seconds === 0 ? undefined : seconds);
  return scheduled(
    {
      ...kept,
      ...{ minDecryptionVersion, minEncryptionVersion },
      deletionAllowed: changes.deletionAllowed ?? key.deletionAllowed,
      exportable: key.exportable || changes.exportable === true,
      plaintextBackup: key.plaintextBackup || changes.plaintextBackup === true,
      ...(seconds === 0 ? {} : { autoRotateSeconds: seconds }),
      updatedAt: now,
    },
    // A period that stays goes on from where it was.
    seconds === before ? key.nextRotationAt : undefined,
    now,
  );
}

function leastVersion(key: Key, kind: 'encryption' | 'decryption', asked: number | undefined): number {
  const before = kind === 'encryption' ? key.minEncryptionVersion : key.minDecryptionVersion;
  if (asked === undefined || asked === before) return before;
  const field = `min ${kind} version`;
  if (!Number.isSafeInteger(asked) || asked < 0) {
    throw new Fault('INVALID_FIELD', { field, problem: 'cannot be negative', rule: 'negative', kind });
  }
  if (asked > key.latestVersion) {
    const problem = `${asked} is higher than the latest version, ${key.latestVersion}`;
    throw new Fault('INVALID_FIELD', { field, problem, rule: 'latest', kind, asked, latest: key.latestVersion });
  }
  return asked;
}

/** The key with the time of its next rotation: what was planned, or a period from now. */
export function scheduled(key: Key, planned: number | undefined, now: number): Key {
  const { nextRotationAt: _old, ...kept } = key;
  // One that cannot have another version waits for nothing.
  if (key.autoRotateSeconds === undefined || !canRotate(key)) return kept;
  return { ...kept, nextRotationAt: planned ?? now + key.autoRotateSeconds * 1000 };
}

/** The key with one more version. Throws LIMIT_REACHED, or KEY_ROTATION_FORBIDDEN for one that came from elsewhere. */
export function rotatedKey(key: Key, now: number): Key {
  if (isForeign(key)) throw new Fault('KEY_ROTATION_FORBIDDEN', { key: key.name });
  return scheduled({ ...key, latestVersion: nextVersion(key), imported: false, updatedAt: now }, undefined, now);
}

const isForeign = (key: Key) => key.imported && !key.importedRotation;
const isFull = (key: Key) => key.latestVersion - key.minAvailableVersion >= KEY_VERSIONS_MAX;
const canRotate = (key: Key) => !isForeign(key) && !isFull(key);

/** The number of the next version; throws LIMIT_REACHED. */
export function nextVersion(key: Key): number {
  if (isFull(key)) {
    throw new Fault('LIMIT_REACHED', { what: 'versions of one key that are not destroyed', limit: KEY_VERSIONS_MAX });
  }
  return key.latestVersion + 1;
}

/** The key without the versions before `least`, which are lost for good. Throws INVALID_FIELD. */
export function trimmedKey(key: Key, least: number, now: number): Key {
  const fault = (rule: string, problem: string) =>
    new Fault('INVALID_FIELD', { field: 'min available version', problem, rule });
  if (!Number.isSafeInteger(least) || least < 0) throw fault('negative', 'cannot be negative');
  if (least < key.minAvailableVersion) throw fault('decrement', 'cannot be taken back');
  if (key.minEncryptionVersion === 0) throw fault('unset', 'needs a min encryption version');
  if (least > key.minEncryptionVersion) throw fault('encryption', 'cannot be higher than the min encryption version');
  if (least > key.minDecryptionVersion) throw fault('decryption', 'cannot be higher than the min decryption version');
  if (least === 0) throw fault('zero', 'must be at least 1');
  return { ...key, minAvailableVersion: least, updatedAt: now };
}
