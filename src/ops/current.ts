// Which version is the current one, moved by hand: a candidate promoted, or the one before brought back. Without these,
// current is the newest version whatever its state, as Google has it. Rules: design "Words", current and candidate.

import { Fault } from '../core/error.ts';
import { secretEvent } from '../core/events.ts';
import type { Project, Secret, Version } from '../core/secret.ts';
import { nativeFields, nativeSecret, nativeVersion } from './native-ref.ts';
import { type Decision, type Input, type Operation, operation, secretFacts } from './operation.ts';
import { eventOf, placeOf, type SecretRef, secretTarget } from './secrets.ts';
import { checkEnabled, found, rowOf, type VersionResult } from './versions.ts';

export interface PromoteVersion extends SecretRef {
  readonly number: number;
}

/** What makes `version` current; it must be readable. Of the current one nothing changes, and nobody is told. */
function makeCurrent(
  input: Pick<Input<unknown, Record<never, never>>, 'entropy' | 'now'>,
  project: Project,
  before: Secret,
  version: Version,
): Decision<VersionResult> {
  checkEnabled(project, before, version);
  if (before.currentVersion === version.number) {
    return { result: { project, secret: before, version }, version: version.number };
  }
  const { candidateVersion, ...rest } = before;
  const secret: Secret = {
    ...rest,
    ...(candidateVersion === undefined || candidateVersion === version.number ? {} : { candidateVersion }),
    currentVersion: version.number,
    previousVersion: before.currentVersion,
    etag: input.entropy.etag(),
  };
  return {
    result: { project, secret, version },
    changes: [{ change: 'secret.update', secret }],
    events: [secretEvent('SECRET_UPDATE', eventOf(input, project, secret))],
    version: version.number,
    details: { previous: before.currentVersion },
  };
}

export const promoteVersion: Operation<PromoteVersion, VersionResult> = operation({
  name: 'secrets.promote',
  help: 'make a version of a secret the current one',
  kind: 'write',
  permission: 'secretmanager.versions.add',
  api: {
    method: 'POST',
    path: '/secrets:promote',
    fields: { ...nativeFields, ...nativeVersion },
    command: ({ version, ...ref }) => ({ ...nativeSecret(ref), number: version }),
  },
  target: (command) => secretTarget(command, String(command.number)),
  needs: (command) => ({ version: { need: 'version', ...placeOf(command), ...rowOf(command.number) } }) as const,
  decide: (input) => {
    const version = found(input, input.rows.version, input.command.number);
    return makeCurrent(input, input.project(input.command.project), input.secret(input.command), version);
  },
});

export const rollbackSecret: Operation<SecretRef, VersionResult> = operation({
  name: 'secrets.rollback',
  help: 'make the version current that was so before',
  kind: 'write',
  permission: 'secretmanager.versions.add',
  api: { method: 'POST', path: '/secrets:rollback', fields: nativeFields, command: nativeSecret },
  target: (command) => secretTarget(command),
  needs: (command) => ({ version: { need: 'version', ...placeOf(command), number: 0, previous: true } }) as const,
  decide: (input) => {
    const secret = input.secret(input.command);
    const project = input.project(input.command.project);
    const { version } = input.rows;
    if (version === undefined) {
      throw new Fault('ROLLBACK_NOWHERE', secretFacts(project, secret.name, secret.location));
    }
    return makeCurrent(input, project, secret, version);
  },
});
