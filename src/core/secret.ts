// Projects, secrets, versions, accounts and tokens as the store keeps them: plain data, times in milliseconds since
// 1970. A payload is never part of these rows; it is asked for by itself (`Need` in ports.ts) and arrives sealed.

import type { Policy } from './iam/policy.ts';
import type { AccountEmail, ProjectId, SecretName } from './name.ts';

/** 128 random bits in lower-case hex: names a thing for ever, also in what is sealed. */
export type Uid = string;

export type Labels = Readonly<Record<string, string>>;

export interface Project {
  readonly uid: Uid;
  readonly id: ProjectId;
  /** 12 decimal digits. */
  readonly number: string;
  readonly displayName: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly labels: Labels;
  readonly etag: string;
  readonly policy: Policy;
  /** The project key, wrapped by the root key. */
  readonly wrappedKey: Uint8Array;
}

/** Kept and shown; a self-hosted server has one place. Empty locations mean `automatic`. */
export interface Replication {
  readonly locations: readonly string[];
}

export interface Secret {
  readonly uid: Uid;
  readonly projectUid: Uid;
  readonly name: SecretName;
  readonly createdAt: number;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly replication: Replication;
  readonly etag: string;
  readonly policy: Policy;
  /** The highest version number given out; numbers are never used again. */
  readonly lastVersion: number;
  /** The number that `latest` means, 0 while there is none. */
  readonly currentVersion: number;
}

export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROYED';

export interface Version {
  readonly uid: Uid;
  readonly secretUid: Uid;
  readonly number: number;
  readonly state: VersionState;
  readonly createdAt: number;
  readonly destroyedAt?: number;
  readonly etag: string;
  readonly crc32c: number;
  /** Whether the writer sent a checksum of its own. */
  readonly clientChecksum: boolean;
}

/** A payload as it rests: AES-256-GCM under a key of its own, that key wrapped by the project's. */
export interface SealedPayload {
  readonly wrappedKey: Uint8Array;
  readonly ciphertext: Uint8Array;
}

export interface Account {
  readonly uid: Uid;
  readonly projectUid: Uid;
  readonly email: AccountEmail;
  /** 21 decimal digits, as Google's. */
  readonly uniqueId: string;
  readonly displayName: string;
  readonly description: string;
  readonly createdAt: number;
  readonly etag: string;
}

/** A credential by the SHA-256 of its text; the text itself is kept nowhere. */
export interface Token {
  /** Hex. */
  readonly hash: string;
  readonly member: string;
  readonly kind: 'owner' | 'access';
  readonly createdAt: number;
  /** Absent: does not expire. */
  readonly expiresAt?: number;
}
