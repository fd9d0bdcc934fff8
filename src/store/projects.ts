// A project as it goes, with all that is in it: as statements, and what is to be known before. What is most is deleted by
// name, so that no engine looks for it row by row; the rest goes with the project's row, as the schema says.

import type { ProjectDeletion, ProjectNeed } from '../core/project-deletion.ts';
import { TOKENS_PREFIX } from '../core/vault/token.ts';
import { integer, json, text } from './cells.ts';
import { isObject } from './columns.ts';
import { JsonColumn } from './json.ts';
import { counted, one as oneRow, type Read } from './read.ts';
import { locationOf } from './rows-tags.ts';
import {
  CENSUS_DELETE_OF_PROJECT,
  PRINCIPALS_DELETE_OF_PROJECT,
  PROJECT_DELETE,
  RETIRED_INSERT,
  RETIRED_SELECT,
  SECRETS_DELETE_OF_PROJECT,
  TAG_USE_ELSEWHERE,
  TOKENS_DELETE_OF_PROJECT,
  UNENDING_TOKENS,
  VERSIONS_DELETE_OF_PROJECT,
} from './sql/project-deletion.ts';
import { PROJECTS_TOTAL } from './sql/projects.ts';
import { forReference } from './sql/reference.ts';
import { VAULT_ENTRY_DELETE } from './sql/vault.ts';
import { writeVault } from './vault.ts';
import { any, one, type Rewrite, type Write } from './write.ts';

const tokenColumn: JsonColumn<Readonly<Record<string, unknown>>> = new JsonColumn(isObject);

export function readOfProject(need: ProjectNeed | { readonly need: 'projectCount' }): Read {
  if (need.need === 'projectCount') return counted(PROJECTS_TOTAL);
  if (need.need === 'tagUseElsewhere') {
    return oneRow(forReference(TAG_USE_ELSEWHERE, need.project), [need.project], locationOf);
  }
  return { sql: RETIRED_SELECT, values: [need.name], decode: (rows) => integer('retired_names', rows[0] ?? [], 0) > 0 };
}

export function deleteProject({
  project,
  leases,
  vaultPrefixes,
  retired,
  now,
}: ProjectDeletion): readonly (Write | Rewrite)[] {
  const { uid, id, number } = project;
  return [
    any(TOKENS_DELETE_OF_PROJECT, [uid]),
    any(CENSUS_DELETE_OF_PROJECT, [uid]),
    any(PRINCIPALS_DELETE_OF_PROJECT, [uid]),
    any(VERSIONS_DELETE_OF_PROJECT, [uid]),
    // Before the tags that they have: a value that a secret has cannot go.
    any(SECRETS_DELETE_OF_PROJECT, [uid]),
    writeVault({ change: 'vaultEntry.deleteOwnersBelow', prefix: leases }),
    unendingTokens(id),
    ...vaultPrefixes.map((prefix) => writeVault({ change: 'vaultEntry.deleteBelow', prefix })),
    one(PROJECT_DELETE, [uid, id, number]),
    ...retired.map((name) => one(RETIRED_INSERT, [name, uid, now])),
  ];
}

/** The tokens of a project that have no lease: root's. */
function unendingTokens(id: string): Rewrite {
  const past = `${TOKENS_PREFIX.slice(0, -1)}0`;
  return {
    // The pattern only narrows the search: what is said of a token may hold the same text.
    query: { sql: UNENDING_TOKENS, values: [TOKENS_PREFIX, past, `%"project":"${id}"%`] },
    writes: (rows) =>
      rows.flatMap((row): Write[] =>
        json(tokenColumn, 'vault_entries', row, 1)['project'] === id
          ? [any(VAULT_ENTRY_DELETE, [text('vault_entries', row, 0)])]
          : [],
      ),
  };
}
