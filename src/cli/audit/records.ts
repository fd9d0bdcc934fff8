// `coffer audit query` and `tail`: who asked for what, and what the answer was, the streams merged by time.

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
  'table(stream, sequence:label=SEQ, time.date():label=TIME, outcome, operation, principal, resource, version, dialect, peer)';
const PAGE_RECORDS = 1000;
const TAIL_RECORDS = 20;
const POLL_MS = 1000;

interface RecordsPage {
  readonly records?: readonly Resource[];
  readonly next?: string;
  readonly tail?: string;
}

/** Prints the records that match, oldest first. @throws UsageError for a time that is none. */
export async function queryRecords(this: Context, flags: RecordFlags & { limit?: number }): Promise<void> {
  const { limit, ...filters } = flags;
  await showList(this, limit === undefined ? {} : { limit }, {
    defaultFormat: TABLE,
    serverFilters: false,
    uri: (record) => `${record['stream']}/${record['sequence']}`,
    fetch: async ({ pageToken }) => {
      const page = await fetchPage(this, filters, {
        after: pageToken,
        limit: Math.min(limit ?? PAGE_RECORDS, PAGE_RECORDS),
      });
      return { items: page.records ?? [], nextPageToken: page.next };
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
  this.out.result(await formatList(newest.records, options));
  let after = newest.tail;
  // A heading over every later record would be noise.
  const more = { ...options, defaultFormat: TABLE.replace('table', 'table[no-heading]') };
  while (follow) {
    await delay(POLL_MS);
    const page = await fetchPage(this, filters, { after, limit: PAGE_RECORDS });
    after = page.tail ?? after;
    const shown = (page.records ?? []).filter((record) => record['operation'] !== 'audit.query');
    this.out.result(await formatList(shown, more));
  }
}

/** The last `limit` records, and where to go on for what is written later. */
async function newestRecords(
  context: Context,
  filters: RecordFlags,
  limit: number,
): Promise<{ readonly records: readonly Resource[]; readonly tail: string | undefined }> {
  let records: readonly Resource[] = [];
  let tail: string | undefined;
  let after: string | undefined;
  do {
    const wanted = Math.min(limit - records.length, PAGE_RECORDS);
    const page = await fetchPage(context, filters, { after, limit: wanted, newest: 'true' });
    records = [...(page.records ?? []), ...records];
    tail ??= page.tail;
    after = page.next;
  } while (after !== undefined && records.length < limit);
  return { records, tail };
}

async function fetchPage(
  context: Context,
  { since, until, ...filters }: RecordFlags,
  { limit, ...place }: { readonly after: string | undefined; readonly limit: number; readonly newest?: 'true' },
): Promise<RecordsPage> {
  return context.session.request<RecordsPage>('GET', '/coffer/v1/audit', undefined, {
    ...filters,
    since: since === undefined ? undefined : timeBack('since', since),
    until: until === undefined ? undefined : timeBack('until', until),
    ...place,
    limit: String(limit),
  });
}
