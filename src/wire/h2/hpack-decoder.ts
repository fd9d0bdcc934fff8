// Reads header blocks (RFC 7541). It keeps the table that the peer fills, never larger than the 4096 bytes that a peer may
// assume, and reads a block to its end also where its fields are more than allowed: the table must stay the peer's.

import { type Field, fieldOf } from './field.ts';
import { decodeHuffman } from './huffman.ts';
import { COMPRESSION_ERROR, ConnectionError } from './protocol.ts';
import { STATIC_FIELDS } from './static-table.ts';

/** The initial SETTINGS_HEADER_TABLE_SIZE (RFC 9113 section 6.5.2), which we do not change. */
const TABLE_BYTES_MAX = 4096;
/** As many entries as fit, each having 32 bytes at least. */
const PLACES = TABLE_BYTES_MAX / 32;

const KNOWN: readonly Field[] = STATIC_FIELDS.map(([name, value]) => fieldOf(name, value));

const NOTHING = Buffer.alloc(0);

export interface HeaderBounds {
  /** Bytes of all fields, as RFC 9113 section 6.5.2 counts them (SETTINGS_MAX_HEADER_LIST_SIZE). */
  readonly bytesMax: number;
  readonly countMax: number;
}

export class HpackDecoder {
  /** Grows whenever the table changes: a block that left it alone means the same while it stands still. */
  changes = 0;
  readonly #bounds: HeaderBounds;
  /** A ring: the newest field is at `#inserted - 1`. */
  readonly #table: (Field | undefined)[] = [];
  #inserted = 0;
  #count = 0;
  #tableBytes = 0;
  #tableBytesMax = TABLE_BYTES_MAX;
  /** The block that is read now. */
  #bytes: Buffer = NOTHING;
  #at = 0;
  #end = 0;

  constructor(bounds: HeaderBounds) {
    this.#bounds = bounds;
  }

  /**
   * The fields of a whole block, or undefined where they are more than allowed.
   * @throws ConnectionError where the block is not valid: what follows it could not be read either.
   */
  decode(block: Buffer, start: number, end: number): Field[] | undefined {
    this.#bytes = block;
    this.#at = start;
    this.#end = end;
    this.#resize();
    const fields: Field[] = [];
    let listBytes = 0;
    let isOver = false;
    while (this.#at < end) {
      const field = this.#field();
      listBytes += field.bytes;
      isOver ||= listBytes > this.#bounds.bytesMax || fields.length === this.#bounds.countMax;
      if (!isOver) fields.push(field);
    }
    this.#bytes = NOTHING;
    return isOver ? undefined : fields;
  }

  /** Section 6.3: a new size of the table stands only before the first field. */
  #resize(): void {
    while (this.#at < this.#end && ((this.#bytes[this.#at] as number) & 0xe0) === 0x20) {
      const size = this.#integer(5);
      if (size > TABLE_BYTES_MAX) throw broken('the table is larger than allowed');
      this.#tableBytesMax = size;
      this.#evict(0);
      this.changes++;
    }
  }

  #field(): Field {
    const first = this.#bytes[this.#at] as number;
    // Section 6.1: an index alone.
    if ((first & 0x80) !== 0) return this.#indexed(this.#integer(7));
    // Section 6.2.1: a literal that enters the table.
    if ((first & 0x40) !== 0) {
      const field = this.#literal(6);
      this.#insert(field);
      return field;
    }
    if ((first & 0x20) !== 0) throw broken('a new size of the table after a field');
    // Sections 6.2.2 and 6.2.3: literals that do not.
    return this.#literal(4);
  }

  #literal(prefixBits: number): Field {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#string() : this.#indexed(index).name;
    return fieldOf(name, this.#string());
  }

  #indexed(index: number): Field {
    if (index <= KNOWN.length) {
      const known = KNOWN[index - 1];
      if (known !== undefined) return known;
    } else if (index <= KNOWN.length + this.#count) {
      return this.#table[(this.#inserted - (index - KNOWN.length)) % PLACES] as Field;
    }
    throw broken('an index that no field has');
  }

  /** Section 4.4: a field larger than the table leaves it empty. */
  #insert(field: Field): void {
    this.changes++;
    this.#evict(field.bytes);
    if (field.bytes > this.#tableBytesMax) return;
    this.#table[this.#inserted % PLACES] = field;
    this.#inserted++;
    this.#count++;
    this.#tableBytes += field.bytes;
  }

  /** Makes room for so many bytes. */
  #evict(bytes: number): void {
    while (this.#count > 0 && this.#tableBytes + bytes > this.#tableBytesMax) {
      const place = (this.#inserted - this.#count) % PLACES;
      this.#tableBytes -= (this.#table[place] as Field).bytes;
      this.#table[place] = undefined;
      this.#count--;
    }
  }

  /** Section 5.1, at most 28 bits beyond the prefix. */
  #integer(prefixBits: number): number {
    const most = (1 << prefixBits) - 1;
    const prefix = this.#byte() & most;
    if (prefix < most) return prefix;
    let value = most;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw broken('a number that is too large');
  }

  /** Section 5.2. */
  #string(): string {
    const isHuffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const start = this.#at;
    if (length > this.#end - start) throw broken('a string that is cut off');
    this.#at = start + length;
    if (isHuffman) return decodeHuffman(this.#bytes, start, this.#at);
    return this.#bytes.toString('latin1', start, this.#at);
  }

  #byte(): number {
    if (this.#at >= this.#end) throw broken('a block that is cut off');
    return this.#bytes[this.#at++] as number;
  }
}

function broken(what: string): ConnectionError {
  return new ConnectionError(COMPRESSION_ERROR, `header block: ${what}`);
}
