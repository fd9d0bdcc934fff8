// Payloads that were opened a moment ago, by the version they belong to. One is given out again only for the very bytes
// and the very place it was opened from, so that a row changed or moved is still found out. Bounded in bytes: of two
// generations the older goes as soon as the younger is full.

import type { PayloadPlace, WrappingKey } from '../core/ports.ts';
import type { Redacted } from '../core/redacted.ts';
import type { SealedPayload, Uid } from '../core/secret.ts';

const BYTES_MAX: number = 16 * 1024 * 1024;
/** What an entry comes to beside its payload, about. */
const ENTRY_BYTES = 2048;

interface Opened {
  readonly place: PayloadPlace;
  readonly projectKey: Uint8Array;
  sealed: SealedPayload;
  readonly payload: Redacted<Uint8Array>;
}

export class OpenedPayloads {
  readonly #generationBytesMax: number;
  #young = new Map<Uid, Opened>();
  #old = new Map<Uid, Opened>();
  #youngBytes = 0;

  constructor(bytesMax: number = BYTES_MAX) {
    this.#generationBytesMax = bytesMax / 2;
  }

  get(projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload): Redacted<Uint8Array> | undefined {
    let opened = this.#young.get(place.versionUid);
    if (opened === undefined) {
      opened = this.#old.get(place.versionUid);
      if (opened === undefined) return undefined;
      this.#add(opened);
    }
    if (opened.place.secretUid !== place.secretUid || opened.place.projectUid !== place.projectUid) return undefined;
    if (!sameKey(opened.place.customerKey, place.customerKey)) return undefined;
    if (!same(opened.projectKey, projectKey)) return undefined;
    // A row that was read again is another object with the same bytes.
    if (opened.sealed !== sealed) {
      if (!same(opened.sealed.ciphertext, sealed.ciphertext)) return undefined;
      if (!same(opened.sealed.wrappedKey, sealed.wrappedKey)) return undefined;
      opened.sealed = sealed;
    }
    return opened.payload;
  }

  set(projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload, payload: Redacted<Uint8Array>): void {
    this.#add({ projectKey, place, sealed, payload });
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
  }

  #add(opened: Opened): void {
    this.#young.set(opened.place.versionUid, opened);
    // The sealed bytes are as many as the opened ones.
    this.#youngBytes += ENTRY_BYTES + 2 * opened.sealed.ciphertext.length;
    if (this.#youngBytes < this.#generationBytesMax) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}

function sameKey(a: WrappingKey | undefined, b: WrappingKey | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.keyUid !== b.keyUid || a.number !== b.number) return false;
  return same(a.sealed.ciphertext, b.sealed.ciphertext) && same(a.sealed.wrappedKey, b.sealed.wrappedKey);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}
