// The census on SQLite: sightings go to the places of their versions in the order of those, so that neighbours share the
// pages that they touch. Whoever read a version says where it lies. SQLite gives the ordinal of a secret that was deleted
// out again, so for those that were deleted while the store was open the uid of the secret says it.

import type { Sighting } from '../core/census.ts';
import { WORKLOADS_PER_PRINCIPAL_MAX } from '../core/limits.ts';
import type { Change } from '../core/ports.ts';
import { integer } from './cells.ts';
import type { Connection } from './connection.ts';
import {
  ORDINALS_OF_LOCATION,
  ORDINALS_OF_PROJECT,
  PRINCIPAL_ORDINAL,
  SIGHTING_UPSERT,
  VERSION_PLACE,
  WORKLOAD_KNOWN,
  WORKLOADS_TOTAL,
} from './sql/census.ts';
import { ORDINALS_A_SECRET } from './sql/versions.ts';
import type { Rows } from './statement.ts';
import { addPrincipals } from './writes-census.ts';

/** Ordinals that it remembers; where more were deleted, every place is looked up. */
const DELETED_MAX = 100_000;

interface Placed {
  readonly place: number;
  readonly principal: number;
  readonly sighting: Sighting;
}

export class SqliteCensus {
  readonly #connection: Connection;
  /** Ordinals of secrets that were deleted. */
  readonly #deleted = new Set<number>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Adds sightings in one transaction; those of secrets that are gone are dropped. */
  record(sightings: readonly Sighting[]): void {
    if (sightings.length === 0) return;
    this.#connection.transaction(() => {
      for (const { sql, values } of addPrincipals(sightings)) this.#connection.run(sql, values);
      const placed = this.#placed(sightings).sort((a, b) => a.place - b.place || a.principal - b.principal);
      for (const each of placed) this.#add(each);
    });
  }

  /** Is told of every change within its transaction, before it is applied; one that is undone does no harm. */
  changing(change: Change): void {
    for (const row of this.#leaving(change)) {
      if (this.#deleted.size < DELETED_MAX) this.#deleted.add(integer('secrets', row, 0) / ORDINALS_A_SECRET);
    }
  }

  /** Where the secrets begin that go with a change. */
  #leaving(change: Change): Rows {
    switch (change.change) {
      case 'secret.delete':
        return this.#connection.all(VERSION_PLACE, [0, change.uid]);
      case 'secrets.deleteAt':
        return this.#connection.all(ORDINALS_OF_LOCATION, [change.projectUid, change.location]);
      case 'project.delete':
        return this.#connection.all(ORDINALS_OF_PROJECT, [change.project.uid]);
      default:
        return [];
    }
  }

  #placed(sightings: readonly Sighting[]): Placed[] {
    const placed: Placed[] = [];
    let last: Sighting | undefined;
    let principal = 0;
    for (const sighting of sightings) {
      const { projectUid, principal: member } = sighting;
      // One reader has most of what comes together.
      if (last?.principal !== member || last.projectUid !== projectUid) {
        principal = first(this.#connection.first(PRINCIPAL_ORDINAL, [projectUid, member])) as number;
        last = sighting;
      }
      const place = this.#placeOf(sighting);
      if (place !== undefined) placed.push({ place, principal, sighting });
    }
    return placed;
  }

  #placeOf({ ordinal, version, secretUid }: Sighting): number | undefined {
    const isSure = ordinal !== undefined && this.#deleted.size < DELETED_MAX;
    if (isSure && !this.#deleted.has(Math.floor(ordinal / ORDINALS_A_SECRET))) return ordinal;
    return first(this.#connection.first(VERSION_PLACE, [version, secretUid]));
  }

  #add({ place, principal, sighting }: Placed): void {
    const { projectUid, workload, dialect, firstSeenAt, lastSeenAt, reads } = sighting;
    const name = this.#isOneTooMany(place, principal, workload) ? '' : workload;
    this.#connection.run(SIGHTING_UPSERT, [
      ...[place, principal, name, dialect, projectUid],
      ...[firstSeenAt, lastSeenAt, reads],
    ]);
  }

  #isOneTooMany(place: number, principal: number, workload: string): boolean {
    if (workload === '') return false;
    const total = first(this.#connection.first(WORKLOADS_TOTAL, [place, principal, WORKLOADS_PER_PRINCIPAL_MAX]));
    if (total === undefined || total < WORKLOADS_PER_PRINCIPAL_MAX) return false;
    return this.#connection.first(WORKLOAD_KNOWN, [place, principal, workload]).length === 0;
  }
}

/** The number that a row is. */
function first([row]: Rows): number | undefined {
  return row === undefined ? undefined : integer('census', row, 0);
}
