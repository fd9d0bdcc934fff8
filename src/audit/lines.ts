// Reads single lines and blocks of lines of an open segment, for queries: into one buffer that a query has, so that its
// memory does not grow with what it reads. A block is lent: the next read overwrites it.

import type { FileHandle } from 'node:fs/promises';
import { LINE_BYTES_MAX } from './line.ts';

const NEWLINE = 10;
const READ_BYTES: number = 256 * 1024;
/** No block is larger. */
export const BLOCK_BYTES_MAX: number = READ_BYTES + LINE_BYTES_MAX;
/** Lines that are so near to each other are read with what is between them. */
const GAP_BYTES: number = 4096;

/** Where a line stands in its segment. */
export interface Extent {
  readonly fromBytes: number;
  /** Behind its newline. */
  readonly toBytes: number;
}

export class LineReader {
  readonly #buffer: Buffer = Buffer.allocUnsafe(BLOCK_BYTES_MAX);

  /** The block of whole lines that begins at `fromBytes`; empty where no whole line is left before `toBytes`. */
  async forward(file: FileHandle, fromBytes: number, toBytes: number): Promise<Buffer> {
    for (let size = READ_BYTES; ; size = this.#buffer.length) {
      const wanted = Math.min(size, toBytes - fromBytes);
      const held = await this.#fill(file, fromBytes, wanted);
      const whole = held === 0 ? 0 : this.#buffer.lastIndexOf(NEWLINE, held - 1) + 1;
      if (whole > 0 || held < wanted || wanted < size || size === this.#buffer.length) {
        return this.#buffer.subarray(0, whole);
      }
    }
  }

  /** The block of whole lines that ends at `toBytes`, which is the end of one; empty where there is none. */
  async backward(file: FileHandle, toBytes: number): Promise<Buffer> {
    for (let size = READ_BYTES; ; size = this.#buffer.length) {
      const fromBytes = Math.max(0, toBytes - size);
      const held = await this.#fill(file, fromBytes, toBytes - fromBytes);
      if (fromBytes === 0) return this.#buffer.subarray(0, held);
      // The line before the block ends here; what stands before that is a part of another.
      const start = this.#buffer.subarray(0, Math.max(0, held - 1)).indexOf(NEWLINE) + 1;
      if (start > 0 || size === this.#buffer.length) return this.#buffer.subarray(start, held);
    }
  }

  /**
   * Calls `visit` with the line of each extent, newline left out, until it answers false. They ascend or descend; those
   * that are near to each other are read at once.
   */
  async each(
    file: FileHandle,
    extents: readonly Extent[],
    visit: (block: Buffer, start: number, end: number) => boolean,
  ): Promise<void> {
    for (let first = 0; first < extents.length; ) {
      const { next, fromBytes, toBytes } = this.#run(extents, first);
      const held = await this.#fill(file, fromBytes, toBytes - fromBytes);
      for (; first < next; first += 1) {
        const extent = extents[first] as Extent;
        const end = extent.toBytes - fromBytes;
        if (end > held) return;
        if (!visit(this.#buffer, extent.fromBytes - fromBytes, end - 1)) return;
      }
    }
  }

  /** How far one read goes from the extent at `first` on. */
  #run(extents: readonly Extent[], first: number): Extent & { readonly next: number } {
    let { fromBytes, toBytes } = extents[first] as Extent;
    let next = first + 1;
    for (; next < extents.length; next += 1) {
      const extent = extents[next] as Extent;
      const from = Math.min(fromBytes, extent.fromBytes);
      const to = Math.max(toBytes, extent.toBytes);
      const gap = extent.fromBytes >= toBytes ? extent.fromBytes - toBytes : fromBytes - extent.toBytes;
      if (gap > GAP_BYTES || to - from > READ_BYTES) break;
      fromBytes = from;
      toBytes = to;
    }
    return { next, fromBytes, toBytes: Math.min(toBytes, fromBytes + this.#buffer.length) };
  }

  async #fill(file: FileHandle, fromBytes: number, bytes: number): Promise<number> {
    let held = 0;
    while (held < bytes) {
      const { bytesRead } = await file.read(this.#buffer, held, bytes - held, fromBytes + held);
      if (bytesRead === 0) break;
      held += bytesRead;
    }
    return held;
  }
}
