// Secrets as Key Vault shows them. Names are spelled with letters, digits and hyphens; times are seconds; what is not set
// is left out. Source: the Key Vault REST reference, `SecretBundle`, `SecretItem` and `DeletedSecretBundle`.

import { secretKey } from '../../core/name.ts';
import type { Secret, Version } from '../../core/secret.ts';
import { BINARY_TYPE } from './decode.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a deleted secret can be recovered for. */
const RECOVERABLE_DAYS = 90;
export const RECOVERY_SECONDS: number = RECOVERABLE_DAYS * 24 * 3600;

const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000);

/** How Azure spells a stored name. */
export function spelledName({ name }: Pick<Secret, 'name'>): string {
  return secretKey(name).replaceAll(/[_.+=@]/g, '-');
}

function attributesOf({ state, createdAt, attributes = {} }: Version): Json {
  const { notBefore, expiresAt, updatedAt = createdAt } = attributes;
  return {
    enabled: state === 'ENABLED',
    ...(notBefore === undefined ? {} : { nbf: seconds(notBefore) }),
    ...(expiresAt === undefined ? {} : { exp: seconds(expiresAt) }),
    created: seconds(createdAt),
    updated: seconds(updatedAt),
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: RECOVERABLE_DAYS,
  };
}

/** Tags are the version's own; a version that has none shows the labels of its secret. */
function tagsOf({ labels }: Secret, { attributes }: Version): Json {
  const tags = attributes?.tags ?? labels;
  return attributes?.tags === undefined && Object.keys(labels).length === 0 ? {} : { tags };
}

/** A secret or an item of a list, without its value. `isItem`: of the secret as a whole, whose id names no version. */
export function encodeVersion(origin: string, secret: Secret, version: Version, isItem = false): Json {
  const id = `${origin}/secrets/${spelledName(secret)}`;
  const contentType = version.attributes?.contentType;
  return {
    ...(contentType === undefined ? {} : { contentType }),
    id: isItem ? id : `${id}/${version.uid}`,
    attributes: attributesOf(version),
    ...tagsOf(secret, version),
  };
}

/** A deleted secret; without a version there is nothing to show of it but that. */
export function encodeDeleted(origin: string, secret: Secret, version: Version | undefined, isItem = false): Json {
  const { deletedAt, purgeAt } = secret;
  return {
    recoveryId: `${origin}/deletedsecrets/${spelledName(secret)}`,
    ...(deletedAt === undefined ? {} : { deletedDate: seconds(deletedAt) }),
    ...(purgeAt === undefined ? {} : { scheduledPurgeDate: seconds(purgeAt) }),
    ...(version === undefined
      ? { id: `${origin}/secrets/${spelledName(secret)}` }
      : encodeVersion(origin, secret, version, isItem)),
  };
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(payload: Uint8Array): string | undefined {
  try {
    return strict.decode(payload);
  } catch {
    return undefined;
  }
}

/** A secret with its value: text as it is, anything else as base64 that says what it is. */
export function encodeBundle(origin: string, secret: Secret, version: Version, payload: Uint8Array): Json {
  const text = version.attributes?.kind === 'binary' ? undefined : textOf(payload);
  const bundle = encodeVersion(origin, secret, version);
  if (text !== undefined) return { value: text, ...bundle };
  const { buffer, byteOffset, length } = payload;
  return {
    value: Buffer.from(buffer, byteOffset, length).toString('base64'),
    contentType: BINARY_TYPE,
    ...bundle,
  };
}
