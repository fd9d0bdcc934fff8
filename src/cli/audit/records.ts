// `coffer audit query` and `tail`: who asked for what, and what the answer was, in the order of the chain.

import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { formatList } from '../format/print.ts';
import { type Resource, showList } from '../show.ts';
import { timeBack } from '../times.ts';

export interface RecordFlags {
  readonly since?: string;
  readonly until?: string;
  readonly principal?: string;
  readonly resource?: string;
  readonly outcome?: 'allowed' | 'denied' | 'failed';
  readonly operation?: string;
}

const TABLE =
  'table(sequence:label=SEQ, time.date():label=TIME, outcome, operation, principal, resource, version, dialect, peer)';
const PAGE_RECORDS = 1000;
const TAIL_RECORDS = 20;
const POLL_MS = 1000;
const HOUR_MS = 3_600_000;
/** How far back `tail` looks, step by step, until it has enough. */
const TAIL_WINDOWS_MS = [HOUR_MS, 24 * HOUR_MS, 720 * HOUR_MS];

interface RecordsPage {
  readonly records?: readonly Resource[];
  readonly next?: number | string;
}

/** Prints the records that match, oldest first. @throws UsageError for a time that is none. */
export async function queryRecords(this: Context, flags: RecordFlags & { limit?: number }): Promise<void> {
  const { limit, ...filters } = flags;
  await showList(this, limit === undefined ? {} : { limit }, {
    defaultFormat: TABLE,
    serverFilters: false,
    uri: (record) => String(record['sequence']),
    fetch: async ({ pageToken }) => {
      const page = await fetchPage(this, filters, pageToken, Math.min(limit ?? PAGE_RECORDS, PAGE_RECORDS));
      return { items: page.records ?? [], nextPageToken: page.next === undefined ? undefined : String(page.next) };
    },
  });
}

/**
 * Prints the newest records; with --follow goes on until it is stopped. Following asks the server each second and
 * each question is audited too, so those records are left out.
 */
export async function tailRecords(
  this: Context,
  flags: RecordFlags & { limit?: number; follow?: boolean },
): Promise<void> {
  const { limit = TAIL_RECORDS, follow, ...filters } = flags;
  const newest = await newestRecords(this, filters, limit);
  const { format } = this.globals;
  const options = { defaultFormat: TABLE, ...(format === undefined ? {} : { format }) };
  this.out.result(await formatList(newest, options));
  let after = newest.at(-1)?.['sequence'];
  // A heading over every later record would be noise.
  const more = { ...options, defaultFormat: TABLE.replace('table', 'table[no-heading]') };
  while (follow) {
    await delay(POLL_MS);
    const page = await fetchPage(this, filters, after === undefined ? undefined : String(after), PAGE_RECORDS);
    after = page.records?.at(-1)?.['sequence'] ?? after;
    const shown = (page.records ?? []).filter((record) => record['operation'] !== 'audit.query');
    this.out.result(await formatList(shown, more));
  }
}

async function newestRecords(context: Context, filters: RecordFlags, limit: number): Promise<readonly Resource[]> {
  const windows = filters.since === undefined ? TAIL_WINDOWS_MS : [];
  for (const windowMs of windows) {
    const since = new Date(Date.now() - windowMs).toISOString();
    const found = await lastOf(context, { ...filters, since }, limit);
    if (found.length === limit) return found;
  }
  return lastOf(context, filters, limit);
}

async function lastOf(context: Context, filters: RecordFlags, limit: number): Promise<readonly Resource[]> {
  let last: readonly Resource[] = [];
  let after: string | undefined;
  do {
    const page = await fetchPage(context, filters, after, PAGE_RECORDS);
    last = [...last, ...(page.records ?? [])].slice(-limit);
    after = page.next === undefined ? undefined : String(page.next);
  } while (after !== undefined);
  return last;
}

async function fetchPage(
  context: Context,
  { since, until, ...filters }: RecordFlags,
  after: string | undefined,
  limit: number,
): Promise<RecordsPage> {
  const page = await context.session.request<RecordsPage>('GET', '/coffer/v1/audit', undefined, {
    ...filters,
    since: since === undefined ? undefined : timeBack('since', since),
    until: until === undefined ? undefined : timeBack('until', until),
    after,
    limit: String(limit),
  });
  return page;
}
