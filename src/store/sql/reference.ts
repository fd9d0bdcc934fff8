// A project is asked for by its id or by its number. Each such query is two texts, so that either finds its index. A
// query of a secret is four: with or without those that are deleted.

import { isProjectNumber, type ProjectRef } from '../../core/name.ts';
import type { SecretPlace } from '../../core/ports.ts';

export interface ByReference {
  readonly id: string;
  readonly number: string;
}

export interface ByPlace {
  readonly living: ByReference;
  /** The deleted ones too. */
  readonly any: ByReference;
}

/** Both texts of a query whose one difference is the column that names the project. */
export function byReference(query: (column: 'p.id' | 'p.number') => string): ByReference {
  return { id: query('p.id'), number: query('p.number') };
}

/** The text that answers for this reference. */
export function forReference(queries: ByReference, ref: ProjectRef): string {
  return isProjectNumber(ref) ? queries.number : queries.id;
}

/** The texts of a query of `projects p` and `secrets s`, given the condition that finds the secret by `placeValues`. */
export function byPlace(query: (found: string) => string): ByPlace {
  const found = (column: string) => `${column} = ? AND s.location = ? AND s.key = ?`;
  return {
    living: byReference((column) => query(`${found(column)} AND s.purge_at IS NULL`)),
    any: byReference((column) => query(found(column))),
  };
}

/** The text that answers for this place. */
export function forPlace(queries: ByPlace, place: SecretPlace): string {
  return forReference(place.deleted === true ? queries.any : queries.living, place.project);
}

/** The values of the condition that `byPlace` gives, in their order. */
export function placeValues(place: SecretPlace): readonly [string, string, string] {
  return [place.project, place.location ?? '', place.key];
}

/** `?, ?, ?` for an insert of that many columns. */
export function placeholders(columns: string): string {
  return columns.replaceAll(/[^,]+/g, '?').replaceAll(',', ', ');
}

/** `a, b` as `t.a, t.b`. */
export function qualified(alias: string, columns: string): string {
  return columns.replaceAll(/\w+/g, (column) => `${alias}.${column}`);
}

/** How many columns a list of them has. */
export function columnCount(columns: string): number {
  return columns.split(',').length;
}
