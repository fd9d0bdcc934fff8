// How a version comes to be, by whichever operation: its payload sealed for its place in the thread that answers, and the
// secret as it is with one version more. Numbers are never used again.

import { type CustomerKeyRef, keyIdOf } from '../core/aws/kms.ts';
import { crc32c } from '../core/crc32c.ts';
import { Fault } from '../core/error.ts';
import { PAYLOAD_BYTES_MAX, VERSIONS_MAX } from '../core/limits.ts';
import type { Entropy, Keyring, WrappingKey } from '../core/ports.ts';
import type { Redacted } from '../core/redacted.ts';
import type { Project, SealedPayload, Secret, Uid, Version } from '../core/secret.ts';

export interface NewPayload {
  readonly payload: Redacted<Uint8Array>;
  /** The writer's own CRC-32C, checked before anything is stored. */
  readonly crc32c?: number;
  readonly secretUid: Uid;
  /** Of the version. */
  readonly uid: Uid;
  /** What wraps its data key beside the project's. */
  readonly customerKey?: WrappingKey;
}

/** A payload that is ready to be stored; plain data. */
export interface NewSealed {
  readonly uid: Uid;
  readonly secretUid: Uid;
  readonly crc32c: number;
  readonly fingerprint: string;
  readonly sealed: SealedPayload;
  readonly customerKey?: CustomerKeyRef;
}

function checkPayload(payload: Uint8Array, sent: number | undefined): number {
  if (payload.length === 0) throw new Fault('PAYLOAD_EMPTY');
  if (payload.length > PAYLOAD_BYTES_MAX) {
    throw new Fault('PAYLOAD_TOO_LARGE', { bytes: payload.length, limitBytes: PAYLOAD_BYTES_MAX });
  }
  const sum = crc32c(payload);
  if (sent !== undefined && sent !== sum) throw new Fault('PAYLOAD_CHECKSUM');
  return sum;
}

/** Seals a payload for its place. Throws PAYLOAD_EMPTY, PAYLOAD_TOO_LARGE or PAYLOAD_CHECKSUM. */
export function sealNew(keyring: Keyring, project: Project, made: NewPayload): NewSealed {
  const { payload, secretUid, uid, customerKey } = made;
  const sum = checkPayload(payload.reveal(), made.crc32c);
  const place = {
    projectUid: project.uid,
    secretUid,
    versionUid: uid,
    ...(customerKey === undefined ? {} : { customerKey }),
  };
  const sealed = keyring.seal(project.wrappedKey, place, payload);
  return { uid, secretUid, crc32c: sum, fingerprint: keyring.fingerprint(payload), sealed, ...refTo(customerKey) };
}

/** What the version remembers of the key. */
export function refTo(key: WrappingKey | undefined): { readonly customerKey?: CustomerKeyRef } {
  return key === undefined ? {} : { customerKey: { name: keyIdOf(key.keyUid), version: key.number } };
}

interface Adding {
  readonly now: number;
  readonly entropy: Pick<Entropy, 'etag'>;
  readonly prepared: NewSealed;
}

type Traits = Pick<Version, 'clientChecksum' | 'attributes' | 'deletedAt'> & {
  /** It can be read by its number, and does not become the current one. */
  readonly candidate?: true;
  /** It cannot be read until it is enabled. */
  readonly isDisabled?: true;
};

/** The secret with one version more, and that version; throws LIMIT_REACHED. */
export function withVersion(
  before: Secret,
  { now, entropy, prepared }: Adding,
  { candidate, isDisabled, ...traits }: Traits,
): { readonly secret: Secret; readonly version: Version } {
  if (before.lastVersion >= VERSIONS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'versions of one secret', limit: VERSIONS_MAX });
  }
  const number = before.lastVersion + 1;
  const moved = candidate
    ? { candidateVersion: number }
    : { currentVersion: number, previousVersion: before.currentVersion };
  const { uid, secretUid, crc32c: sum, fingerprint, customerKey } = prepared;
  return {
    secret: { ...before, lastVersion: number, ...moved },
    version: {
      uid,
      secretUid,
      number,
      state: isDisabled ? 'DISABLED' : 'ENABLED',
      createdAt: now,
      etag: entropy.etag(),
      crc32c: sum,
      fingerprint,
      ...traits,
      ...(customerKey === undefined ? {} : { attributes: { ...traits.attributes, customerKey } }),
    },
  };
}
