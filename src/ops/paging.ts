// Pages of a list: a size within bounds, and tokens that only this server can have made for this very list.

import { Fault } from '../core/error.ts';
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from '../core/limits.ts';
import type { Keyring } from '../core/ports.ts';

export interface PageRequest {
  /** 0: the default; larger than the most: the most. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
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
