// Changing what a writer said of a version, and whether it can be read. The value never changes, and neither do number and
// uid. Taking a version away is guarded like everywhere: whoever reads it is seen first.

import { Fault } from '../core/error.ts';
import { secretEvent, versionEvent } from '../core/events.ts';
import type { Labels, Version, VersionAttributes } from '../core/secret.ts';
import { parseAttributes } from '../core/version-attributes.ts';
import { moveVersion } from '../core/version-state.ts';
import { demand } from './demand.ts';
import { type Operation, operation, secretFacts } from './operation.ts';
import { censusNeed, guardReaders } from './reader-guard.ts';
import { eventOf, placeOf } from './secrets.ts';
import { eventTypeOf, found, rowOf, type VersionRef, type VersionResult, versionTarget } from './versions.ts';

/** Absent: stays. */
export interface UpdateVersion extends VersionRef {
  readonly contentType?: string;
  /** Replaced whole. */
  readonly tags?: Labels;
  /** Milliseconds since 1970. */
  readonly notBefore?: number;
  readonly expiresAt?: number;
  readonly enabled?: boolean;
}

function changed(before: Version, command: UpdateVersion, now: number): VersionAttributes | undefined {
  const { contentType, tags, notBefore, expiresAt } = command;
  return parseAttributes({
    ...before.attributes,
    ...(contentType === undefined ? {} : { contentType }),
    ...(tags === undefined ? {} : { tags }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    updatedAt: now,
  });
}

export const updateVersion: Operation<UpdateVersion, VersionResult> = operation({
  name: 'versions.update',
  help: 'change the attributes of a version, and whether it can be read',
  kind: 'write',
  permission: 'secretmanager.secrets.update',
  census: true,
  target: (command: UpdateVersion) => versionTarget(command),
  needs: (command) =>
    ({
      version: { need: 'version', ...placeOf(command), ...rowOf(command.selector) },
      readers: censusNeed(command),
    }) as const,
  decide: (input) => {
    const { command, now, entropy } = input;
    const before = found(input, input.rows.version, command.selector);
    const secret = input.secret(command);
    const project = input.project(command.project);
    const { number } = before;
    if (before.state === 'DESTROYED') {
      throw new Fault('VERSION_NOT_FOUND', { ...secretFacts(project, secret.name), version: number });
    }
    const attributes = changed(before, command, now);
    const state = command.enabled === undefined ? before.state : command.enabled ? 'ENABLED' : 'DISABLED';
    const moves = state !== before.state;
    if (moves)
      demand(input, `secretmanager.versions.${state === 'ENABLED' ? 'enable' : 'disable'}`, versionTarget(command));
    const guarded =
      moves && state === 'DISABLED'
        ? guardReaders({ ...input, command: {} }, { project, secret, version: number, sightings: input.rows.readers })
        : {};
    const kept = moves ? moveVersion(secret, before, state, now, entropy.etag()) : { ...before, etag: entropy.etag() };
    const version: Version = attributes === undefined ? kept : { ...kept, attributes };
    const about = eventOf(input, project, secret);
    return {
      result: { project, secret, version },
      changes: [{ change: 'version.update', version }],
      events: [moves ? versionEvent(eventTypeOf(version), { ...about, version }) : secretEvent('SECRET_UPDATE', about)],
      version: number,
      details: guarded,
    };
  },
});
