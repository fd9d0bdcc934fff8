// The guard of the census: a version on which somebody stands is not disabled or destroyed, nor its secret deleted,
// unless whoever asks insists. Coffer's own API guards always; a wire dialect where the project's setting says so. A
// user's own reads are no reason to refuse that user: looking at a value and disabling it is one thought.

import { type SightingOfVersion, standingOn } from '../core/census.ts';
import { Fault } from '../core/error.ts';
import { CENSUS_ROWS_MAX, READER_WINDOW_SECONDS_DEFAULT } from '../core/limits.ts';
import { GLOBAL } from '../core/name.ts';
import type { Need, SecretPlace } from '../core/ports.ts';
import type { Project, Secret } from '../core/secret.ts';
import { type Input, secretFacts } from './operation.ts';

/** How a command asks for the guard. Absent: the project's setting decides. */
export interface Guarded {
  readonly guard?: 'refuse' | 'force';
}

/** The guard of a request of Coffer's own API. */
export function guardOf(force: unknown): Required<Guarded> {
  return { guard: force === true ? 'force' : 'refuse' };
}

/** The fields of that request. */
export const guardFields = {
  force: { type: 'boolean', help: 'do it although somebody still reads it' },
} as const;

export function readerWindowSeconds({ settings }: Pick<Project, 'settings'>): number {
  return settings.readerWindowSeconds ?? READER_WINDOW_SECONDS_DEFAULT;
}

/** One row more than is looked at tells whether there are more. */
export function censusNeed(place: SecretPlace): Extract<Need, { need: 'census' }> {
  const { project, location = GLOBAL, key, spelled, from } = place;
  const found = { project, location, key, ...(spelled === undefined ? {} : { spelled }) };
  return { need: 'census', ...found, ...(from === undefined ? {} : { from }), limit: CENSUS_ROWS_MAX + 1 };
}

export interface GuardQuestion {
  readonly project: Project;
  readonly secret: Secret;
  readonly sightings: readonly SightingOfVersion[];
  /** Absent: the whole secret is to go. */
  readonly version?: number;
}

/**
 * Throws VERSION_IN_USE where a reader stands in the way. Otherwise answers what the audit should keep: who was
 * overruled, where anybody was.
 */
export function guardReaders(
  input: Pick<Input<Guarded, Record<never, never>, unknown>, 'command' | 'caller' | 'now'>,
  { project, secret, sightings, version }: GuardQuestion,
): Readonly<Record<string, string | number>> {
  const guard = input.command.guard ?? project.settings.readerGuard ?? 'off';
  if (guard === 'off') return {};
  const { member } = input.caller.principal;
  const since = input.now - readerWindowSeconds(project) * 1000;
  const readers = standingOn(sightings.slice(0, CENSUS_ROWS_MAX), {
    currentVersion: secret.currentVersion,
    since,
    ...(version === undefined ? {} : { version }),
    ...(member.startsWith('user:') ? { except: member } : {}),
  });
  // More reads within the window than can be looked at: whoever they are of may stand there too.
  const unseen = (sightings[CENSUS_ROWS_MAX]?.lastSeenAt ?? Number.NEGATIVE_INFINITY) >= since;
  const [reader] = readers;
  if (guard === 'force') return reader === undefined ? {} : { forced: 'true', overruled: describe(reader) };
  const place = secretFacts(project, secret.name, secret.location);
  if (reader !== undefined) {
    const more = readers.length === 1 ? '' : ` and ${readers.length - 1} more`;
    throw new Fault('VERSION_IN_USE', { ...place, version: reader.version, reader: `${describe(reader)}${more}` });
  }
  if (unseen) {
    const current = version ?? secret.currentVersion;
    throw new Fault('VERSION_IN_USE', { ...place, version: current, reader: 'more readers than can be looked at' });
  }
  return {};
}

/** `serviceAccount:a@b (web) by gcp at 2026-01-31T12:00:00Z` */
function describe({ principal, workload, dialect, lastSeenAt }: SightingOfVersion): string {
  const name = workload === '' ? principal : `${principal} (${workload})`;
  return `${name} by ${dialect} at ${new Date(lastSeenAt).toISOString()}`;
}
