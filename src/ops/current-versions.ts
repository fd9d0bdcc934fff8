// The secrets of a project as stores list them that show a secret by its current version: those that live, or those that
// are deleted. A name that cannot be spelled there, or means another secret, is left out, and so is one without a version.

import { VAULT_NAME_CHARS_MAX } from '../core/limits.ts';
import type { ProjectRef } from '../core/name.ts';
import type { CurrentInList } from '../core/ports.ts';
import type { Project } from '../core/secret.ts';
import { type Operation, operation } from './operation.ts';
import { type PageRequest, pageCursor, pageLimit, pageOf } from './paging.ts';

export interface ListCurrent extends PageRequest {
  readonly project: ProjectRef;
  readonly deleted: boolean;
}

export interface ListedCurrent {
  readonly project: Project;
  readonly secrets: readonly CurrentInList[];
  readonly nextPageToken: string;
}

const scopeOf = ({ project, deleted }: ListCurrent) => `secrets.listCurrent ${project} ${deleted}`;

export const listCurrent: Operation<ListCurrent, ListedCurrent> = operation({
  name: 'secrets.listCurrent',
  help: 'list the secrets of a project, or the deleted ones, each with what its current version is',
  kind: 'read',
  permission: 'secretmanager.secrets.list',
  target: ({ project }) => ({ project, asked: `projects/${project}` }),
  needs: (command, keyring) =>
    ({
      found: {
        need: 'currentVersions',
        project: command.project,
        deleted: command.deleted,
        before: Number(pageCursor(keyring, scopeOf(command), command, '0')),
        limit: pageLimit(command) + 1,
      },
    }) as const,
  decide: (input) => ({
    result: { project: input.project(input.command.project), rows: input.rows.found, now: input.now },
  }),
  finish: ({ project, rows, now }, command, { keyring }) => {
    const page = pageOf(keyring, scopeOf(command), command, rows, ({ cursor }) => String(cursor));
    const secrets = page.rows.filter(
      ({ secret }) =>
        secret.name.replaceAll('/', '--').length <= VAULT_NAME_CHARS_MAX && (secret.purgeAt ?? now + 1) > now,
    );
    return { project, secrets, nextPageToken: page.nextPageToken };
  },
});
