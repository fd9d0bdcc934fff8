// What happens between an answer and its printed form: pages, --filter, --flatten, --sort-by, --limit, --uri, --format,
// in gcloud's order.

import { ApiError } from '../client/error.ts';
import { flattenAll, sortBy } from './arrange.ts';
import type { Context } from './context.ts';
import { CliError } from './error.ts';
import { parseFormat } from './format/expression.ts';
import { compileFilter, needsClientFilter } from './format/filter.ts';
import { columnKeys, formatList, formatOne, type Resource } from './format/print.ts';
import type { Transforms } from './format/transforms.ts';

export type { Resource } from './format/print.ts';

export interface ListFlags {
  readonly filter?: string;
  readonly limit?: number;
  readonly pageSize?: number;
  readonly sortBy?: string;
  readonly uri?: boolean;
}

export interface Page {
  readonly items: readonly Resource[];
  readonly nextPageToken: string | undefined;
}

export interface PageRequest {
  readonly pageSize: string;
  readonly pageToken: string | undefined;
  /** Only where the server filters. */
  readonly filter: string | undefined;
}

export interface Listing {
  readonly defaultFormat: string;
  readonly transforms?: Transforms;
  /** True where the API has a filter of its own. */
  readonly serverFilters: boolean;
  readonly uri: (resource: Resource) => string;
  readonly fetch: (request: PageRequest) => Promise<Page>;
}

/** Answers of more items than this are cut with an error rather than kept in memory. */
const ITEMS_MAX = 250_000;
const PAGE_SIZE_DEFAULT = 100;

/** Prints one resource: YAML unless the command says otherwise or --format is given. */
export async function showOne(context: Context, resource: Resource, defaultFormat = 'yaml'): Promise<void> {
  const { format, flatten } = context.globals;
  const options = { defaultFormat, ...(format === undefined ? {} : { format }) };
  if (flatten === undefined) context.out.result(await formatOne(resource, options));
  else context.out.result(await formatList(flattenAll([resource], flatten), options));
}

/** Fetches all pages that are needed and prints them as a list. */
export async function showList(context: Context, flags: ListFlags, listing: Listing): Promise<void> {
  const keys = columnKeys(parseFormat(listing.defaultFormat));
  const { filter } = flags;
  let items: readonly Resource[];
  try {
    const onServer = filter !== undefined && listing.serverFilters && !needsClientFilter(filter);
    items = await collect(context, flags, listing, onServer ? { onServer: filter } : { here: filter, keys });
  } catch (error) {
    // A server without filters says so, and then the work is done here.
    if (!(error instanceof ApiError && error.status === 'UNIMPLEMENTED') || !filter) throw error;
    items = await collect(context, flags, listing, { here: filter, keys });
  }
  const sorted = flags.sortBy === undefined ? items : sortBy(items, flags.sortBy, keys);
  await print(context, flags, listing, sorted.slice(0, flags.limit));
}

interface Filtering {
  readonly onServer?: string;
  readonly here?: string | undefined;
  readonly keys?: ReadonlyMap<string, string>;
}

async function collect(
  context: Context,
  flags: ListFlags,
  listing: Listing,
  { onServer, here, keys }: Filtering,
): Promise<readonly Resource[]> {
  const matches = here ? compileFilter(here, keys) : () => true;
  const { flatten } = context.globals;
  // Sorting must see every item, so only an unsorted list can stop early.
  const enough = flags.sortBy === undefined ? flags.limit : undefined;
  const items: Resource[] = [];
  for await (const page of pages(listing, flags, onServer)) {
    for (const item of flatten === undefined ? page : flattenAll(page, flatten)) if (matches(item)) items.push(item);
    if (items.length > ITEMS_MAX) {
      throw new CliError(`there are more than ${ITEMS_MAX} items: narrow them with --filter`);
    }
    if (enough !== undefined && items.length >= enough) break;
  }
  return items;
}

async function print(context: Context, flags: ListFlags, listing: Listing, items: readonly Resource[]): Promise<void> {
  const { format } = context.globals;
  if (flags.uri && format === undefined) {
    context.out.result(items.map((item) => `${listing.uri(item)}\n`).join(''));
  } else {
    const text = await formatList(items, {
      defaultFormat: listing.defaultFormat,
      sorted: flags.sortBy !== undefined,
      ...(listing.transforms === undefined ? {} : { transforms: listing.transforms }),
      ...(format === undefined ? {} : { format }),
    });
    context.out.result(text);
  }
  if (items.length === 0 && format === undefined) context.out.status('Listed 0 items.');
}

async function* pages(
  listing: Listing,
  flags: ListFlags,
  filter: string | undefined,
): AsyncGenerator<readonly Resource[]> {
  const pageSize = String(flags.pageSize ?? Math.min(flags.limit ?? PAGE_SIZE_DEFAULT, PAGE_SIZE_DEFAULT));
  let pageToken: string | undefined;
  do {
    const page = await listing.fetch({ pageSize, pageToken, filter });
    yield page.items;
    if (page.nextPageToken !== undefined && page.nextPageToken === pageToken) {
      throw new ApiError(500, 'INTERNAL', 'the server gave the same page token twice');
    }
    pageToken = page.nextPageToken || undefined;
  } while (pageToken !== undefined);
}
