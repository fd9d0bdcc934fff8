// A project is asked for by its id or by its number. Each such query is two texts, so that either finds its index. A
// query of a secret is five: with or without those that are deleted, by its name or as Azure spells it, and as AWS sees it.

import { keysSeen, longName } from '../../core/aws/secret.ts';
import { isProjectNumber, type ProjectRef } from '../../core/name.ts';
import type { SecretPlace } from '../../core/ports.ts';
import type { Value } from '../statement.ts';

export interface ByReference {
  readonly id: string;
  readonly number: string;
}

export interface ByPlace {
  readonly living: ByReference;
  /** The deleted ones too. */
  readonly any: ByReference;
  /** The same two, found as Azure spells names. */
  readonly livingSpelled: ByReference;
  readonly anySpelled: ByReference;
  /** As AWS's API finds it from a region, deleted or not. */
  readonly seen: ByReference;
}

/** How Azure spells a key: letters, digits and hyphens. */
export function spelling(column: string): string {
  return ['_', '.', '+', '=', '@'].reduce((text, character) => `REPLACE(${text}, '${character}', '-')`, column);
}

/** What is equal for names that Azure cannot tell apart; the index `secrets_by_spelling` is over exactly this text. */
export function folded(column: string): string {
  return `LOWER(${spelling(column)})`;
}

/** The same of a name that Azure can spell. */
export function foldedName(name: string): string {
  return name.replaceAll(/[_.+=@]/g, '-').toLowerCase();
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
    livingSpelled: byReference((column) => query(spelledSo(column, ' AND x.purge_at IS NULL'))),
    anySpelled: byReference((column) => query(spelledSo(column, ''))),
    seen: byReference((column) => query(seenSo(column))),
  };
}

/** One that is spelled exactly so, or else the only one that is spelled so. */
function spelledSo(column: string, more: string): string {
  return `${column} = ? AND s.uid = (
    SELECT COALESCE(MAX(CASE WHEN x.key = ? THEN x.uid END), CASE WHEN COUNT(*) = 1 THEN MAX(x.uid) END)
    FROM secrets x WHERE x.project_uid = p.uid AND x.location = ? AND ${folded('x.key')} = ?${more})`;
}

/** A global secret is seen where it is at home, or everywhere, and where it has a replica; takes the region twice. */
export const SEEN_FROM = (table: string): string =>
  `(${table}.location <> '' OR ${table}.home_region IS NULL OR ${table}.home_region = ? OR ${table}.replica_regions LIKE ?)`;

/** One whose name and first characters of its uid are those, or else one of the other name; of either, the region's first. */
function seenSo(column: string): string {
  return `${column} = ? AND s.uid = (
    SELECT COALESCE(MAX(CASE WHEN x.name = ? AND x.location <> '' THEN x.uid END), MAX(CASE WHEN x.name = ? THEN x.uid END),
      MAX(CASE WHEN x.location <> '' THEN x.uid END), MAX(x.uid))
    FROM secrets x WHERE x.project_uid = p.uid AND x.location IN ('', ?) AND x.key IN (?, ?)
      AND ((x.name = ? AND SUBSTR(x.uid, 1, 6) = ?) OR x.name = ?) AND ${SEEN_FROM('x')})`;
}

/** What `SEEN_FROM` takes. */
export function seenValues(region: string): readonly Value[] {
  return [region, `%,${region},%`];
}

/** The text that answers for this place. */
export function forPlace(queries: ByPlace, place: SecretPlace): string {
  if (place.from !== undefined) return forReference(queries.seen, place.project);
  const { living, any, livingSpelled, anySpelled } = queries;
  const [alive, whatever] = place.spelled === true ? [livingSpelled, anySpelled] : [living, any];
  return forReference(place.deleted === true ? whatever : alive, place.project);
}

/** The values of the condition that `byPlace` gives, in their order. */
export function placeValues(place: SecretPlace): readonly Value[] {
  const { project, location = '', key, from } = place;
  if (from !== undefined) {
    const { region, name, suffix = '' } = from;
    const long = longName(from);
    return [project, name, name, region, ...keysSeen(from), name, suffix, long, ...seenValues(region)];
  }
  return place.spelled === true ? [project, key, location, foldedName(key)] : [project, location, key];
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
