// The lines of one write, chained and laid side by side in a buffer that is used again. Bytes are hashed for half of what
// strings cost, and strings that are never joined need not be laid out twice: this is the way of every request.

import { hash } from 'node:crypto';
import { HASH_CHARS, LINE_BYTES_MAX, NO_HASH } from './line.ts';

const OPENING: Buffer = Buffer.from('{"sequence":');
const SEAL: Buffer = Buffer.from(',"hash":"');
const ENDING: Buffer = Buffer.from('"}\n');
const COMMA = 0x2c;
const CLOSING = 0x7d;
const SEAL_CHARS: number = SEAL.length + HASH_CHARS + ENDING.length;
/** Where the sequence stands in the text that is hashed. */
const SEQUENCE_AT: number = HASH_CHARS + OPENING.length;
const BYTES = 64 * 1024;
/** A buffer that one large write made is not kept. */
const KEPT_BYTES_MAX: number = 1024 * 1024;

export class Batch {
  readonly #scratch: Buffer = Buffer.allocUnsafe(HASH_CHARS + LINE_BYTES_MAX + 1);
  #bytes: Buffer = Buffer.allocUnsafe(BYTES);
  #length = 0;
  #head = NO_HASH;
  #sequence = 0;
  #starts: number[] = [];

  constructor() {
    OPENING.copy(this.#scratch, HASH_CHARS);
  }

  /** Starts anew behind the record `sequence`, whose hash is `head`. */
  begin(head: string, sequence: number): void {
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = Buffer.allocUnsafe(BYTES);
    this.#head = head;
    this.#sequence = sequence;
    this.#length = 0;
    this.#starts = [];
  }

  /** Adds the line of a record with these fields (line.ts). */
  add(fields: string): void {
    this.#sequence += 1;
    this.#starts.push(this.#length);
    const scratch = this.#scratch;
    scratch.write(this.#head, 0, 'latin1');
    let end = SEQUENCE_AT + scratch.write(String(this.#sequence), SEQUENCE_AT, 'latin1');
    scratch[end] = COMMA;
    end += 1 + scratch.write(fields, end + 1, 'latin1');
    scratch[end] = CLOSING;
    this.#head = hash('sha256', scratch.subarray(0, end + 1));
    this.#reserve(end - HASH_CHARS + SEAL_CHARS);
    const bytes = this.#bytes;
    let length = this.#length + scratch.copy(bytes, this.#length, HASH_CHARS, end);
    length += SEAL.copy(bytes, length);
    length += bytes.write(this.#head, length, 'latin1');
    this.#length = length + ENDING.copy(bytes, length);
  }

  /** All lines; lent until the next `begin`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The hash of the last line. */
  get head(): string {
    return this.#head;
  }

  /** Where the line of that place begins, from 0. */
  startOf(place: number): number {
    return this.#starts[place] as number;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
