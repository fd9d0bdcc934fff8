// Sightings as the statements that add them. One principal has so many workloads on a version and no more: whatever
// else it calls itself counts as one without a name, so that a caller who invents names cannot fill the store.

import type { Sighting } from '../core/census.ts';
import { WORKLOADS_PER_PRINCIPAL_MAX } from '../core/limits.ts';
import { PRINCIPAL_INSERT, SIGHTING_PLACE, SIGHTING_UPSERT } from './sql/census.ts';
import { any, type Rewrite, type Write } from './write.ts';

/** Makes every principal known that these are of; `addSighting` comes after it, in the same transaction. */
export function addPrincipals(sightings: readonly Sighting[]): readonly Write[] {
  const principals = new Map<string, Write>();
  for (const { projectUid, principal } of sightings) {
    const key = `${projectUid}\n${principal}`;
    if (!principals.has(key)) principals.set(key, any(PRINCIPAL_INSERT, [projectUid, principal]));
  }
  return [...principals.values()];
}

/** Does nothing for a secret that is gone. */
export function addSighting(sighting: Sighting): Rewrite {
  const { secretUid, projectUid, version, principal, workload, dialect, firstSeenAt, lastSeenAt, reads } = sighting;
  const bound = WORKLOADS_PER_PRINCIPAL_MAX;
  return {
    query: {
      sql: SIGHTING_PLACE,
      values: [version, version, workload, version, bound, secretUid, projectUid, principal],
    },
    writes: ([row]) => {
      if (row === undefined) return [];
      const [place, ordinal, others] = row.map(Number) as [number, number, number];
      const name = others < bound ? workload : '';
      return [any(SIGHTING_UPSERT, [place, ordinal, name, dialect, projectUid, firstSeenAt, lastSeenAt, reads])];
    },
  };
}
