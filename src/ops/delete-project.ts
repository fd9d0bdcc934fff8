// Deleting a project with all that is in it: at once, whole, and for good. Its id, its number and its account of AWS's are
// not given again, so that no policy that names it, and no token of it that is left somewhere, ever means another.

import { awsAccountOf } from '../core/aws/access-key.ts';
import type { SightingOfSecret } from '../core/census-ports.ts';
import { Fault } from '../core/error.ts';
import { projectDeleted } from '../core/events.ts';
import { CENSUS_OF_PROJECT_MAX } from '../core/limits.ts';
import { type ProjectRef, parseProjectRef } from '../core/name.ts';
import type { Project } from '../core/secret.ts';
import { authTable } from '../core/vault/auth-mounts.ts';
import { mountsId, mountTable, pkiHome } from '../core/vault/mounts.ts';
import { DEFAULT_PROJECT } from './bootstrap.ts';
import { type Input, type Operation, operation, secretFacts } from './operation.ts';
import { type Guarded, guardFields, guardOf, readerWindowSeconds } from './reader-guard.ts';
import { leasesOfProject } from './vault/leases.ts';
import { View } from './vault/view.ts';

export interface DeleteProject extends Guarded {
  readonly project: ProjectRef;
}

export interface DeletedProject {
  readonly project: string;
  readonly projectNumber: string;
}

export const deleteProject: Operation<DeleteProject, DeletedProject> = operation({
  name: 'projects.delete',
  help: 'delete a project and all that is in it, at once and for good; its id is not given again',
  kind: 'write',
  permission: 'resourcemanager.projects.delete',
  census: true,
  explores: true,
  api: {
    method: 'POST',
    path: '/projects:delete',
    fields: {
      project: { type: 'string', help: 'the project: its id or number', required: true },
      ...guardFields,
    },
    command: ({ project, force }) => ({ project: parseProjectRef(String(project)), ...guardOf(force) }),
  },
  target: ({ project }: DeleteProject) => ({ project, asked: `projects/${project}` }),
  needs: ({ project }) =>
    ({
      readers: { need: 'censusOfProject', project, limit: CENSUS_OF_PROJECT_MAX },
      elsewhere: { need: 'tagUseElsewhere', project },
    }) as const,
  decide: (input) => {
    const project = input.project(input.command.project);
    const { id, number } = project;
    if (id === DEFAULT_PROJECT) throw new Fault('PROJECT_PERMANENT', { project: id });
    const { readers, elsewhere } = input.rows;
    if (elsewhere !== undefined) {
      const value = `a tag of projects/${id}`;
      throw new Fault('TAG_VALUE_IN_USE', { value, place: elsewhere === '' ? 'global' : elsewhere });
    }
    const guarded = guardProject(input, project, readers);
    const retired = [...new Set([id, number, awsAccountOf(project)])];
    return {
      result: { project: id, projectNumber: number },
      changes: [
        {
          ...{ change: 'project.delete', project, retired, now: input.now },
          ...{ leases: leasesOfProject(id), vaultPrefixes: vaultPrefixes(new View(input), project) },
        },
      ],
      events: [projectDeleted({ uid: input.entropy.uid(), now: input.now, project })],
      details: { project: project.uid, number, ...guarded },
    };
  },
});

/** Where the project keeps what Vault's API knows of it, and its mounts what is theirs. */
function vaultPrefixes(view: View, { id }: Project): readonly string[] {
  const entry = view.get(mountsId(id));
  const methods = Object.values(authTable(entry)).map(({ uid }) => `auth/${uid}/`);
  const engines = Object.values(mountTable(id, entry)).filter(({ type }) => type === 'pki');
  return [`project/${id}/`, ...methods, ...engines.map(({ uid }) => pkiHome(uid))];
}

/** As the guard of a secret: who reads anything of it stands in the way. */
function guardProject(
  { command, caller, now }: Pick<Input<DeleteProject, Record<never, never>>, 'command' | 'caller' | 'now'>,
  project: Project,
  readers: readonly SightingOfSecret[],
): Readonly<Record<string, string>> {
  const guard = command.guard ?? project.settings.readerGuard ?? 'off';
  if (guard === 'off') return {};
  const { member } = caller.principal;
  const since = now - readerWindowSeconds(project) * 1000;
  const within = readers.filter(({ sighting }) => sighting.lastSeenAt >= since);
  const own = member.startsWith('user:') ? member : undefined;
  const found = within.find(({ sighting }) => sighting.principal !== own);
  // Of more reads within the window than are looked at, some may be anybody's.
  const isUnseen = within.length >= CENSUS_OF_PROJECT_MAX;
  const standing = found ?? (isUnseen ? within[0] : undefined);
  if (standing === undefined) return {};
  const { sighting, secret } = standing;
  const time = new Date(sighting.lastSeenAt).toISOString();
  const reader =
    found === undefined
      ? 'more readers than can be looked at'
      : `${sighting.principal} by ${sighting.dialect} at ${time}`;
  if (guard === 'force') return { forced: 'true', overruled: reader };
  throw new Fault('VERSION_IN_USE', {
    ...secretFacts(project, secret.name, secret.location),
    ...{ version: sighting.version, reader },
  });
}
