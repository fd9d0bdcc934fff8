// Adds sightings in one transaction. How many workloads a principal has is counted before one is added, so those of the
// same principal and version go one after the other, and no two servers add at the same time.

import type { Sighting } from '../../core/census.ts';
import type { Statement } from '../statement.ts';
import type { Rewrite } from '../write.ts';
import { addPrincipals, addSighting } from '../writes-census.ts';
import type { Link } from './link.ts';
import { LOCK_ROW } from './sql.ts';
import { BEGIN_WRITING, COMMIT_ALL } from './transaction.ts';

/** Rejects with PostgresError. */
export async function writeCensus(link: Link, sightings: readonly Sighting[]): Promise<void> {
  let before: readonly Statement[] = [
    ...BEGIN_WRITING,
    { sql: LOCK_ROW, values: ['census'] },
    ...addPrincipals(sightings),
  ];
  for (const round of roundsOf(sightings)) {
    const answers = await link.run([...before, ...round.map(({ query }) => query)]);
    const counts = answers.slice(before.length);
    before = round.flatMap(({ writes }, at) => writes(counts[at]?.rows ?? []));
  }
  await link.run([...before, COMMIT_ALL]);
}

/** In each round a principal is there with one workload of a version. */
function roundsOf(sightings: readonly Sighting[]): readonly (readonly Rewrite[])[] {
  const rounds: Rewrite[][] = [];
  const counts = new Map<string, number>();
  for (const sighting of sightings) {
    const key = `${sighting.secretUid}\n${sighting.version}\n${sighting.principal}`;
    const round = counts.get(key) ?? 0;
    counts.set(key, round + 1);
    rounds[round] ??= [];
    rounds[round].push(addSighting(sighting));
  }
  return rounds;
}
