// Setting a secret, as stores say it that know no empty ones: a version more, and the secret itself where there is none.

import { secretEvent, versionEvent } from '../core/events.ts';
import type { SecretName } from '../core/name.ts';
import type { Redacted } from '../core/redacted.ts';
import type { Secret, VersionAttributes } from '../core/secret.ts';
import { parseAttributes } from '../core/version-attributes.ts';
import { wrappingFor } from './customer-keys.ts';
import { demand } from './demand.ts';
import { type NewSealed, sealNew, withVersion } from './new-version.ts';
import { type Operation, operation, secretFacts } from './operation.ts';
import { blankSecret, clearName, eventOf, placeOf, type SecretRef, secretTarget } from './secrets.ts';
import type { VersionResult } from './versions.ts';
import { Stale } from './writer.ts';

export interface SetSecret extends SecretRef {
  /** What a secret is called that is made by this. */
  readonly name: SecretName;
  readonly payload: Redacted<Uint8Array>;
  readonly attributes?: VersionAttributes;
  /** It cannot be read until it is enabled. */
  readonly isDisabled?: true;
}

interface Prepared extends NewSealed {
  /** The secret was not there yet. */
  readonly isNew: boolean;
}

export const setSecret: Operation<SetSecret, VersionResult> = operation({
  name: 'secrets.set',
  help: 'add a version to a secret and make it the current one; make the secret where there is none',
  kind: 'write',
  permission: 'secretmanager.versions.add',
  // One that is there may have another name that is spelled alike.
  target: ({ name: stores, ...ref }) => ({ ...secretTarget(ref), stores }),
  needs: (command) => ({ existing: { need: 'secret', ...placeOf(command), deleted: true } }) as const,
  prepare: (input, keyring): { carried: Prepared } => {
    const project = input.project(input.command.project);
    const { secret, spellings = 0 } = input.scope;
    // Which of them is meant nobody can say, and a third would not help.
    if (secret === undefined && spellings > 1) input.secret(input.command);
    parseAttributes(input.command.attributes ?? {});
    const secretUid = secret?.uid ?? input.entropy.uid();
    const made = {
      payload: input.command.payload,
      secretUid,
      uid: input.entropy.uid(),
      ...wrappingFor(input, project, secret),
    };
    return { carried: { ...sealNew(keyring, project, made), isNew: secret === undefined } };
  },
  carried: ({ payload: _sealed, ...command }) => command,
  decide: (input) => {
    const { command, now, entropy, prepared } = input;
    const project = input.project(command.project);
    const found = input.scope.secret;
    // Made, deleted or made anew meanwhile: the payload was sealed for another place.
    if ((found === undefined) !== prepared.isNew || (found?.uid ?? prepared.secretUid) !== prepared.secretUid) {
      throw new Stale();
    }
    const { name } = command;
    let before: Secret;
    const changes = [];
    const events = [];
    if (found === undefined) {
      const resource = `projects/${project.id}`;
      demand(input, 'secretmanager.secrets.create', { project: command.project, stores: name, asked: resource });
      changes.push(...clearName(input, secretFacts(project, name), input.rows.existing));
      before = blankSecret(project, name, { uid: prepared.secretUid, createdAt: now, etag: entropy.etag() });
      changes.push({ change: 'secret.insert', secret: before } as const);
      events.push(secretEvent('SECRET_CREATE', eventOf(input, project, before)));
    } else before = found;
    const attributes = parseAttributes(command.attributes ?? {});
    const { secret, version } = withVersion(before, input, {
      clientChecksum: false,
      ...(attributes === undefined ? {} : { attributes }),
      ...(command.isDisabled ? { isDisabled: true } : {}),
    });
    return {
      result: { project, secret, version },
      changes: [
        ...changes,
        { change: 'version.insert', version, sealed: prepared.sealed },
        { change: 'secret.update', secret, before },
      ],
      events: [...events, versionEvent('SECRET_VERSION_ADD', { ...eventOf(input, project, secret), version })],
      version: version.number,
    };
  },
});
