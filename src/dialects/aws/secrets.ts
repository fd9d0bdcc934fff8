// AWS Secrets Manager: its operations. Each input is held to the service's model before anything is asked.

import { checkInput } from './constraint.ts';
import { explainSecret } from './secret-errors.ts';
import { INPUTS } from './secret-model.ts';
import { deleteResourcePolicy, getResourcePolicy, putResourcePolicy, validateResourcePolicy } from './secret-policy.ts';
import { describeSecret, getRandomPassword, listSecrets, listSecretVersionIds } from './secret-reads.ts';
import { cancelRotateSecret, rotateSecret } from './secret-rotation.ts';
import { batchGetSecretValue, getSecretValue } from './secret-value.ts';
import {
  createSecret,
  putSecretValue,
  remove,
  removeRegionsFromReplication,
  replicateSecretToRegions,
  restore,
  stopReplicationToReplica,
  tagResource,
  untagResource,
  updateSecret,
  updateSecretVersionStage,
} from './secret-writes.ts';
import type { Action, Service } from './service.ts';

const ACTIONS: Readonly<Record<keyof typeof INPUTS, Action>> = {
  CreateSecret: createSecret,
  GetSecretValue: getSecretValue,
  BatchGetSecretValue: batchGetSecretValue,
  PutSecretValue: putSecretValue,
  UpdateSecret: updateSecret,
  UpdateSecretVersionStage: updateSecretVersionStage,
  DescribeSecret: describeSecret,
  ListSecrets: listSecrets,
  ListSecretVersionIds: listSecretVersionIds,
  DeleteSecret: remove,
  RestoreSecret: restore,
  TagResource: tagResource,
  UntagResource: untagResource,
  ReplicateSecretToRegions: replicateSecretToRegions,
  RemoveRegionsFromReplication: removeRegionsFromReplication,
  GetResourcePolicy: getResourcePolicy,
  PutResourcePolicy: putResourcePolicy,
  DeleteResourcePolicy: deleteResourcePolicy,
  ValidateResourcePolicy: validateResourcePolicy,
  StopReplicationToReplica: stopReplicationToReplica,
  GetRandomPassword: getRandomPassword,
  RotateSecret: rotateSecret,
  CancelRotateSecret: cancelRotateSecret,
};

/** Each with its input checked first. */
const checked = Object.entries(INPUTS).map(([name, shape]): [string, Action] => {
  const action = ACTIONS[name as keyof typeof INPUTS];
  const run: Action = (call) => {
    checkInput(call.input, shape);
    return action(call);
  };
  return [name, run];
});

export const SECRETS_MANAGER: Service = {
  name: 'secretsmanager',
  windowSeconds: 300,
  actions: Object.fromEntries(checked),
  explain: explainSecret,
};
