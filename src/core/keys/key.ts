// Keys and their versions as the store keeps them: plain data, times in milliseconds since 1970. A version's material is
// sealed under a key of its own, like a payload; its public half is not secret. Names: the ring and the name in it.

import type { AwsKeySettings } from '../aws/kms.ts';
import { Fault } from '../error.ts';
import { KEY_NAME_CHARS_MAX } from '../limits.ts';
import type { SealedPayload, Uid } from '../secret.ts';
import type { KeyPlaceInRing } from './rows.ts';
import type { KeyType } from './type.ts';

/** That something was done with a key, and which version was its newest then. */
export interface KeyMoment {
  readonly time: number;
  readonly version: number;
}

export interface KeySettings {
  /** Each context has a key of its own; the key itself is never used. */
  readonly derived: boolean;
  /** Equal plaintexts under equal contexts give equal ciphertexts. */
  readonly convergent: boolean;
  /** Material may leave. Once set, it stays. */
  readonly exportable: boolean;
  /** All of it may leave at once, in a form that makes the key anew elsewhere. Once set, it stays. */
  readonly plaintextBackup: boolean;
  readonly deletionAllowed: boolean;
  /** Older versions open and verify nothing. */
  readonly minDecryptionVersion: number;
  /** Older versions seal and sign nothing; 0: none but what the versions that are left say. */
  readonly minEncryptionVersion: number;
  /** Older versions are destroyed; 0: none. */
  readonly minAvailableVersion: number;
  /** How old the newest version becomes before the server makes another; absent: it makes none. */
  readonly autoRotateSeconds?: number;
  /** The newest version was made elsewhere. */
  readonly imported: boolean;
  /** Whether the server may make versions of an imported key. */
  readonly importedRotation: boolean;
  /** Of a key for MACs. */
  readonly keyBytes?: number;
  /** What AWS's API keeps of it; absent: it is none of that API's. */
  readonly aws?: AwsKeySettings;
  readonly backup?: KeyMoment;
  readonly restore?: KeyMoment;
}

export interface Key extends KeySettings {
  readonly uid: Uid;
  readonly projectUid: Uid;
  readonly ring: string;
  readonly name: string;
  readonly type: KeyType;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The highest version number given out; numbers are never used again. */
  readonly latestVersion: number;
  /** When the server makes the next version, or purges it where it waits for that. */
  readonly nextRotationAt?: number;
}

export type KeyVersionState = 'ENABLED' | 'DESTROYED';

export interface KeyVersion {
  readonly keyUid: Uid;
  readonly number: number;
  readonly state: KeyVersionState;
  readonly createdAt: number;
  /** SubjectPublicKeyInfo in PEM, of a type that has one. */
  readonly publicKey?: string;
  /** Only the public half is here: it verifies and encrypts, no more. */
  readonly publicOnly: boolean;
  /** Absent once destroyed. */
  readonly sealed?: SealedPayload;
}

/** A key with the version of it that was asked for, if that is there. */
export interface KeyInUse {
  readonly key: Key;
  readonly version?: KeyVersion;
}

/** What a new key has that nobody asked otherwise for. */
export const NEW_KEY_SETTINGS: KeySettings = {
  ...{ derived: false, convergent: false, exportable: false, plaintextBackup: false, deletionAllowed: false },
  ...{ minDecryptionVersion: 1, minEncryptionVersion: 0, minAvailableVersion: 0 },
  ...{ imported: false, importedRotation: false },
};

/** The settings alone, for what keeps them together. */
export function settingsOf(key: KeySettings): KeySettings {
  const { derived, convergent, exportable, plaintextBackup, deletionAllowed, imported, importedRotation } = key;
  const { minDecryptionVersion, minEncryptionVersion, minAvailableVersion } = key;
  const { autoRotateSeconds, keyBytes, aws, backup, restore } = key;
  return {
    ...{ derived, convergent, exportable, plaintextBackup, deletionAllowed },
    ...{ minDecryptionVersion, minEncryptionVersion, minAvailableVersion, imported, importedRotation },
    ...(autoRotateSeconds === undefined ? {} : { autoRotateSeconds }),
    ...(keyBytes === undefined ? {} : { keyBytes }),
    ...(aws === undefined ? {} : { aws }),
    ...(backup === undefined ? {} : { backup }),
    ...(restore === undefined ? {} : { restore }),
  };
}

const NAME = new RegExp(`^(?=.{1,${KEY_NAME_CHARS_MAX}}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$`);

/** The name of a key in its ring; throws INVALID_FIELD. */
export function parseKeyName(text: string): string {
  if (!NAME.test(text)) {
    const problem = `1 to ${KEY_NAME_CHARS_MAX} letters, digits and _ . -, with neither . nor - at an end`;
    throw new Fault('INVALID_FIELD', { field: 'key', problem });
  }
  return text;
}

/** The ring of the keys under which others are imported; no dialect has a name with a star. */
export const WRAPPING_RING = '*wrapping';

/** The key under which keys that are to come into `ring` are wrapped. */
export function wrappingKeyPlace({ project, ring }: Omit<KeyPlaceInRing, 'name'>): KeyPlaceInRing {
  return { project, ring: WRAPPING_RING, name: ring };
}

/** The name of a key below its project, for audit and refusals. */
export function keyPath({ ring, name }: Omit<KeyPlaceInRing, 'project'>): string {
  return `keyRings/${ring}/cryptoKeys/${name}`;
}
