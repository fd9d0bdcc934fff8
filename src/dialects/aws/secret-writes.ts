// The operations that change secrets: made, changed, labelled, tagged, replicated, deleted and restored.

import { parseAwsName } from '../../core/aws/secret.ts';
import { Fault } from '../../core/error.ts';
import type { Location } from '../../core/name.ts';
import { createAwsSecret } from '../../ops/aws/create-secret.ts';
import { moveStage } from '../../ops/aws/move-stage.ts';
import { amendSecret, putVersion } from '../../ops/aws/put-version.ts';
import type { AwsRef } from '../../ops/aws/ref.ts';
import { replicateSecret } from '../../ops/aws/replicate.ts';
import { stopReplication } from '../../ops/aws/stop-replication.ts';
import { tagSecret } from '../../ops/aws/tag-secret.ts';
import { purgeDeletedSecret, restoreSecret } from '../../ops/deleted-secrets.ts';
import { then } from '../../ops/maybe.ts';
import { deleteSecret } from '../../ops/secrets.ts';
import type { Call } from './call.ts';
import { member } from './json.ts';
import { encodeReplicas, encodeVersion, named, replicationOf, seconds, stagesShown } from './secret-encode.ts';
import {
  flagOf,
  invalidParameter,
  invalidRequest,
  replicasOf,
  settingsOf,
  tagsOf,
  textOf,
  valueIn,
} from './secret-input.ts';
import { refOf, regionOf } from './secret-ref.ts';
import type { Action } from './service.ts';

const DAY_SECONDS = 24 * 3600;
const RECOVERY_DAYS = { least: 7, most: 30, usual: 30 };
const CHANGES = { changes: true } as const;

export const createSecret: Action = (call) => {
  const { input } = call;
  if (member(input, 'CrossAccountPrimaryARN') !== undefined) {
    throw invalidRequest('A replica of a secret of another account is not supported.');
  }
  const value = valueIn(input);
  const command = {
    ...{ project: call.project, region: regionOf(call), name: parseAwsName(textOf(input, 'Name') ?? '') },
    ...settingsOf(input),
    ...(value === undefined ? {} : { value }),
    ...{ tags: tagsOf(input), replicas: replicasOf(input) },
    ...(flagOf(input, 'ForceOverwriteReplicaSecret') ? { overwrite: true as const } : {}),
  };
  return then(call.run(createAwsSecret, command), ({ secret, version }) => ({
    ...encodeVersion(call, secret, version),
    ...replicationOf(secret),
  }));
};

export const putSecretValue: Action = (call) => {
  const value = valueIn(call.input);
  if (value === undefined) throw invalidRequest('You must provide either SecretString or SecretBinary.');
  const stages = member(call.input, 'VersionStages') as readonly string[] | undefined;
  const command = { ...refOf(call, CHANGES), ...value, ...(stages === undefined ? {} : { stages }) };
  return then(call.run(putVersion, command), ({ secret, version }) => ({
    ...encodeVersion(call, secret, version),
    VersionStages: version === undefined ? [] : asAsked(stages, stagesShown(secret, version.number)),
  }));
};

/** Labels in the order in which they were asked for, then the others. */
function asAsked(asked: readonly string[] = [], shown: readonly string[]): readonly string[] {
  return [...new Set([...asked.filter((label) => shown.includes(label)), ...shown])];
}

export const updateSecret: Action = (call) => {
  const value = valueIn(call.input);
  const command = { ...refOf(call, CHANGES), ...settingsOf(call.input), ...(value === undefined ? {} : { value }) };
  return then(call.run(amendSecret, command), ({ secret, version }) => encodeVersion(call, secret, version));
};

export const updateSecretVersionStage: Action = (call) => {
  const removeFrom = textOf(call.input, 'RemoveFromVersionId');
  const moveTo = textOf(call.input, 'MoveToVersionId');
  const command = {
    ...{ ...refOf(call, CHANGES), stage: textOf(call.input, 'VersionStage') ?? '' },
    ...(removeFrom === undefined ? {} : { removeFrom }),
    ...(moveTo === undefined ? {} : { moveTo }),
  };
  return then(call.run(moveStage, command), ({ secret }) => named(call, secret));
};

export const tagResource: Action = (call) =>
  then(call.run(tagSecret, { ...refOf(call, CHANGES), set: tagsOf(call.input) }), () => ({}));

export const untagResource: Action = (call) => {
  const removed = member(call.input, 'TagKeys') as readonly string[];
  return then(call.run(tagSecret, { ...refOf(call, CHANGES), removed }), () => ({}));
};

export const replicateSecretToRegions: Action = (call) => {
  const overwrite = flagOf(call.input, 'ForceOverwriteReplicaSecret') ? { overwrite: true as const } : {};
  const command = { ...refOf(call, CHANGES), replicas: replicasOf(call.input), ...overwrite };
  return then(call.run(replicateSecret, command), ({ secret }) => ({
    ARN: named(call, secret).ARN,
    ReplicationStatus: encodeReplicas(secret),
  }));
};

export const removeRegionsFromReplication: Action = (call) => {
  const removed = member(call.input, 'RemoveReplicaRegions') as readonly Location[];
  return then(call.run(replicateSecret, { ...refOf(call, CHANGES), removed }), ({ secret }) => ({
    ARN: named(call, secret).ARN,
    ReplicationStatus: encodeReplicas(secret),
  }));
};

export const stopReplicationToReplica: Action = (call) =>
  then(call.run(stopReplication, refOf(call)), ({ secret }) => ({ ARN: named(call, secret).ARN }));

export const restore: Action = (call) =>
  then(call.run(restoreSecret, refOf(call, { changes: true, deleted: true })), ({ secret }) => named(call, secret));

export const remove: Action = (call) => {
  const days = member(call.input, 'RecoveryWindowInDays') as number | undefined;
  const isForced = flagOf(call.input, 'ForceDeleteWithoutRecovery') === true;
  if (days !== undefined && (days < RECOVERY_DAYS.least || days > RECOVERY_DAYS.most)) {
    throw invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
  }
  if (days !== undefined && isForced) {
    throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  }
  const ref = refOf(call, CHANGES);
  if (isForced) return purge(call, ref);
  const recoverySeconds = (days ?? RECOVERY_DAYS.usual) * DAY_SECONDS;
  return then(call.run(deleteSecret, { ...ref, recoverySeconds }), ({ secret }) => ({
    ...named(call, secret),
    DeletionDate: seconds(secret.purgeAt ?? 0),
  }));
};

/** Without a way back: of one that is deleted already too, and of one that is not there as if it had been. */
async function purge(call: Call, ref: AwsRef): Promise<object> {
  const deleted = { ...ref, from: { ...ref.from, deleted: true as const } };
  for (const attempt of [
    async () => (await call.run(deleteSecret, ref)).secret,
    async () => (await call.run(purgeDeletedSecret, deleted)).secret,
  ]) {
    try {
      const secret = await attempt();
      return { ...named(call, secret), DeletionDate: seconds(Date.now()) };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === 'SECRET_NOT_FOUND') break;
      if (error.code !== 'SECRET_DELETED') throw error;
    }
  }
  return { ...named(call, { name: ref.from.name, uid: NOBODY }), DeletionDate: seconds(Date.now()) };
}

/** The uid of no secret. */
const NOBODY = '0'.repeat(32);
