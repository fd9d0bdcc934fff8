// What happens between an answer and its printed form: pages, --filter, --flatten, --sort-by, --limit, --uri, --format,
// in gcloud's order.

import { ApiError } from '../client/error.ts';
import type { Context } from './context.ts';
import { CliError } from './error.ts';
import { parseFormat } from './format/expression.ts';
import { compileFilter, needsClientFilter } from './format/filter.ts';
import { parsePath, valueAt } from './format/path.ts';
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
  const filter = flags.filter === '' ? undefined : flags.filter;
  const onServer = filter !== undefined && listing.serverFilters && !needsClientFilter(filter);
  const matches = filter === undefined || onServer ? () => true : compileFilter(filter, keys);
  const { flatten } = context.globals;
  // Sorting must see every item, so only an unsorted list can stop early.
  const enough = flags.sortBy === undefined && flatten === undefined ? flags.limit : undefined;
  const items: Resource[] = [];
  for await (const page of pages(listing, flags, onServer ? filter : undefined)) {
    items.push(...page.filter(matches));
    if (items.length > ITEMS_MAX)
      throw new CliError(`there are more than ${ITEMS_MAX} items: narrow them with --filter`);
    if (enough !== undefined && items.length >= enough) break;
  }
  const flat = flatten === undefined ? items : flattenAll(items, flatten);
  const sorted = flags.sortBy === undefined ? flat : sortBy(flat, flags.sortBy, keys);
  await print(context, flags, listing, sorted.slice(0, flags.limit));
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

/** `--flatten=bindings[].members`: one item for each element, the element in the list's place. */
function flattenAll(items: readonly Resource[], keys: string): readonly Resource[] {
  let result = items;
  for (const key of keys.split(',')) {
    const steps = key.replace(/\[\]$/, '').split('[].');
    for (let depth = 1; depth <= steps.length; depth++) {
      const path = steps.slice(0, depth).join('.');
      result = result.flatMap((item) => flattenOne(item, path));
    }
  }
  return result;
}

function flattenOne(item: Resource, key: string): readonly Resource[] {
  const path = parsePath(key);
  if (path === undefined) throw new CliError(`--flatten: [${key}] is not a key`);
  const value = valueAt(item, path);
  return Array.isArray(value) ? value.map((element) => replaced(item, path.map(String), element)) : [item];
}

function replaced(item: Resource, [name, ...rest]: readonly string[], value: unknown): Resource {
  if (name === undefined) return item;
  return { ...item, [name]: rest.length === 0 ? value : replaced((item[name] ?? {}) as Resource, rest, value) };
}

/** `~key` sorts downwards. Numbers as numbers, everything else as text; what lacks the key comes first. */
function sortBy(items: readonly Resource[], text: string, aliases: ReadonlyMap<string, string>): readonly Resource[] {
  const keys = text.split(',').map((part) => {
    const name = part.trim().replace(/^~/, '');
    const path = parsePath(aliases.get(name) ?? name);
    if (path === undefined) throw new CliError(`--sort-by: [${name}] is not a key`);
    return { path, direction: part.trim().startsWith('~') ? -1 : 1 };
  });
  return [...items].sort((a, b) => {
    for (const { path, direction } of keys) {
      const order = compare(valueAt(a, path), valueAt(b, path));
      if (order !== 0) return order * direction;
    }
    return 0;
  });
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a ?? ''), String(b ?? '')];
  return left < right ? -1 : left > right ? 1 : 0;
}
