// Who reads a secret: each reader with what it read last and whether it has come to the current version.
// It takes `versions.list`: whoever may disable or destroy a version holds it in every role, and has to know whom that
// would hit; whoever may only read values does not, and learns nothing of the other readers.

import { type Consumer, consumersOf } from '../core/census.ts';
import { CENSUS_ROWS_MAX, READER_WINDOW_SECONDS_MAX } from '../core/limits.ts';
import type { Project, Secret } from '../core/secret.ts';
import { nativeFields, nativeSecret } from './native-ref.ts';
import { type Operation, operation } from './operation.ts';
import { censusNeed, readerWindowSeconds } from './reader-guard.ts';
import { type SecretRef, secretTarget } from './secrets.ts';

export interface ListConsumers extends SecretRef {
  /** Absent: the project's. */
  readonly windowSeconds?: number;
}

export interface Consumers {
  readonly project: Project;
  readonly secret: Secret;
  readonly windowSeconds: number;
  /** The one that read last first. */
  readonly consumers: readonly Consumer[];
  /** False where there are more reads within the window than one answer looks at. */
  readonly isComplete: boolean;
}

export const windowField = {
  windowSeconds: {
    type: 'integer',
    help: "how far back a read counts; absent: the project's window",
    min: 1,
    max: READER_WINDOW_SECONDS_MAX,
  },
} as const;

export const listConsumers: Operation<ListConsumers, Consumers> = operation({
  name: 'secrets.consumers',
  help: 'list who reads a secret, which version last, and who has not moved to the current one',
  kind: 'read',
  permission: 'secretmanager.versions.list',
  census: true,
  api: {
    method: 'GET',
    path: '/secrets:consumers',
    fields: { ...nativeFields, ...windowField },
    command: ({ windowSeconds, ...ref }) => ({
      ...nativeSecret(ref),
      ...(windowSeconds === undefined ? {} : { windowSeconds }),
    }),
  },
  target: (command: ListConsumers) => secretTarget(command),
  needs: (command) => ({ sightings: censusNeed(command) }) as const,
  decide: (input) => {
    const secret = input.secret(input.command);
    const project = input.project(input.command.project);
    const windowSeconds = input.command.windowSeconds ?? readerWindowSeconds(project);
    const since = input.now - windowSeconds * 1000;
    const { sightings } = input.rows;
    const consumers = consumersOf(sightings.slice(0, CENSUS_ROWS_MAX), {
      currentVersion: secret.currentVersion,
      since,
    });
    const isComplete = (sightings[CENSUS_ROWS_MAX]?.lastSeenAt ?? 0) < since;
    return { result: { project, secret, windowSeconds, consumers, isComplete } };
  },
});
