// Sightings as the statements that add them. One principal has so many workloads on a version and no more: whatever
// else it calls itself counts as one without a name, so that a caller who invents names cannot fill the store.

import type { Sighting } from '../core/census.ts';
import { WORKLOADS_PER_PRINCIPAL_MAX } from '../core/limits.ts';
import { SIGHTING_UPSERT, WORKLOADS_BESIDE } from './sql/census.ts';
import { any, type Rewrite } from './write.ts';

export function addSighting(sighting: Sighting): Rewrite {
  const { secretUid, projectUid, version, principal, workload, dialect, firstSeenAt, lastSeenAt, reads } = sighting;
  const key = [secretUid, principal, version] as const;
  return {
    query: { sql: WORKLOADS_BESIDE, values: [...key, workload, ...key, WORKLOADS_PER_PRINCIPAL_MAX] },
    writes: ([row]) => {
      const name = Number(row?.[0]) < WORKLOADS_PER_PRINCIPAL_MAX ? workload : '';
      const seen = [firstSeenAt, lastSeenAt, reads];
      return [any(SIGHTING_UPSERT, [secretUid, projectUid, version, principal, name, dialect, ...seen, secretUid])];
    },
  };
}
