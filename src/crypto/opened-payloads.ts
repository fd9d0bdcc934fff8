// Payloads that were opened a moment ago, by the version they belong to. One is given out again only for the very bytes
// and the very place it was opened from, so that a row changed or moved is still found out. Bounded in bytes.

import { Kept } from '../core/kept.ts';
import type { PayloadPlace, WrappingKey } from '../core/ports.ts';
import type { Redacted } from '../core/redacted.ts';
import type { SealedPayload } from '../core/secret.ts';

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
  readonly #kept: Kept<Opened>;

  constructor(bytesMax: number = BYTES_MAX) {
    this.#kept = new Kept({ bytesMax, entryBytes: ENTRY_BYTES });
  }

  get(projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload): Redacted<Uint8Array> | undefined {
    const opened = this.#kept.get(place.versionUid);
    if (opened === undefined) return undefined;
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
    // The sealed bytes are as many as the opened ones.
    this.#kept.add(place.versionUid, { projectKey, place, sealed, payload }, 2 * sealed.ciphertext.length);
  }

  clear(): void {
    this.#kept.clear();
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
