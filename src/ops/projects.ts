// Projects: the tenants. A new one gets its key, its default compute account and its creator as owner in one
// transaction, as Resource Manager and Compute Engine do it together.

import { Fault } from '../core/error.ts';
import { authorise, type Policy } from '../core/iam/policy.ts';
import { parseLabels } from '../core/labels.ts';
import { PROJECTS_MAX } from '../core/limits.ts';
import { computeAccountEmail, type ProjectId, type ProjectRef } from '../core/name.ts';
import type { Change, Entropy, Keyring } from '../core/ports.ts';
import type { Account, Labels, Project } from '../core/secret.ts';
import { isVaultsOwn } from '../core/vault/token.ts';
import { contextOf } from './conditions.ts';
import { type Operation, operation, type Target } from './operation.ts';
import { type PageRequest, pageCursor, pageLimit, pageOf } from './paging.ts';

export interface CreateProject {
  readonly id: ProjectId;
  readonly displayName: string;
  readonly labels: Labels;
  readonly annotations?: Labels;
}

export interface ProjectResult {
  readonly project: Project;
}

export interface ListedProjects {
  readonly projects: readonly Project[];
  readonly nextPageToken: string;
}

const DISPLAY_NAME_CHARS_MAX = 100;

/** The changes that make a project, and the project. `owner` is the member that gets roles/owner. */
export function newProject(
  command: CreateProject,
  owner: string,
  now: number,
  entropy: Entropy,
  keyring: Keyring,
): { project: Project; changes: Change[] } {
  const uid = entropy.uid();
  const number = entropy.digits(12);
  const email = computeAccountEmail(number);
  const policy: Policy = {
    bindings: [
      // A token of Vault's is nobody's name: those above the project have it then.
      ...(isVaultsOwn(owner) ? [] : [{ role: 'roles/owner', members: [owner] }]),
      { role: 'roles/editor', members: [`serviceAccount:${email}`] },
    ],
    etag: btoa(entropy.text(7)),
  };
  const project: Project = {
    uid,
    id: command.id,
    number,
    displayName: command.displayName,
    createdAt: now,
    updatedAt: now,
    labels: command.labels,
    etag: entropy.etag(),
    policy,
    wrappedKey: keyring.wrapProjectKey(uid),
    settings: command.annotations === undefined ? {} : { annotations: command.annotations },
  };
  const account: Account = {
    uid: entropy.uid(),
    projectUid: uid,
    email,
    uniqueId: entropy.digits(21),
    displayName: 'Compute Engine default service account',
    description: '',
    createdAt: now,
    etag: entropy.etag(),
  };
  return {
    project,
    changes: [
      { change: 'project.insert', project },
      { change: 'account.insert', account },
    ],
  };
}

function projectTarget(project: ProjectRef): Target {
  return { project, asked: `projects/${project}` };
}

export const createProject: Operation<CreateProject, ProjectResult> = operation({
  name: 'projects.create',
  help: 'make a project, owned by the caller',
  kind: 'write',
  permission: 'resourcemanager.projects.create',
  target: ({ id }) => ({ asked: `projects/${id}` }),
  needs: ({ id }) =>
    ({
      existing: { need: 'project', project: id as string as ProjectRef },
      count: { need: 'projectCount' },
      isRetired: { need: 'retired', name: id },
    }) as const,
  prepare: (input, keyring) => {
    const { id, displayName, labels } = input.command;
    if (displayName.length > DISPLAY_NAME_CHARS_MAX) {
      const problem = `at most ${DISPLAY_NAME_CHARS_MAX} characters are allowed`;
      throw new Fault('INVALID_FIELD', { field: 'display_name', problem });
    }
    const command = { ...input.command, displayName: displayName || id, labels: parseLabels(labels) };
    return { carried: newProject(command, input.caller.principal.member, input.now, input.entropy, keyring) };
  },
  decide: (input) => {
    if (input.rows.existing !== undefined) throw new Fault('PROJECT_EXISTS', { project: input.command.id });
    if (input.rows.isRetired) throw new Fault('PROJECT_RETIRED', { project: input.command.id });
    if (input.rows.count >= PROJECTS_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'projects of one server', limit: PROJECTS_MAX });
    }
    const { project, changes } = input.prepared;
    return { result: { project }, changes };
  },
});

export const getProject: Operation<{ readonly project: ProjectRef }, ProjectResult> = operation({
  name: 'projects.get',
  help: 'show a project',
  kind: 'read',
  permission: 'resourcemanager.projects.get',
  target: ({ project }) => projectTarget(project),
  decide: (input) => ({ result: { project: input.project(input.command.project) } }),
});

const LIST_SCOPE = 'projects.list';

/** The projects that the caller may see: it takes no permission, and shows none that it may not get. */
export const listProjects: Operation<PageRequest, ListedProjects> = operation({
  name: 'projects.list',
  help: 'list the projects that the caller may see',
  kind: 'read',
  permission: 'authenticated',
  target: () => ({ asked: 'projects' }),
  needs: (command, keyring) =>
    ({
      all: { need: 'projects', after: pageCursor(keyring, LIST_SCOPE, command, ''), limit: PROJECTS_MAX },
    }) as const,
  decide: (input) => {
    const { server } = input.scope;
    const visible = input.rows.all.filter((project) => {
      const chain = [
        { resource: 'server', policy: server },
        { resource: `projects/${project.id}`, policy: project.policy },
      ];
      const context = contextOf(
        projectTarget(project.id as string as ProjectRef),
        { server, project, secret: undefined },
        input.now,
      );
      return authorise('resourcemanager.projects.get', input.caller.principal, chain, context) !== undefined;
    });
    return { result: visible.slice(0, pageLimit(input.command) + 1) };
  },
  finish: (visible, command, { keyring }) => {
    const page = pageOf(keyring, LIST_SCOPE, command, visible, (project) => project.id);
    return { projects: page.rows, nextPageToken: page.nextPageToken };
  },
});
