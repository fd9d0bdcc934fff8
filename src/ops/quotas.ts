// Quotas of a project: how many requests to its secrets a minute may bring. Unset is unlimited. They count what was
// authorised only, so that a stranger cannot use up what a project has.

import { Fault } from '../core/error.ts';
import { QUOTA_PER_MINUTE_MAX } from '../core/limits.ts';
import { parseProjectRef } from '../core/name.ts';
import { type QuotaClass, quotaClass } from '../core/quota.ts';
import type { Project, ProjectSettings } from '../core/secret.ts';
import { type Api, type Operation, operation, type Target } from './operation.ts';
import type { QuotaTable } from './quota-table.ts';

export interface ProjectQuotas {
  readonly project: string;
  /** Requests a minute; absent: unlimited. */
  readonly access?: number;
  readonly read?: number;
  readonly write?: number;
}

const SETTING = { access: 'accessPerMinute', read: 'readPerMinute', write: 'writePerMinute' } as const satisfies Record<
  QuotaClass,
  keyof ProjectSettings
>;

/** Throws QUOTA_EXCEEDED where this request is one too many. Without a quota it looks up two properties. */
export type Charge = (
  project: Project,
  operation: Pick<Operation<never, unknown>, 'permission' | 'kind'>,
  now: number,
) => void;

/** Charges what the threads of a server count together. */
export function createCharge(table: QuotaTable): Charge {
  return (project, { permission, kind }, now) => {
    const quota = quotaClass(permission, kind);
    if (quota === undefined) return;
    const limit = project.settings[SETTING[quota]];
    if (limit === undefined || table.take(project.uid, quota, limit, now)) return;
    throw new Fault('QUOTA_EXCEEDED', { project: project.id, projectNumber: project.number, quota, limit });
  };
}

function target({ project }: { readonly project: string }): Target {
  return { project: parseProjectRef(project), asked: `projects/${project}` };
}

function quotasOf({ id, settings }: Project): ProjectQuotas {
  const { accessPerMinute: access, readPerMinute: read, writePerMinute: write } = settings;
  return {
    project: id,
    ...(access === undefined ? {} : { access }),
    ...(read === undefined ? {} : { read }),
    ...(write === undefined ? {} : { write }),
  };
}

const PROJECT = { type: 'string', help: 'the project: its id or number', required: true } as const;

const perMinute = (what: string) =>
  ({ type: 'integer', help: `${what} a minute; absent: unlimited`, min: 1, max: QUOTA_PER_MINUTE_MAX }) as const;

const setApi: Api = {
  method: 'POST',
  path: '/projects:setQuotas',
  fields: {
    project: PROJECT,
    access: perMinute('accesses to payloads'),
    read: perMinute('other reads'),
    write: perMinute('changes'),
  },
};

export const getQuotas: Operation<{ readonly project: string }, ProjectQuotas> = operation({
  name: 'projects.getQuotas',
  help: 'show the quotas of a project',
  kind: 'read',
  permission: 'serviceusage.quotas.get',
  api: { method: 'GET', path: '/projects:quotas', fields: { project: PROJECT } },
  target,
  decide: (input) => ({ result: quotasOf(input.project(parseProjectRef(input.command.project))) }),
});

export const setQuotas: Operation<ProjectQuotas, ProjectQuotas> = operation({
  name: 'projects.setQuotas',
  help: 'replace all quotas of a project',
  kind: 'write',
  permission: 'serviceusage.quotas.update',
  api: setApi,
  target: (command: ProjectQuotas) => target(command),
  decide: (input) => {
    const { access, read, write } = input.command;
    const before = input.project(parseProjectRef(input.command.project));
    const { accessPerMinute: _a, readPerMinute: _r, writePerMinute: _w, ...others } = before.settings;
    const settings: ProjectSettings = {
      ...others,
      ...(access === undefined ? {} : { accessPerMinute: access }),
      ...(read === undefined ? {} : { readPerMinute: read }),
      ...(write === undefined ? {} : { writePerMinute: write }),
    };
    const project: Project = { ...before, settings, updatedAt: input.now };
    const { project: _project, ...details } = quotasOf(project);
    return { result: quotasOf(project), changes: [{ change: 'project.update', project }], details };
  },
});
