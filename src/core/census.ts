// Who read which version of a secret, when last, through which dialect and as which workload; and what follows from it:
// on which versions a reader still stands. Rule: a reader, one workload of one principal, stands on a version that it
// has read until it reads a newer one, or the current one, after it; on the current version it stands in any case.

import { Fault } from './error.ts';
import { AUDIT_TEXT_CHARS_MAX, USER_AGENTS_CACHED_MAX, WORKLOAD_CHARS_MAX } from './limits.ts';
import type { Uid, VersionState } from './secret.ts';

/** What is known of one reader's reads of one version through one dialect. Times in milliseconds since 1970. */
export interface Sighting {
  readonly projectUid: Uid;
  readonly secretUid: Uid;
  /** The number of the version. */
  readonly version: number;
  /** Where the version lies in the store, as it was read; absent: the store looks it up. */
  readonly ordinal?: number;
  /** IAM member, or `anonymous`. */
  readonly principal: string;
  /** The name of the program; empty: none is known. */
  readonly workload: string;
  readonly dialect: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** How often, between the two. */
  readonly reads: number;
}

/** A sighting with what has become of the version meanwhile. */
export interface SightingOfVersion extends Sighting {
  readonly state: VersionState;
}

/** One reader of a secret, as its reads within a window show it. */
export interface Consumer {
  readonly principal: string;
  readonly workload: string;
  /** Of the newest read. */
  readonly dialect: string;
  /** The version read last, and what has become of it. */
  readonly version: number;
  readonly state: VersionState;
  readonly lastSeenAt: number;
  /** Of every version that it read within the window. */
  readonly reads: number;
  /** Whether the version read last is the current one. */
  readonly isCurrent: boolean;
  /** The versions on which it stands, the newest read first. */
  readonly standsOn: readonly SightingOfVersion[];
}

export interface CensusWindow {
  readonly currentVersion: number;
  /** The first moment that counts, milliseconds since 1970. */
  readonly since: number;
}

/** Every reader within the window, the one that read last first. `sightings` are those of one secret. */
export function consumersOf(sightings: readonly SightingOfVersion[], window: CensusWindow): readonly Consumer[] {
  const readers = new Map<string, SightingOfVersion[]>();
  for (const sighting of sightings) {
    if (sighting.lastSeenAt < window.since) continue;
    // Neither part can hold a line break.
    const reader = `${sighting.principal}\n${sighting.workload}`;
    const known = readers.get(reader);
    if (known === undefined) readers.set(reader, [sighting]);
    else known.push(sighting);
  }
  return [...readers.values()].map((each) => consumerOf(each, window)).sort((a, b) => b.lastSeenAt - a.lastSeenAt);
}

function consumerOf(sightings: readonly SightingOfVersion[], { currentVersion }: CensusWindow): Consumer {
  const newestFirst = [...sightings].sort((a, b) => b.lastSeenAt - a.lastSeenAt || b.version - a.version);
  const newest = newestFirst[0] as SightingOfVersion;
  const { principal, workload, dialect, version, state, lastSeenAt } = newest;
  return {
    principal,
    workload,
    dialect,
    version,
    state,
    lastSeenAt,
    reads: sightings.reduce((sum, { reads }) => sum + reads, 0),
    isCurrent: version === currentVersion,
    standsOn: standing(newestFirst, currentVersion),
  };
}

/** Of one reader's sightings, the newest first, one for each version that it stands on. */
function standing(newestFirst: readonly SightingOfVersion[], currentVersion: number): readonly SightingOfVersion[] {
  const seen = new Map<number, SightingOfVersion>();
  // By another dialect it may have read the same version earlier.
  for (const sighting of newestFirst) if (!seen.has(sighting.version)) seen.set(sighting.version, sighting);
  const currentSeenAt = seen.get(currentVersion)?.lastSeenAt ?? Number.NEGATIVE_INFINITY;
  const found: SightingOfVersion[] = [];
  // The highest version among the reads that are later; reads of the same moment are not.
  let highest = 0;
  let pending = 0;
  let pendingAt = Number.POSITIVE_INFINITY;
  for (const sighting of seen.values()) {
    const { version, lastSeenAt } = sighting;
    if (lastSeenAt < pendingAt) {
      highest = Math.max(highest, pending);
      pendingAt = lastSeenAt;
    }
    pending = Math.max(pending, version);
    const hasMoved = version !== currentVersion && (highest > version || currentSeenAt > lastSeenAt);
    if (!hasMoved) found.push(sighting);
  }
  return found;
}

export interface StandingQuestion extends CensusWindow {
  /** Absent: any version that is not destroyed. */
  readonly version?: number;
  /** A principal whose own reads do not count. */
  readonly except?: string;
}

/** Who stands on the version, the one that read last first. `sightings` are those of one secret. */
export function standingOn(
  sightings: readonly SightingOfVersion[],
  { version, except, ...window }: StandingQuestion,
): readonly SightingOfVersion[] {
  return consumersOf(sightings, window)
    .filter(({ principal }) => principal !== except)
    .flatMap(({ standsOn }) =>
      standsOn.filter((each) => (version === undefined ? each.state !== 'DESTROYED' : each.version === version)),
    );
}

const WORKLOAD = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._:@+/-]{0,${WORKLOAD_CHARS_MAX - 1}}$`);
const PRODUCT = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,${WORKLOAD_CHARS_MAX - 1}}`);

/** True where a workload can have this name. */
export function isWorkload(text: string): boolean {
  return WORKLOAD.test(text);
}

/** The name of a workload as whoever starts it gives it; throws INVALID_FIELD, which does not repeat it. */
export function parseWorkload(text: string): string {
  if (isWorkload(text)) return text;
  const problem = `must be 1 to ${WORKLOAD_CHARS_MAX} letters, digits and . _ : @ + / -, starting with a letter or digit`;
  throw new Fault('INVALID_FIELD', { field: 'workload', problem });
}

const products = new Map<string, string>();

/**
 * The workload of a caller that names none: the first product of its user agent (RFC 9110 section 10.1.5), without its
 * version, so that a library that was updated is still the same reader. Empty where there is none.
 */
export function workloadOf(userAgent: string | undefined): string {
  if (userAgent === undefined) return '';
  const kept = products.get(userAgent);
  if (kept !== undefined) return kept;
  const product = PRODUCT.exec(userAgent)?.[0] ?? '';
  if (userAgent.length > AUDIT_TEXT_CHARS_MAX) return product;
  if (products.size >= USER_AGENTS_CACHED_MAX) products.clear();
  products.set(userAgent, product);
  return product;
}
