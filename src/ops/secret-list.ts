// The lists of secrets, newest first, whole or filtered. A filtered page looks at a bounded number of rows, so it may
// hold less than was asked for and still not be the last; it counts nothing. Source: service.proto, `ListSecrets`.

import { parseFilter } from '../core/filter.ts';
import { SECRET_FIELDS, secretRow } from '../core/filter-fields.ts';
import { GLOBAL, type Location, locationPart, type ProjectRef } from '../core/name.ts';
import type { Project, Secret } from '../core/secret.ts';
import { type Operation, operation } from './operation.ts';
import { type FilteredRequest, filteredPage, filteredScope, isFiltered, pageCursor, rowLimit } from './paging.ts';

export interface ListSecrets extends FilteredRequest {
  readonly project: ProjectRef;
  /** Absent: the global ones. */
  readonly location?: Location;
}

export interface ListedSecrets {
  readonly project: Project;
  readonly secrets: readonly Secret[];
  /** 0 where the list is filtered. */
  readonly total: number;
  readonly nextPageToken: string;
}

const listScope = (command: ListSecrets) =>
  filteredScope(`secrets.list projects/${command.project}/${locationPart(command.location)}`, command);

export const listSecrets: Operation<ListSecrets, ListedSecrets> = operation({
  name: 'secrets.list',
  help: 'list the secrets of a project, newest first',
  kind: 'read',
  permission: 'secretmanager.secrets.list',
  target: ({ project, location }) => ({
    project,
    ...(location === undefined ? {} : { location }),
    asked: `projects/${project}/${locationPart(location)}`.slice(0, -1),
  }),
  needs: (command, keyring) =>
    ({
      found: {
        need: 'secrets',
        project: command.project,
        location: command.location ?? GLOBAL,
        before: Number(pageCursor(keyring, listScope(command), command, '0')),
        limit: rowLimit(command),
      },
    }) as const,
  decide: (input) => {
    const project = input.project(input.command.project);
    const belongs = parseFilter(input.command.filter ?? '', SECRET_FIELDS);
    return { result: { project, found: input.rows.found, belongs } };
  },
  finish: ({ project, found, belongs }, command, { keyring }) => {
    const page = filteredPage(
      keyring,
      listScope(command),
      command,
      found.rows,
      (row) => String(row.cursor),
      ({ secret }) => belongs(secretRow(project, secret)),
    );
    return {
      project,
      secrets: page.rows.map((row) => row.secret),
      total: isFiltered(command) ? 0 : found.total,
      nextPageToken: page.nextPageToken,
    };
  },
});
