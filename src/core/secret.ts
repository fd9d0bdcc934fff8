// Projects, secrets, versions, accounts and tokens as the store keeps them: plain data, times in milliseconds since
// 1970. A payload is never part of these rows; it is asked for by itself (`Need` in ports.ts) and arrives sealed.

import type { AwsAlias, CustomerKeyRef } from './aws/kms.ts';
import type { AwsSettings } from './aws/secret.ts';
import type { Policy } from './iam/policy.ts';
import type { AccountEmail, Location, ProjectId, SecretName } from './name.ts';
import type { KvSettings } from './vault/mounts.ts';

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
  readonly settings: ProjectSettings;
  /** The account of AWS's that it is; absent: its number. */
  readonly awsAccount?: string;
}

/** What an operator sets for a project; absent: the server's default. */
export interface ProjectSettings {
  readonly accessPerMinute?: number;
  readonly readPerMinute?: number;
  readonly writePerMinute?: number;
  /** Whether a wire dialect may disable or destroy a version on which somebody stands; absent: it may. */
  readonly readerGuard?: 'refuse';
  /** For how long a read counts as use. */
  readonly readerWindowSeconds?: number;
  /** Names of keys of AWS's API. */
  readonly awsAliases?: readonly AwsAlias[];
  /** What Vault's clients say of it that Google would not take as a label. */
  readonly annotations?: Labels;
}

/** Kept and shown; a self-hosted server has one place. Empty locations mean `automatic`. */
export interface Replication {
  readonly locations: readonly ReplicaLocation[];
  /** The customer-managed key of an automatic, or of a regional secret. */
  readonly kmsKey?: string;
}

export interface ReplicaLocation {
  readonly location: string;
  readonly kmsKey?: string;
}

/** When notices of rotation go out. At least one of the two is there. */
export interface Rotation {
  readonly nextAt?: number;
  readonly periodSeconds?: number;
}

export interface Secret {
  readonly uid: Uid;
  readonly projectUid: Uid;
  /** Where it lives, such as `europe-west1`; empty: global. Part of what names it. */
  readonly location: Location;
  readonly name: SecretName;
  readonly createdAt: number;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** The Resource Manager tags bound to it, each under its id and under its name: what conditions see. */
  readonly tags: Labels;
  readonly replication: Replication;
  /** Names of versions, the caller's own. */
  readonly versionAliases: Readonly<Record<string, number>>;
  /** When it deletes itself. */
  readonly expiresAt?: number;
  /** How long a destroyed version can still be saved; absent: not at all. */
  readonly versionDestroyTtlSeconds?: number;
  /** Full names, `projects/P/topics/T`. */
  readonly topics: readonly string[];
  readonly rotation?: Rotation;
  /** What Vault's clients set for this secret alone. */
  readonly kv?: KvSettings;
  /** The text of its resource policy of AWS's, as it was put. */
  readonly awsPolicy?: string;
  /** What AWS's API keeps of it; absent: nothing. */
  readonly aws?: AwsSettings;
  /** The number of the version that is to become current; absent: none is. */
  readonly candidateVersion?: number;
  /** Set once it is deleted: absent from every read, and purged then. */
  readonly purgeAt?: number;
  /** When that was; gone where it was restored. */
  readonly deletedAt?: number;
  readonly etag: string;
  readonly policy: Policy;
  /** The highest version number given out; numbers are never used again. */
  readonly lastVersion: number;
  /** The number that `latest` means, 0 while there is none. */
  readonly currentVersion: number;
  /** The number that was current before: where a rollback goes. 0: nowhere. */
  readonly previousVersion: number;
}

export type SecretChange =
  | { readonly change: 'secret.insert'; readonly secret: Secret }
  /** `before`: as it was decided on, so that what did not change need not be written; absent: all of it is. */
  | { readonly change: 'secret.update'; readonly secret: Secret; readonly before?: Secret }
  | { readonly change: 'secret.delete'; readonly uid: Uid };

export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROYED';

