// The keys that callers use, sealed while they rest: each version's material under a key of its own, that key wrapped by
// the project's, the place authenticated with both (docs/envelope.md). Opened material is kept as key objects, for the
// very bytes and the very place it was opened from, so that a row changed or moved is still found out.

import { hash, type KeyObject, randomBytes } from 'node:crypto';
import { Fault } from '../../core/error.ts';
import { Grant } from '../../core/iam/policy.ts';
import type { KeyCrypto, KeyMaterial, KeyPlace, OpenKey, PlainKey, SealedKey } from '../../core/keys/port.ts';
import type { HashName, KeyType } from '../../core/keys/type.ts';
import type { Maybe } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import type { SealedPayload, Uid } from '../../core/secret.ts';
import { adoptKey, associatedData, EnvelopeError, newKey, openBare, sealBare } from '../envelope.ts';
import { Lru } from '../lru.ts';
import type { ProjectKeys } from '../project-keys.ts';
import { NODE_HASHES } from './hashes.ts';
import { adoptMaterial, makeMaterial } from './make.ts';
import { GrantedKey, Material } from './open-key.ts';
import { readRecord } from './record.ts';
import type { Turns } from './turns.ts';
import { wrapFor } from './wrapped.ts';

/** What wraps the data keys of secrets. */
const WRAPPING_TYPE = 'aes256-gcm96';
/** Versions kept open; an RSA key takes some 10 KiB, the others a tenth of that. */
const OPENED_MAX = 1024;

interface Opened {
  readonly place: KeyPlace;
  readonly type: KeyType;
  readonly projectKey: Uint8Array;
  sealed: SealedPayload;
  readonly material: Material;
}

export class SealedKeys implements KeyCrypto {
  /** Throws EnvelopeError. */
  readonly #wrapping: (wrapped: Uint8Array, projectUid: Uid) => ProjectKeys;
  readonly #turns: Turns;
  #opened = new Lru<string, Opened>(OPENED_MAX);

  constructor(wrapping: (wrapped: Uint8Array, projectUid: Uid) => ProjectKeys, turns: Turns) {
    this.#wrapping = wrapping;
    this.#turns = turns;
  }

  make(type: KeyType, keyBytes?: number): Maybe<KeyMaterial> {
    return makeMaterial(this.#turns, type, keyBytes);
  }

  adopt(type: KeyType, plain: PlainKey): KeyMaterial {
    return adoptMaterial(type, plain);
  }

  /** Throws INTERNAL where the project key itself does not open. */
  seal(projectKey: Uint8Array, place: KeyPlace, material: KeyMaterial): SealedPayload {
    let project: ProjectKeys;
    try {
      project = this.#wrapping(projectKey, place.projectUid);
    } catch (error) {
      throw error instanceof EnvelopeError ? new Fault('INTERNAL', {}, { cause: error }) : error;
    }
    const dataKey = newKey();
    const record = material.record.reveal();
    const sealed = {
      wrappedKey: project.wrap(placeData('coffer material key v1', place), dataKey),
      ciphertext: sealBare(dataKey, placeData('coffer key material v1', place), record),
    };
    record.fill(0);
    return sealed;
  }

  open(grant: Grant, projectKey: Uint8Array, key: SealedKey, sealed: SealedPayload): OpenKey {
    if (!(grant instanceof Grant) || !grant.permission.startsWith('coffer.keys.')) {
      throw new TypeError('open() demands a grant of coffer.keys');
    }
    return new GrantedKey(this.#material(projectKey, key, sealed), grant.permission);
  }

  /** The key itself of a symmetric version, for the keyring alone: it wraps data keys. Throws KEY_CORRUPT. */
  wrappingKey(projectKey: Uint8Array, place: KeyPlace, sealed: SealedPayload): KeyObject {
    const { secret } = this.#material(projectKey, { place, type: WRAPPING_TYPE }, sealed).held;
    if (secret === undefined) throw new TypeError('a key without material wraps nothing');
    return secret;
  }

  #material(projectKey: Uint8Array, { place, type, publicKey }: SealedKey, sealed: SealedPayload): Material {
    const name = `${place.keyUid} ${place.number}`;
    const known = this.#opened.get(name);
    if (known !== undefined && known.type === type && isSame(known, projectKey, place, sealed)) {
      return known.material;
    }
    try {
      const project = this.#wrapping(projectKey, place.projectUid);
      const wrappedData = placeData('coffer material key v1', place);
      const dataKey = adoptKey(project.open(wrappedData, sealed.wrappedKey));
      const record = openBare(dataKey, placeData('coffer key material v1', place), sealed.ciphertext);
      const material = new Material(readRecord(type, record, publicKey), this.#turns);
      this.#opened.set(name, { place, type, projectKey, sealed, material });
      return material;
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error;
      throw new Fault('KEY_CORRUPT', { key: place.keyUid, version: place.number }, { cause: error });
    }
  }

  wrap(publicKey: string, plain: Redacted<Uint8Array>, hash: HashName): Uint8Array {
    return wrapFor(publicKey, plain.reveal(), hash);
  }

  random(bytes: number): Redacted<Uint8Array> {
    return new Redacted<Uint8Array>(randomBytes(bytes));
  }

  hash(input: Uint8Array, name: HashName): Uint8Array {
    return hash(NODE_HASHES[name], input, 'buffer');
  }

  /** Lets go of everything that is kept opened. */
  forget(): void {
    this.#opened = new Lru(OPENED_MAX);
  }
}

function placeData(purpose: 'coffer material key v1' | 'coffer key material v1', place: KeyPlace): Buffer {
  return associatedData(purpose, [place.projectUid, place.keyUid, String(place.number)]);
}

function isSame(opened: Opened, projectKey: Uint8Array, place: KeyPlace, sealed: SealedPayload): boolean {
  if (opened.place.projectUid !== place.projectUid) return false;
  if (!isEqual(opened.projectKey, projectKey)) return false;
  if (opened.sealed === sealed) return true;
  if (!isEqual(opened.sealed.ciphertext, sealed.ciphertext)) return false;
  if (!isEqual(opened.sealed.wrappedKey, sealed.wrappedKey)) return false;
  opened.sealed = sealed;
  return true;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}
