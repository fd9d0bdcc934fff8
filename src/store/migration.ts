// What a migration is, and which of them a database still needs. A database that holds one that is not known was
// written by a newer program and is left alone.

import type { Rewrite } from './write.ts';

export interface Migration {
  /** Four digits and a word; recorded in the database, so it never changes. */
  readonly name: string;
  readonly statements: readonly string[];
  /** What SQL alone cannot do, after those statements. */
  readonly rewrites?: readonly Rewrite[];
}

/** The first of the applied names that this program does not know at that place, or undefined. */
export function unknownMigration(applied: readonly string[], known: readonly Migration[]): string | undefined {
  return applied.find((name, index) => known[index]?.name !== name);
}
