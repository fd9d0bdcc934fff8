// A project is asked for by its id or by its number. Each such query is two texts, so that either finds its index.

import { isProjectNumber, type ProjectRef } from '../../core/name.ts';

export interface ByReference {
  readonly id: string;
  readonly number: string;
}

/** Both texts of a query whose one difference is the column that names the project. */
export function byReference(query: (column: 'p.id' | 'p.number') => string): ByReference {
  return { id: query('p.id'), number: query('p.number') };
}

/** The text that answers for this reference. */
export function forReference(queries: ByReference, ref: ProjectRef): string {
  return isProjectNumber(ref) ? queries.number : queries.id;
}

/** `?, ?, ?` for an insert of that many columns. */
export function placeholders(columns: string): string {
  return columns.replaceAll(/[^,]+/g, '?').replaceAll(',', ', ');
}

/** `a, b` as `t.a, t.b`. */
export function qualified(alias: string, columns: string): string {
  return columns.replaceAll(/\w+/g, (column) => `${alias}.${column}`);
}
