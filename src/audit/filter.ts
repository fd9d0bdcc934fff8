// What a query asks for, judged on a record, on the bytes of a line, and on the rows of an index. The last two only ever
// leave out what cannot match; the record decides.

import type { AuditQuery, ChainedRecord } from '../core/audit-record.ts';
import { type HashColumn, hashOf, OUTCOME_CODES, resourceHashes } from './index-builder.ts';
import { quote, quoteName } from './line.ts';

export function matches(record: ChainedRecord, query: AuditQuery): boolean {
  return (
    record.time >= (query.since ?? -Infinity) &&
    record.time < (query.until ?? Infinity) &&
    (query.principal === undefined || record.principal === query.principal) &&
    (query.operation === undefined || record.operation === query.operation) &&
    (query.outcome === undefined || record.outcome === query.outcome) &&
    (query.resource === undefined || isBelow(record.resource, query.resource))
  );
}

function isBelow(resource: string, prefix: string): boolean {
  return resource === prefix || resource.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

/** Texts that every line which matches must hold, the one first that is likely to be the rarest. */
export function needlesOf({ resource, principal, operation, outcome }: AuditQuery): readonly Buffer[] {
  const needles: string[] = [];
  if (principal !== undefined) needles.push(`"principal":${quoteName(principal)}`);
  if (resource !== undefined) needles.push(`"resource":${quoteName(resource).slice(0, -1)}`);
  if (operation !== undefined) needles.push(`"operation":${quote(operation)}`);
  if (outcome !== undefined) needles.push(`"outcome":${quote(outcome)}`);
  return needles.map((needle) => Buffer.from(needle));
}

/** What the rows of an index must have. */
export interface RowFilter {
  readonly since: number;
  readonly until: number;
  readonly outcome: number | undefined;
  readonly hashes: readonly { readonly column: HashColumn; readonly hash: number }[];
}

export function rowFilter(query: AuditQuery): RowFilter {
  const hashes: { column: HashColumn; hash: number }[] = [];
  // A line holds text as it was bounded: a longer one matches nothing, and finds no hash either.
  if (query.resource !== undefined) hashes.push(...resourceFilter(query.resource));
  if (query.principal !== undefined) hashes.push({ column: 'principal', hash: hashOf(query.principal) });
  if (query.operation !== undefined) hashes.push({ column: 'operation', hash: hashOf(query.operation) });
  return {
    since: query.since ?? -Infinity,
    until: query.until ?? Infinity,
    outcome: query.outcome === undefined ? undefined : OUTCOME_CODES[query.outcome],
    hashes,
  };
}

/** The longest column that is a prefix of what is asked for: everything below that resource has the same there. */
function resourceFilter(resource: string): RowFilter['hashes'] {
  const prefix = resource.endsWith('/') ? resource.slice(0, -1) : resource;
  const parts = prefix.split('/').length;
  // The hash of a prefix with exactly so many parts is that of the whole where nothing follows.
  const [two, four, six] = resourceHashes(prefix);
  if (parts >= 6) return [{ column: 'resource6', hash: six }];
  if (parts >= 4) return [{ column: 'resource4', hash: four }];
  return parts >= 2 ? [{ column: 'resource2', hash: two }] : [];
}
