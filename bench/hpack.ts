// The part of header compression that a client with one request needs (RFC 7541): fields that enter the peer's table
// with the first request, and one byte for each in all that follow, as every client of gRPC sends them.

/** First index of the dynamic table (appendix A ends at 61); the newest entry has it. */
const DYNAMIC_FIRST = 62;
/** Section 6.2.1: a literal that enters the table; with index 0 its name is a literal too. */
const ENTERS = 0x40;
/** Section 6.1. */
const INDEXED = 0x80;

export interface HeaderBlocks {
  /** For the first request of a connection. */
  readonly first: Buffer;
  /** For all others. */
  readonly next: Buffer;
}

/** Both blocks of the same fields, in their order. */
export function headerBlocks(fields: readonly (readonly [name: string, value: string])[]): HeaderBlocks {
  const first = fields.flatMap(([name, value]) => [Buffer.from([ENTERS]), text(name), text(value)]);
  const next = fields.map((_, index) => INDEXED | (DYNAMIC_FIRST + fields.length - 1 - index));
  return { first: Buffer.concat(first), next: Buffer.from(next) };
}

/** Section 5.2, without Huffman's code. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7), bytes]);
}

/** Section 5.1, all bits before the prefix being 0. */
function integer(value: number, prefixBits: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.from([value]);
  const bytes = [most];
  for (let left = value - most; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) | 128);
  }
}
