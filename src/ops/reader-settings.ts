// How a project is guarded: whether the wire dialects refuse to take away what somebody still reads, and for how long a
// read counts as use. Coffer's own commands guard in any case.

import { READER_WINDOW_SECONDS_MAX } from '../core/limits.ts';
import { parseProjectRef } from '../core/name.ts';
import type { Project, ProjectSettings } from '../core/secret.ts';
import { type Operation, operation, type Target } from './operation.ts';
import { readerWindowSeconds } from './reader-guard.ts';

export interface ReaderGuard {
  readonly project: string;
  /** `off`: a wire dialect behaves as its cloud does. */
  readonly guard: 'off' | 'refuse';
  readonly windowSeconds: number;
}

export interface SetReaderGuard {
  readonly project: string;
  /** Absent: stays. */
  readonly guard?: string;
  /** Absent: stays. */
  readonly windowSeconds?: number;
}

function target({ project }: { readonly project: string }): Target {
  return { project: parseProjectRef(project), asked: `projects/${project}` };
}

function readerGuardOf(project: Project): ReaderGuard {
  const { readerGuard = 'off' } = project.settings;
  return { project: project.id, guard: readerGuard, windowSeconds: readerWindowSeconds(project) };
}

const PROJECT = { type: 'string', help: 'the project: its id or number', required: true } as const;

export const getReaderGuard: Operation<{ readonly project: string }, ReaderGuard> = operation({
  name: 'projects.getReaderGuard',
  help: 'show whether versions that are still read are guarded, and what counts as still',
  kind: 'read',
  permission: 'resourcemanager.projects.get',
  api: { method: 'GET', path: '/projects:readerGuard', fields: { project: PROJECT } },
  target,
  decide: (input) => ({ result: readerGuardOf(input.project(parseProjectRef(input.command.project))) }),
});

/** Whoever may update the project: the guard keeps from mistakes, and who may destroy can always insist. */
export const setReaderGuard: Operation<SetReaderGuard, ReaderGuard> = operation({
  name: 'projects.setReaderGuard',
  help: 'set whether the wire dialects refuse to take away what is still read, and what counts as still',
  kind: 'write',
  permission: 'resourcemanager.projects.update',
  api: {
    method: 'POST',
    path: '/projects:setReaderGuard',
    fields: {
      project: PROJECT,
      guard: {
        type: 'string',
        help: 'off: as the cloud does; refuse: a version on which somebody stands stays; absent: as it is',
        oneOf: ['off', 'refuse'] satisfies ReaderGuard['guard'][],
      },
      windowSeconds: {
        type: 'integer',
        help: 'for how long a read counts as use; absent: as it is',
        min: 1,
        max: READER_WINDOW_SECONDS_MAX,
      },
    },
  },
  target: (command: SetReaderGuard) => target(command),
  decide: (input) => {
    const { guard, windowSeconds } = input.command;
    const before = input.project(parseProjectRef(input.command.project));
    const { readerGuard, ...others } = before.settings;
    const isOn = guard === undefined ? readerGuard === 'refuse' : guard === 'refuse';
    const settings: ProjectSettings = {
      ...others,
      ...(isOn ? { readerGuard: 'refuse' } : {}),
      ...(windowSeconds === undefined ? {} : { readerWindowSeconds: windowSeconds }),
    };
    const project: Project = { ...before, settings, updatedAt: input.now };
    const { project: _project, ...details } = readerGuardOf(project);
    return { result: readerGuardOf(project), changes: [{ change: 'project.update', project }], details };
  },
});
