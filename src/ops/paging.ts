// Pages of a list: a size within bounds, and tokens that only this server can have made for this very list.

import { Fault } from '../core/error.ts';
import { FILTER_SCAN_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from '../core/limits.ts';
import type { Keyring } from '../core/ports.ts';

export interface PageRequest {
  /** 0: the default; larger than the most: the most. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
}

export interface FilteredRequest extends PageRequest {
  /** AIP-160; absent or empty: everything. */
  readonly filter?: string;
}

/** True where the list is not the whole one. */
export function isFiltered({ filter = '' }: FilteredRequest): boolean {
  return filter.trim() !== '';
}

/** How many rows to load for a list that may be filtered: one more than a page looks at tells whether there are more. */
export function rowLimit(page: FilteredRequest): number {
  const limit = pageLimit(page);
  return 1 + (isFiltered(page) ? FILTER_SCAN_MAX : limit);
}

/** The name of a list that page tokens are bound to: another filter is another list. */
export function filteredScope(scope: string, page: FilteredRequest): string {
  return isFiltered(page) ? `${scope} filter ${page.filter}` : scope;
}

/** How many rows to load: one more than the page holds tells whether there is another. */
export function pageLimit(page: PageRequest): number {
  if (page.pageSize < 0) throw new Fault('PAGE_SIZE_INVALID');
  return Math.min(page.pageSize || PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX);
}

/** The cursor that a page token stands for, or `start`; throws PAGE_TOKEN_INVALID for one that was not given out. */
export function pageCursor(keyring: Keyring, scope: string, page: PageRequest, start: string): string {
  if (page.pageToken === '') return start;
  const cursor = keyring.openPage(scope, page.pageToken);
  if (cursor === undefined) throw new Fault('PAGE_TOKEN_INVALID');
  return cursor;
}

export interface Page<T> {
  readonly rows: readonly T[];
  /** Empty: this was the last page. */
  readonly nextPageToken: string;
}

/** The page that `rows` make, where one more than `pageLimit` was loaded. */
export function pageOf<T>(
  keyring: Keyring,
  scope: string,
  page: PageRequest,
  rows: readonly T[],
  cursorOf: (row: T) => string,
): Page<T> {
  const limit = pageLimit(page);
  const last = rows[limit - 1];
  if (rows.length <= limit || last === undefined) return { rows, nextPageToken: '' };
  return { rows: rows.slice(0, limit), nextPageToken: keyring.signPage(scope, cursorOf(last)) };
}

/**
 * The page of those rows that belong to the list. It ends where it is full, or where as many rows were looked at as one
 * page may: the token then goes on from there.
 */
export function filteredPage<T>(
  keyring: Keyring,
  scope: string,
  page: FilteredRequest,
  rows: readonly T[],
  cursorOf: (row: T) => string,
  belongs: (row: T) => boolean,
): Page<T> {
  if (!isFiltered(page)) return pageOf(keyring, scope, page, rows, cursorOf);
  const limit = pageLimit(page);
  const found: T[] = [];
  for (const [index, row] of rows.slice(0, FILTER_SCAN_MAX).entries()) {
    if (belongs(row)) found.push(row);
    const isLast = found.length === limit || index + 1 === FILTER_SCAN_MAX;
    if (isLast && index + 1 < rows.length)
      return { rows: found, nextPageToken: keyring.signPage(scope, cursorOf(row)) };
    if (found.length === limit) break;
  }
  return { rows: found, nextPageToken: '' };
}
