// The keys of an open server: what wraps project keys, seals and opens payloads, and signs what the server hands out.
// A payload opens only for a grant, and only in the place it was sealed for (DOMAIN invariants 4 and 6).
// Keys are held as KeyObject; raw bytes are overwritten as soon as they are one, or have opened the one box they are for.

import { createHmac, hash, type KeyObject, timingSafeEqual } from 'node:crypto';
import { PROXY_PASSWORD_PREFIX } from '../core/credential.ts';
import { Fault } from '../core/error.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { Grant } from '../core/iam/policy.ts';
import type { Keyring as KeyringPort, PayloadPlace, SealStatus, WrappingKey } from '../core/ports.ts';
import { Redacted } from '../core/redacted.ts';
import type { SealedPayload, Uid } from '../core/secret.ts';
import { type Shape, shapeOf } from '../core/vault/kv.ts';
import { AwsKeys } from './aws-keys.ts';
import {
  associatedData,
  deriveKey,
  EnvelopeError,
  lengthPrefixed,
  type NamedKey,
  nameKey,
  newKeyBytes,
  openBare,
  openBareOnce,
  openNamed,
  sealBare,
  sealNamed,
} from './envelope.ts';
import { SealedKeys } from './keys/sealed-keys.ts';
import { Turns } from './keys/turns.ts';
import { Lru } from './lru.ts';
import { OpenedPayloads } from './opened-payloads.ts';
import { AuthorityKeys } from './pki/authority.ts';
import { ProjectKeys, withNewKey } from './project-keys.ts';
import { SealedTexts } from './sealed-texts.ts';

/** Project keys kept open; each costs some hundred bytes, and opening one again some microseconds. */
const PROJECT_KEYS_MAX = 1024;
/** Of a version, and of what Vault's API keeps sealed beside them. */
const OPENING: ReadonlySet<Permission> = new Set(['secretmanager.versions.access', 'coffer.vault.use']);

const PAGE_FORMAT = 1;
const PAGE_MAC_BYTES = 16;
const PAGE_TOKEN_CHARS_MAX = 1024;
/** 1 byte of format and 16 of MAC, in base64url. */
const PAGE_TOKEN_CHARS_MIN = 23;

/** What opening a seal yields: the root key, which key it was sealed with, and the key of fingerprints. */
export interface OpenRoot {
  readonly root: KeyObject;
  readonly fingerprintKey: KeyObject;
  readonly sealType: string;
  readonly sealKeyId: string;
  /** Of a key that was shared out. */
  readonly shares?: SealStatus['shares'];
  /** By which all threads limit slow work with private keys; absent: this one is alone. */
  readonly turnMemory?: SharedArrayBuffer;
}

interface OpenProjectKeys {
  readonly wrapped: Buffer;
  readonly keys: ProjectKeys;
}

export class Keyring implements KeyringPort {
  /** The keys that callers use without ever holding them. */
  readonly keys: SealedKeys;
  /** What signs requests by AWS's API. */
  readonly aws: AwsKeys;
  /** The keys of the authorities of PKI mounts. */
  readonly pki: AuthorityKeys;
  readonly #status: SealStatus;
  readonly #root: NamedKey;
  readonly #pageKey: KeyObject;
  readonly #auditKey: KeyObject;
  readonly #proxyKey: KeyObject;
  readonly #fingerprintKey: KeyObject;
  readonly #texts: SealedTexts;
  readonly #opened = new OpenedPayloads();
  readonly #projectKeys = new Lru<Uid, OpenProjectKeys>(PROJECT_KEYS_MAX);

