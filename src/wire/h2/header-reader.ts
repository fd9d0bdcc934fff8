// Puts the header blocks of a connection together and makes heads of them (RFC 9113 sections 4.3 and 6.10). A block is
// bounded in bytes and in frames, since nothing else may come before its end (CVE-2024-27316).

import { HeadCache } from './head-cache.ts';
import { type HeaderBounds, HpackDecoder } from './hpack-decoder.ts';
import { ConnectionError, ENHANCE_YOUR_CALM, PROTOCOL_ERROR } from './protocol.ts';
import { areTrailers, type RequestHead, requestHead } from './request-head.ts';

/** nghttp2's default (`NGHTTP2_DEFAULT_MAX_CONTINUATIONS`). */
const CONTINUATIONS_MAX = 8;
/**
 * Ours: a block may be so many times larger than its fields may be and is still read, so that only its stream ends; one
 * beyond that ends the connection.
 */
const BLOCK_EXCESS_MAX = 4;

/** A head as all requests share it that have it. */
export interface PreparedHead<T> {
  readonly prepared: T;
  readonly contentLength: number;
}

/** A block of which more is to come. */
interface OpenBlock {
  readonly stream: number;
  readonly endsStream: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

export class HeaderReader<T> {
  /** Set from the first frame of a block to its last, where it has several. */
  open: OpenBlock | undefined;
  readonly #bounds: HeaderBounds;
  readonly #decoder: HpackDecoder;
  readonly #cache = new HeadCache<PreparedHead<T>>();
  readonly #prepare: (head: RequestHead) => T;

  constructor(bounds: HeaderBounds, prepare: (head: RequestHead) => T) {
    this.#bounds = bounds;
    this.#decoder = new HpackDecoder(bounds);
    this.#prepare = prepare;
  }

  /** Takes the first frame of a block that others continue. */
  begin(stream: number, endsStream: boolean, bytes: Buffer, start: number, end: number): void {
    this.open = { stream, endsStream, parts: [Buffer.from(bytes.subarray(start, end))], bytes: end - start };
  }

  /** Takes another, and answers the block so far. @throws ConnectionError where none can follow, or too much does. */
  continue(bytes: Buffer, start: number, end: number): OpenBlock {
    const { open } = this;
    if (open === undefined) throw new ConnectionError(PROTOCOL_ERROR, 'nothing to continue');
    open.bytes += end - start;
    if (open.parts.push(Buffer.from(bytes.subarray(start, end))) > 1 + CONTINUATIONS_MAX) throw endless();
    if (open.bytes > this.#bounds.bytesMax * BLOCK_EXCESS_MAX) throw endless();
    return open;
  }

  /**
   * The head of a request whose block is whole, or why there is none: more fields than allowed, or a malformed request.
   * @throws ConnectionError where the block cannot be read.
   */
  head(bytes: Buffer, start: number, end: number): PreparedHead<T> | 'large' | 'malformed' {
    const { changes } = this.#decoder;
    const known = this.#cache.find(bytes, start, end, changes);
    if (known !== undefined) return known;
    const fields = this.#decoder.decode(bytes, start, end);
    if (fields === undefined) return 'large';
    const head = requestHead(fields);
    if (head === undefined) return 'malformed';
    const made = { prepared: this.#prepare(head), contentLength: head.contentLength };
    if (changes === this.#decoder.changes) this.#cache.keep(bytes, start, end, changes, made);
    return made;
  }

  /** Reads a block that stands behind a body; false where it may not. @throws ConnectionError as `head` does. */
  trailers(bytes: Buffer, start: number, end: number): boolean {
    const fields = this.#decoder.decode(bytes, start, end);
    return fields !== undefined && areTrailers(fields);
  }
}

function endless(): ConnectionError {
  return new ConnectionError(ENHANCE_YOUR_CALM, 'a header block without end');
}
