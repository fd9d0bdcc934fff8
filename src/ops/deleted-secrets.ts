// Secrets that are deleted and wait to be purged: absent from every other read, shown here, brought back, or done away
// with before their time.

import { Fault } from '../core/error.ts';
import { secretEvent } from '../core/events.ts';
import type { Secret } from '../core/secret.ts';
import { type Input, type Operation, operation, secretFacts, type Target } from './operation.ts';
import { type DeletedSecret, eventOf, placeOf, type SecretRef, type SecretResult, secretTarget } from './secrets.ts';

const target = (command: SecretRef): Target => ({ ...secretTarget(command), deleted: true });

const needs = (command: SecretRef) =>
  ({ version: { need: 'version', ...placeOf(command), deleted: true, number: 0 } }) as const;

type Asked = Input<SecretRef, ReturnType<typeof needs>, unknown>;

/** The secret with its current version; throws SECRET_NOT_FOUND for one that is not deleted, or is over. */
function deletedOnly(input: Asked): DeletedSecret {
  const found = deletedOrNot(input);
  if (found.secret.purgeAt === undefined) {
    const { key, location } = input.command;
    throw new Fault('SECRET_NOT_FOUND', secretFacts(found.project, key, location));
  }
  return found;
}

function deletedOrNot(input: Asked): DeletedSecret {
  const secret = input.secret(input.command);
  const project = input.project(input.command.project);
  if (secret.purgeAt !== undefined && secret.purgeAt <= input.now) {
    const { key, location } = input.command;
    throw new Fault('SECRET_NOT_FOUND', secretFacts(project, key, location));
  }
  const { version } = input.rows;
  return { project, secret, ...(version === undefined ? {} : { version }) };
}

export const getDeletedSecret: Operation<SecretRef, DeletedSecret> = operation({
  name: 'secrets.getDeleted',
  help: 'show a deleted secret that can still be restored, without its values',
  kind: 'read',
  permission: 'secretmanager.secrets.get',
  target,
  needs,
  decide: (input) => ({ result: deletedOnly(input) }),
});

/** Undoes a deletion that left a while to do so; a secret that is not deleted stays as it is. */
export const restoreSecret: Operation<SecretRef, DeletedSecret> = operation({
  name: 'secrets.restore',
  help: 'bring back a deleted secret while it can still be restored',
  kind: 'write',
  permission: 'coffer.secrets.recover',
  target,
  needs,
  decide: (input) => {
    const result = deletedOrNot(input);
    const { purgeAt, deletedAt: _over, ...before } = result.secret;
    if (purgeAt === undefined) return { result };
    const secret: Secret = { ...before, etag: input.entropy.etag() };
    return {
      result: { ...result, secret },
      changes: [{ change: 'secret.update', secret }],
      events: [secretEvent('SECRET_UPDATE', eventOf(input, result.project, secret))],
    };
  },
});

export const purgeDeletedSecret: Operation<SecretRef, SecretResult> = operation({
  name: 'secrets.purgeDeleted',
  help: 'remove a deleted secret for good before its time',
  kind: 'write',
  permission: 'coffer.secrets.purge',
  target,
  needs,
  decide: (input) => {
    const { project, secret } = deletedOnly(input);
    return {
      result: { project, secret },
      changes: [{ change: 'secret.delete', uid: secret.uid }],
      details: { versions: secret.lastVersion },
    };
  },
});