  constructor(open: OpenRoot) {
    this.#status = {
      ...{ sealed: false, type: open.sealType, keyId: open.sealKeyId },
      ...(open.shares === undefined ? {} : { shares: open.shares }),
    };
    this.#root = nameKey(open.root);
    this.#pageKey = deriveKey(open.root, 'coffer page token v1');
    this.#auditKey = deriveKey(open.root, 'coffer audit mark v1');
    this.#proxyKey = deriveKey(open.root, 'coffer proxy password v1');
    this.#fingerprintKey = open.fingerprintKey;
    this.#texts = new SealedTexts(deriveKey(open.root, 'coffer sealed text v1'));
    const wrapping = (wrapped: Uint8Array, uid: Uid) => this.#openProjectKeys(wrapped, uid);
    const turns = new Turns(open.turnMemory);
    this.keys = new SealedKeys(wrapping, turns);
    this.pki = new AuthorityKeys({
      turns,
      open: (grant, projectKey, place, sealed) => this.open(grant, projectKey, place, sealed),
      openOwn: (projectKey, place, sealed) => this.#open(projectKey, place, sealed),
    });
    this.aws = new AwsKeys(wrapping, deriveKey(open.root, 'coffer aws session v1'));
  }

  status(): SealStatus {
    return this.#status;
  }

  /** A new project key, wrapped by the root key, before the older ones. Throws EnvelopeError where those do not open. */
  wrapProjectKey(projectUid: Uid, older?: Uint8Array): Uint8Array {
    if (older !== undefined) this.#openProjectKeys(older, projectUid);
    return withNewKey(this.#root, projectUid, older);
  }

  /** Seals under a data key of its own. Throws INTERNAL where the project key itself does not open. */
  seal(projectKey: Uint8Array, place: PayloadPlace, payload: Redacted<Uint8Array>): SealedPayload {
    let project: ProjectKeys;
    try {
      project = this.#openProjectKeys(projectKey, place.projectUid);
    } catch (error) {
      throw error instanceof EnvelopeError ? new Fault('INTERNAL', {}, { cause: error }) : error;
    }
    // A key object for two uses costs more than both.
    const dataKey = newKeyBytes();
    try {
      const wrapped = project.seal(placeData('coffer data key v1', place), dataKey);
      const ciphertext = sealBare(dataKey, placeData('coffer payload v1', place), payload.reveal());
      return { wrappedKey: this.#wrapByCustomer(projectKey, place, wrapped), ciphertext };
    } finally {
      dataKey.fill(0);
    }
  }

  /** Throws PAYLOAD_CORRUPT, with the uids of the place and the problem, where anything sealed here was changed. */
  open(grant: Grant, projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload): Redacted<Uint8Array> {
    if (!(grant instanceof Grant) || !OPENING.has(grant.permission)) {
      throw new TypeError('open() demands a grant that opens payloads');
    }
    return this.#open(projectKey, place, sealed);
  }

  /** Tells of a value whether it is a JSON object, a text or neither, and no more. Throws as `open` does. */
  shapeOf(projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload): Shape {
    return shapeOf(this.#open(projectKey, place, sealed).reveal());
  }

  /** The same value under a key of its own for another place. Throws as `open` does. */
  copy(projectKey: Uint8Array, from: PayloadPlace, to: PayloadPlace, sealed: SealedPayload): SealedPayload {
    return this.seal(projectKey, to, this.#open(projectKey, from, sealed));
  }

  #open(projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload): Redacted<Uint8Array> {
    const known = this.#opened.get(projectKey, place, sealed);
    if (known !== undefined) return known;
    try {
      const project = this.#openProjectKeys(projectKey, place.projectUid);
      const wrapped = this.#unwrapByCustomer(projectKey, place, sealed.wrappedKey);
      const dataKey = project.open(placeData('coffer data key v1', place), wrapped);
      const payload = new Redacted<Uint8Array>(
        openBareOnce(dataKey, placeData('coffer payload v1', place), sealed.ciphertext),
      );
      this.#opened.set(projectKey, place, sealed, payload);
      return payload;
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error;
      const facts = { secret: place.secretUid, version: place.versionUid, problem: error.message };
      throw new Fault('PAYLOAD_CORRUPT', facts, { cause: error });
    }
  }

  #wrapByCustomer(projectKey: Uint8Array, place: PayloadPlace, wrapped: Buffer): Buffer {
    const { customerKey: key } = place;
    if (key === undefined) return wrapped;
    return sealBare(this.#customerKey(projectKey, place, key), customerData(place, key), wrapped);
  }

  #unwrapByCustomer(projectKey: Uint8Array, place: PayloadPlace, wrapped: Uint8Array): Uint8Array {
    const { customerKey: key } = place;
    if (key === undefined) return wrapped;
    return openBare(this.#customerKey(projectKey, place, key), customerData(place, key), wrapped);
  }

  #customerKey(
    projectKey: Uint8Array,
    { projectUid }: PayloadPlace,
    { keyUid, number, sealed }: WrappingKey,
  ): KeyObject {
    return this.keys.wrappingKey(projectKey, { projectUid, keyUid, number }, sealed);
  }

  /** Lets go of every payload, and of every key of callers, that is kept opened. */
  forgetPayloads(): void {
    this.#opened.clear();
    this.keys.forget();
    this.aws.forget();
    this.pki.forget();
  }

  /** HMAC-SHA256 of the payload, in hex, under a key that only this store has. */
  fingerprint(payload: Redacted<Uint8Array>): string {
    return createHmac('sha256', this.#fingerprintKey).update(payload.reveal()).digest('hex');
  }

  tokenHash(text: Redacted<string>): string {
    return hash('sha256', text.reveal(), 'hex');
  }

  /** By the key that no rotation of the root key replaces. */
  tenantId(): string {
    const id = createHmac('sha256', this.#fingerprintKey).update('coffer tenant id v1').digest();
    // RFC 9562 section 5.8: a GUID of our own making.
    id[6] = ((id[6] as number) & 0x0f) | 0x80;
    id[8] = ((id[8] as number) & 0x3f) | 0x80;
    return id.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
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

  sealText(scope: string, text: string): string {
    return this.#texts.seal(scope, text);
  }

  openText(scope: string, sealed: string): string | undefined {
    return this.#texts.open(scope, sealed);
  }

  /** A MAC of the key's id: it holds as long as that key does, and whoever has the root key can make it again. */
  proxyPassword(keyId: string): Redacted<string> {
    return new Redacted(PROXY_PASSWORD_PREFIX + this.#proxyMac(keyId).toString('base64url'));
  }

  isProxyPassword(keyId: string, password: string): boolean {
    const given = Buffer.from(password.slice(PROXY_PASSWORD_PREFIX.length), 'base64url');
    const expected = this.#proxyMac(keyId);
    return (
      password.startsWith(PROXY_PASSWORD_PREFIX) && given.length === expected.length && timingSafeEqual(given, expected)
    );
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

  #openProjectKeys(wrapped: Uint8Array, projectUid: Uid): ProjectKeys {
    const known = this.#projectKeys.get(projectUid);
    if (known?.wrapped.equals(wrapped)) return known.keys;
    const keys = new ProjectKeys(this.#root, wrapped, projectUid);
    this.#projectKeys.set(projectUid, { wrapped: Buffer.from(wrapped), keys });
    return keys;
  }

  #proxyMac(keyId: string): Buffer {
    return createHmac('sha256', this.#proxyKey).update(keyId).digest();
  }

  #pageMac(scope: string, cursor: string): Buffer {
    return createHmac('sha256', this.#pageKey)
      .update(lengthPrefixed([scope, cursor]))
      .digest()
      .subarray(0, PAGE_MAC_BYTES);
  }
}

function customerData(place: PayloadPlace, { keyUid, number }: WrappingKey): Buffer {
  const { projectUid, secretUid, versionUid } = place;
  return associatedData('coffer customer key v1', [projectUid, secretUid, versionUid, keyUid, String(number)]);
}

function placeData(purpose: 'coffer data key v1' | 'coffer payload v1', place: PayloadPlace): Buffer {
  return associatedData(purpose, [place.projectUid, place.secretUid, place.versionUid]);
}
