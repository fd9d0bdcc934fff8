// The keys of an open server: what wraps project keys, seals and opens payloads, and signs what the server hands out.
// A payload opens only for a grant, and only in the place it was sealed for (DOMAIN invariants 4 and 6).
// Keys are held as KeyObject; the raw bytes of each are overwritten as soon as it is one.

import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Fault } from '../core/error.ts';
import { Grant } from '../core/iam/policy.ts';
import type { Keyring as KeyringPort, PayloadPlace, SealStatus } from '../core/ports.ts';
import { Redacted } from '../core/redacted.ts';
import type { SealedPayload, Uid } from '../core/secret.ts';
import {
  adoptKey,
  associatedData,
  deriveKey,
  EnvelopeError,
  lengthPrefixed,
  type NamedKey,
  nameKey,
  newKey,
  openBare,
  openNamed,
  sealBare,
  sealNamed,
} from './envelope.ts';
import { Lru } from './lru.ts';

/** Project keys kept open; each costs some hundred bytes, and opening one again some microseconds. */
const PROJECT_KEYS_MAX = 1024;
const PAGE_FORMAT = 1;
const PAGE_MAC_BYTES = 16;
const PAGE_TOKEN_CHARS_MAX = 1024;
/** 1 byte of format and 16 of MAC, in base64url. */
const PAGE_TOKEN_CHARS_MIN = 23;

/** What opening a seal yields: the root key, and which key it was sealed with. */
export interface OpenRoot {
  readonly root: KeyObject;
  readonly sealType: string;
  readonly sealKeyId: string;
}

interface OpenProjectKey {
  readonly wrapped: Buffer;
  readonly key: NamedKey;
}

export class Keyring implements KeyringPort {
  readonly #status: SealStatus;
  readonly #root: NamedKey;
  readonly #pageKey: KeyObject;
  readonly #auditKey: KeyObject;
  readonly #projectKeys = new Lru<Uid, OpenProjectKey>(PROJECT_KEYS_MAX);

  constructor(open: OpenRoot) {
    this.#status = { sealed: false, type: open.sealType, keyId: open.sealKeyId };
    this.#root = nameKey(open.root);
    this.#pageKey = deriveKey(open.root, 'coffer page token v1');
    this.#auditKey = deriveKey(open.root, 'coffer audit mark v1');
  }

  status(): SealStatus {
    return this.#status;
  }

  /** A new project key, wrapped by the root key. */
  wrapProjectKey(projectUid: Uid): Uint8Array {
    return wrap(this.#root, associatedData('coffer project key v1', [projectUid]), newKey());
  }

  /** Seals under a data key of its own. Throws INTERNAL where the project key itself does not open. */
  seal(projectKey: Uint8Array, place: PayloadPlace, payload: Redacted<Uint8Array>): SealedPayload {
    let project: NamedKey;
    try {
      project = this.#openProjectKey(projectKey, place.projectUid);
    } catch (error) {
      throw error instanceof EnvelopeError ? new Fault('INTERNAL', {}, { cause: error }) : error;
    }
    const dataKey = newKey();
    return {
      wrappedKey: wrap(project, placeData('coffer data key v1', place), dataKey),
      ciphertext: sealBare(dataKey, placeData('coffer payload v1', place), payload.reveal()),
    };
  }

  /** Throws PAYLOAD_CORRUPT, with the uids of the place and the problem, where anything sealed here was changed. */
  open(grant: Grant, projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload): Redacted<Uint8Array> {
    if (!(grant instanceof Grant) || grant.permission !== 'secretmanager.versions.access') {
      throw new TypeError('open() demands a grant of secretmanager.versions.access');
    }
    try {
      const project = this.#openProjectKey(projectKey, place.projectUid);
      const dataKey = adoptKey(openNamed(project, placeData('coffer data key v1', place), sealed.wrappedKey));
      return new Redacted(openBare(dataKey, placeData('coffer payload v1', place), sealed.ciphertext));
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error;
      const facts = { secret: place.secretUid, version: place.versionUid, problem: error.message };
      throw new Fault('PAYLOAD_CORRUPT', facts, { cause: error });
    }
  }

  /** Base64url of a format byte, the cursor's MAC and the cursor. `scope` is part of what is signed, and not in it. */
  signPage(scope: string, cursor: string): string {
    const mac = this.#pageMac(scope, cursor);
    return Buffer.concat([Buffer.of(PAGE_FORMAT), mac, Buffer.from(cursor)]).toString('base64url');
  }

  openPage(scope: string, token: string): string | undefined {
    if (token.length < PAGE_TOKEN_CHARS_MIN || token.length > PAGE_TOKEN_CHARS_MAX) return undefined;
    const bytes = Buffer.from(token, 'base64url');
    // Node skips what is not base64url. Only the one spelling that was given out is taken.
    if (bytes.toString('base64url') !== token || bytes[0] !== PAGE_FORMAT) return undefined;
    const cursor = bytes.toString('utf8', 1 + PAGE_MAC_BYTES);
    const mac = bytes.subarray(1, 1 + PAGE_MAC_BYTES);
    return timingSafeEqual(mac, this.#pageMac(scope, cursor)) ? cursor : undefined;
  }

  /** HMAC-SHA256 of an audit mark, in hex, under a key that only this server's root key yields. */
  auditMac(text: string): string {
    return createHmac('sha256', this.#auditKey).update(text).digest('hex');
  }

  /** Seals something of the server's own under the root key. `purpose` must be given again to open it. */
  sealBytes(purpose: string, bytes: Uint8Array): Uint8Array {
    return sealNamed(this.#root, associatedData('coffer bytes v1', [purpose]), bytes);
  }

  /** Throws EnvelopeError where `sealed` was changed, or sealed for another purpose or by another root key. */
  openBytes(purpose: string, sealed: Uint8Array): Uint8Array {
    return openNamed(this.#root, associatedData('coffer bytes v1', [purpose]), sealed);
  }

  #openProjectKey(wrapped: Uint8Array, projectUid: Uid): NamedKey {
    const known = this.#projectKeys.get(projectUid);
    if (known?.wrapped.equals(wrapped)) return known.key;
    const key = nameKey(
      adoptKey(openNamed(this.#root, associatedData('coffer project key v1', [projectUid]), wrapped)),
    );
    this.#projectKeys.set(projectUid, { wrapped: Buffer.from(wrapped), key });
    return key;
  }

  #pageMac(scope: string, cursor: string): Buffer {
    return createHmac('sha256', this.#pageKey)
      .update(lengthPrefixed([scope, cursor]))
      .digest()
      .subarray(0, PAGE_MAC_BYTES);
  }
}

function placeData(purpose: 'coffer data key v1' | 'coffer payload v1', place: PayloadPlace): Buffer {
  return associatedData(purpose, [place.projectUid, place.secretUid, place.versionUid]);
}

function wrap(wrapping: NamedKey, aad: Buffer, key: KeyObject): Buffer {
  const raw = key.export();
  const wrapped = sealNamed(wrapping, aad, raw);
  raw.fill(0);
  return wrapped;
}
