// Checks lines of the log in their order: each must be whole, stand where its sequence belongs, and carry the hash of
// its own text and of the line before. Judges bytes, not parsed values, so that no edit is too small to be seen.

import { hash } from 'node:crypto';
import { HASH_CHARS, LINE_BYTES_MAX, NO_HASH } from './line.ts';
import { parseHeader, sequenceAt } from './parse.ts';
import { eachLine, type Range, type ScanEnd, scanBlocks } from './scan.ts';

const CLOSING = 0x7d;
const SEAL_CHARS: number = ',"hash":"'.length + HASH_CHARS + '"}'.length;

/** What the next line must follow. */
export interface ChainPlace {
  readonly stream: string;
  /** The segment of the line before; a line of another one must be a header. Empty at the very beginning. */
  readonly segment: string;
  readonly head: string;
  readonly sequence: number;
}

/** Before the first line of a stream. */
export function chainStart(stream: string): ChainPlace {
  return { stream, segment: '', head: NO_HASH, sequence: 0 };
}

export class Chain {
  readonly #stream: string;
  #segment: string;
  #head: string;
  #sequence: number;
  #records = 0;
  readonly #breaks: 'named' | 'passed';
  readonly #scratch: Buffer = Buffer.allocUnsafe(HASH_CHARS + LINE_BYTES_MAX + 1);

  /** `passed` goes on behind a break that a segment's first line confesses; `named` calls it a problem. */
  constructor(place: ChainPlace, breaks: 'named' | 'passed') {
    this.#stream = place.stream;
    this.#segment = place.segment;
    this.#head = place.head;
    this.#sequence = place.sequence;
    this.#breaks = breaks;
  }

  get head(): string {
    return this.#head;
  }

  /** The last record that held. */
  get sequence(): number {
    return this.#sequence;
  }

  /** How many records held. */
  get records(): number {
    return this.#records;
  }

  /** Moves on by one line (newline left out) of `segment`, or answers why it does not hold. */
  step(line: Buffer, segment: string): string | undefined {
    if (line.length > LINE_BYTES_MAX || line.length <= SEAL_CHARS) return this.#stranger();
    return segment === this.#segment ? this.#record(line) : this.#header(line, segment);
  }

  #record(line: Buffer): string | undefined {
    const due = this.#sequence + 1;
    const found = sequenceAt(line, 0);
    if (found === undefined) return this.#stranger();
    if (found > due) return `record ${due} is missing: record ${found} stands in its place`;
    if (found < due) return `record ${found} stands where record ${due} belongs`;
    const head = this.#hash(this.#head, line);
    if (!sealed(line, head)) return `record ${due} was changed: its hash does not fit it and the line before`;
    this.#head = head;
    this.#sequence = due;
    this.#records += 1;
    return undefined;
  }

  #header(line: Buffer, segment: string): string | undefined {
    const header = parseHeader(line.toString('latin1'));
    if (header === undefined) return `segment ${segment} does not begin with the line that names the one before`;
    const head = this.#hash(header.head, line);
    if (!sealed(line, head)) return `the first line of segment ${segment} was changed: its hash does not fit it`;
    if (header.stream !== this.#stream) return `segment ${segment} is one of the stream ${header.stream}`;
    if (header.segment !== segment) return `segment ${segment} calls itself ${header.segment}`;
    if (header.broken !== undefined && this.#breaks === 'named') return `the log was broken here: ${header.broken}`;
    if (header.broken === undefined) {
      if (header.after !== this.#sequence) {
        return `segment ${segment} follows record ${header.after}, but record ${this.#sequence} is the last before it`;
      }
      if (header.head !== this.#head) return `segment ${segment} does not follow the segment before it: other hash`;
    }
    this.#segment = segment;
    this.#head = head;
    this.#sequence = header.after;
    return undefined;
  }

  #stranger(): string {
    return `a line that is no record stands where record ${this.#sequence + 1} belongs`;
  }

  #hash(previous: string, line: Buffer): string {
    const bodyBytes = line.length - SEAL_CHARS;
    this.#scratch.write(previous, 0, 'latin1');
    line.copy(this.#scratch, HASH_CHARS, 0, bodyBytes);
    this.#scratch[HASH_CHARS + bodyBytes] = CLOSING;
    return hash('sha256', this.#scratch.subarray(0, HASH_CHARS + bodyBytes + 1));
  }
}

export interface Walk {
  /** Why the line that follows `heldBytes` does not hold. */
  readonly problem?: string;
  /** The end of the last line that held. */
  readonly heldBytes: number;
  readonly scan: ScanEnd;
}

/**
 * Takes a chain through a segment, up to the first line that does not hold. `held` sees each line that does, and where
 * it ends, and may object. Rejects with the error of the file system.
 */
export async function walk(
  path: string,
  range: Range,
  chain: Chain,
  segment: string,
  held?: (line: Buffer, endBytes: number) => string | undefined,
): Promise<Walk> {
  let problem: string | undefined;
  let heldBytes = range.fromBytes;
  const scan = await scanBlocks(path, range, (block, offsetBytes) =>
    eachLine(block, (start, end) => {
      const line = block.subarray(start, end);
      const endBytes = offsetBytes + end + 1;
      problem = chain.step(line, segment) ?? held?.(line, endBytes);
      if (problem === undefined) heldBytes = endBytes;
      return problem === undefined;
    }),
  );
  return { heldBytes, scan, ...(problem === undefined ? {} : { problem }) };
}

function sealed(line: Buffer, head: string): boolean {
  return line.toString('latin1', line.length - SEAL_CHARS) === `,"hash":"${head}"}`;
}
