// The keys of one project: the newest wraps data keys, and each opens what it once wrapped, by the id in the box. They
// lie behind each other in the project's row, the newest first, each wrapped by the root key; docs/envelope.md.

import type { KeyObject } from 'node:crypto';
import type { Uid } from '../core/secret.ts';
import {
  adoptKey,
  associatedData,
  EnvelopeError,
  keyIdOf,
  type NamedKey,
  nameKey,
  newKey,
  openNamed,
  sealNamed,
  WRAPPED_KEY_BYTES,
  wrapKey,
} from './envelope.ts';

const dataOf = (uid: Uid) => associatedData('coffer project key v1', [uid]);

export class ProjectKeys {
  readonly #keys: readonly NamedKey[];

  /** Throws EnvelopeError where one of them does not open. */
  constructor(root: NamedKey, wrapped: Uint8Array, projectUid: Uid) {
    const count = keysIn(wrapped);
    this.#keys = Array.from({ length: count }, (_, at) => {
      const box = wrapped.subarray(at * WRAPPED_KEY_BYTES, (at + 1) * WRAPPED_KEY_BYTES);
      return nameKey(adoptKey(openNamed(root, dataOf(projectUid), box)));
    });
  }

  /** Wraps a key under the newest. */
  wrap(aad: Buffer, key: KeyObject): Buffer {
    return wrapKey(this.#newest, aad, key);
  }

  seal(aad: Buffer, plaintext: Uint8Array): Buffer {
    return sealNamed(this.#newest, aad, plaintext);
  }

  /** Opens what any of them has wrapped. Throws EnvelopeError. */
  open(aad: Buffer, box: Uint8Array): Buffer {
    if (this.#keys.length === 1) return openNamed(this.#newest, aad, box);
    const id = keyIdOf(box);
    return openNamed(this.#keys.find((each) => each.id === id) ?? this.#newest, aad, box);
  }

  get #newest(): NamedKey {
    return this.#keys[0] as NamedKey;
  }
}

/** How many keys a project has. Throws EnvelopeError for bytes that are no keys. */
function keysIn(wrapped: Uint8Array): number {
  const count = wrapped.length / WRAPPED_KEY_BYTES;
  if (!Number.isInteger(count) || count < 1)
    throw new EnvelopeError(`${wrapped.length} bytes are no keys of a project`);
  return count;
}

/** One more key of a project, wrapped, before those it has. */
export function withNewKey(root: NamedKey, projectUid: Uid, older: Uint8Array = new Uint8Array()): Uint8Array {
  return Buffer.concat([wrapKey(root, dataOf(projectUid), newKey()), older]);
}