export interface Version {
  readonly uid: Uid;
  readonly secretUid: Uid;
  readonly number: number;
  readonly state: VersionState;
  readonly createdAt: number;
  readonly destroyedAt?: number;
  /** Disabled, and destroyed then unless it is enabled before. */
  readonly scheduledDestroyAt?: number;
  readonly etag: string;
  readonly crc32c: number;
  /** Keyed by a key of the server's: equal values have equal fingerprints, and no value follows from one. Gone with the value. */
  readonly fingerprint?: string;
  /** Since when, or from when on, it is deleted for Vault's clients; absent: it is not. Milliseconds since 1970. */
  readonly deletedAt?: number;
  /** Whether the writer sent a checksum of its own. */
  readonly clientChecksum: boolean;
  /** What its writer said of it; absent: nothing. */
  readonly attributes?: VersionAttributes;
}

/** What a dialect keeps of a version beside its value. Times in milliseconds since 1970; none of them keeps it from being read. */
export interface VersionAttributes {
  readonly contentType?: string;
  readonly tags?: Labels;
  readonly notBefore?: number;
  readonly expiresAt?: number;
  /** When any of this, or its state, was changed last by who may change it; absent: never. */
  readonly updatedAt?: number;
  /** Written as bytes by a dialect that has texts; absent: as whatever it is. */
  readonly kind?: 'binary';
  /** The token of the request that wrote it, by which AWS's API names it. */
  readonly requestToken?: string;
  /** The customer's key that wraps its data key beside the project's; absent: the project's alone. */
  readonly customerKey?: CustomerKeyRef;
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
  /** Texts of its policies of AWS's by name, as they were put; absent: it has none. */
  readonly awsPolicies?: Labels;
  /** The entry of the entity of Vault's that it is, by an alias of `token/`; absent: it is none. */
  readonly entity?: string;
}

/**
 * What an account proves itself by: a key pair as Google's, a certificate of its own, a client secret, or an access key of
 * AWS's. Of a client secret, and of a private key that was made here, the text was given out once and is kept nowhere.
 */
export interface AccountKey {
  /** 40 hex digits, as Google's; of an access key its own. */
  readonly id: string;
  readonly account: AccountEmail;
  /** Absent: a key pair. */
  readonly kind?: 'certificate' | 'secret' | 'aws';
  /** SubjectPublicKeyInfo in PEM; of a client secret its SHA-256 in hex; of an access key its secret, sealed, in base64. */
  readonly publicKey: string;
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly disabled: boolean;
  /** The name of the program that holds it. */
  readonly workload?: string;
}

/** Where events of a project are announced. */
export interface Topic {
  readonly projectUid: Uid;
  /** The last part of the name. */
  readonly id: string;
  readonly createdAt: number;
  readonly labels: Labels;
}

export interface Subscription {
  readonly projectUid: Uid;
  readonly id: string;
  /** Full name of the topic, with the project's id. */
  readonly topic: string;
  readonly createdAt: number;
  readonly labels: Labels;
}

/** Something that happened, kept in the transaction that made it happen and delivered at least once. */
export interface StoredEvent {
  readonly id: Uid;
  readonly time: number;
  readonly projectUid: Uid;
  /** One of `EVENT_TYPES`. */
  readonly type: string;
  /** `projects/ID/secrets/NAME`, of whatever kind it is. */
  readonly resource: string;
  readonly version?: number;
  /** Full names of the topics it goes to; an event without any is still one for whoever listens by other means. */
  readonly topics: readonly string[];
  readonly attributes: Labels;
  /** What the resource looked like, as plain data; never a payload. */
  readonly data: string;
}

/** As it is decided. */
export interface NewEvent extends Omit<StoredEvent, 'attributes'> {
  /** Absent: they follow from the rest, and are not kept (events.ts). */
  readonly attributes?: Labels;
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
  /** The name of the program it was made for. */
  readonly workload?: string;
  /** What it is good for; absent: every API but those whose tokens name one. */
  readonly audience?: string;
  /** The hash of the token, or the id of the key, that it was had by: it ends with that one. */
  readonly parent?: string;
}
