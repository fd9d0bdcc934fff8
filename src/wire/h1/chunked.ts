// A body in chunks (RFC 9112 section 7.1): its data as it comes, its extensions and trailers read and thrown away. Strict
// like the head: sizes are hexadecimal digits and nothing else, and each line ends with CR LF.

/** Ours: extensions are legal, and nobody sends them. Node allows 16 KiB a message. */
const LINE_BYTES_MAX = 1024;
/** Eight digits: more than any body that is allowed. */
const SIZE_LINE = /^([0-9a-f]{1,8})(?:;.*)?$/i;
const FORBIDDEN = /[\0-\x08\x0a-\x1f\x7f]/;
/** A field, but none that would frame the message (RFC 9110 section 6.5.1). */
const TRAILER = /^(?!content-length:|transfer-encoding:)[!#$%&'*+\-.^_`|~0-9a-z]+:/i;
const CR = 0x0d;
const LF = 0x0a;

type Part = 'size' | 'data' | 'data end' | 'trailers';

export class ChunkedBody {
  #part: Part = 'size';
  /** Of the chunk that is read. */
  #bytesLeft = 0;
  /** Of a line that is not whole yet. */
  #line = '';
  #trailerBytes = 0;
  readonly #trailerBytesMax: number;
  readonly #add: (data: Buffer) => void;

  /** `add` gets the data, in parts of what is read. */
  constructor(trailerBytesMax: number, add: (data: Buffer) => void) {
    this.#trailerBytesMax = trailerBytesMax;
    this.#add = add;
  }

  /** True once the last line was read. */
  isWhole = false;

  /**
   * Reads on.
   * @returns where it stopped: at the end of `bytes`, or behind the body; -1 where the body is malformed.
   */
  read(bytes: Buffer, start: number): number {
    let at = start;
    while (at >= 0 && at < bytes.length && !this.isWhole) {
      at = this.#part === 'data' ? this.#readData(bytes, at) : this.#readLine(bytes, at);
    }
    return at;
  }

  #readData(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#bytesLeft);
    this.#add(bytes.subarray(start, end));
    this.#bytesLeft -= end - start;
    if (this.#bytesLeft === 0) this.#part = 'data end';
    return end;
  }

  #readLine(bytes: Buffer, start: number): number {
    const feed = bytes.indexOf(LF, start);
    const end = feed < 0 ? bytes.length : feed;
    if (this.#line.length + end - start > LINE_BYTES_MAX) return -1;
    this.#line += bytes.toString('latin1', start, end);
    if (feed < 0) return end;
    const line = this.#line;
    this.#line = '';
    if (line.charCodeAt(line.length - 1) !== CR) return -1;
    return this.#take(line.slice(0, -1)) ? feed + 1 : -1;
  }

  /** Whether the line is what may stand there. */
  #take(line: string): boolean {
    if (FORBIDDEN.test(line)) return false;
    switch (this.#part) {
      case 'size': {
        const size = SIZE_LINE.exec(line)?.[1];
        if (size === undefined) return false;
        this.#bytesLeft = Number.parseInt(size, 16);
        this.#part = this.#bytesLeft === 0 ? 'trailers' : 'data';
        return true;
      }
      case 'trailers':
        this.isWhole = line === '';
        this.#trailerBytes += line.length + 2;
        return this.#trailerBytes <= this.#trailerBytesMax && (this.isWhole || TRAILER.test(line));
      default:
        this.#part = 'size';
        return line === '';
    }
  }
}
