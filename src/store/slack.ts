// The unallocated part of a SQLite page, where a rebalanced b-tree leaves copies of cells that it moved. SQLite's
// secure_delete does not reach them: it zeroes a cell where it lies when it is deleted, not where it lay before.
// Source: https://www.sqlite.org/fileformat2.html, 1.6 "B-tree Pages".

/** The file's own header on its first page. */
const FILE_HEADER_BYTES = 100;
const LEAF_HEADER_BYTES = 8;
const INTERIOR_HEADER_BYTES = 12;
const CELL_COUNT_AT = 3;
const CONTENT_START_AT = 5;
const CELL_POINTER_BYTES = 2;

const INTERIOR_TYPES: ReadonlySet<number> = new Set([2, 5]);
const LEAF_TYPES: ReadonlySet<number> = new Set([10, 13]);

/**
 * Pages of a file in which the first byte tells a b-tree page from any other: that of an overflow or free-list page is
 * the high byte of a page number, and below this count it is none of the types.
 */
export const PAGES_MAX: number = 0x0200_0000 - 1;

export interface Range {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** Where `page`, the `number`th of its file, holds bytes that belong to nothing; undefined where they are all zero. */
export function slackOf(page: Buffer, number: number): Range | undefined {
  const header = number === 1 ? FILE_HEADER_BYTES : 0;
  const type = page[header] ?? 0;
  const interior = INTERIOR_TYPES.has(type);
  if (!interior && !LEAF_TYPES.has(type)) return undefined;
  const cells = page.readUInt16BE(header + CELL_COUNT_AT);
  const start = header + (interior ? INTERIOR_HEADER_BYTES : LEAF_HEADER_BYTES) + cells * CELL_POINTER_BYTES;
  // 0 stands for 65,536: an empty page of that size.
  const end = page.readUInt16BE(header + CONTENT_START_AT) || 0x1_0000;
  if (start >= end || end > page.length) return undefined;
  return page.subarray(start, end).every(isZero) ? undefined : { start, end };
}

function isZero(byte: number): boolean {
  return byte === 0;
}
