// The operations of rotation. Source: service-2.json of 2017-10-17.

import type { RotationRules } from '../../core/aws/rotation-schedule.ts';
import { then } from '../../ops/maybe.ts';
import { cancelRotation } from '../../ops/rotation/cancel-rotation.ts';
import { startRotation } from '../../ops/rotation/start-rotation.ts';
import { type Json, member } from './json.ts';
import { named } from './secret-encode.ts';
import { flagOf, invalidParameter, invalidRequest, textOf } from './secret-input.ts';
import { refOf } from './secret-ref.ts';
import type { Action } from './service.ts';

const CHANGES = { changes: true } as const;

export const rotateSecret: Action = (call) => {
  const { input } = call;
  const token = textOf(input, 'ClientRequestToken');
  if (token === undefined) {
    throw invalidParameter('You must provide a ClientRequestToken value. We recommend a UUID-type value.');
  }
  if (member(input, 'ExternalSecretRotationRoleArn') !== undefined) {
    throw invalidRequest('Rotation of secrets that other services hold is not supported here.');
  }
  const functionArn = textOf(input, 'RotationLambdaARN');
  const rules = member(input, 'RotationRules') as Json | undefined;
  const command = {
    ...{ ...refOf(call, CHANGES), token },
    ...(functionArn === undefined ? {} : { functionArn }),
    ...(rules === undefined ? {} : { rules: rulesOf(rules) }),
    ...(flagOf(input, 'RotateImmediately') === false ? { waits: true as const } : {}),
  };
  return then(call.run(startRotation, command), ({ secret, versionId }) => ({
    ...named(call, secret),
    VersionId: versionId,
  }));
};

export const cancelRotateSecret: Action = (call) =>
  then(call.run(cancelRotation, refOf(call, CHANGES)), ({ secret, versionId }) => ({
    ...named(call, secret),
    ...(versionId === undefined ? {} : { VersionId: versionId }),
  }));

function rulesOf(rules: Json): RotationRules {
  const afterDays = member(rules, 'AutomaticallyAfterDays') as number | undefined;
  const [schedule, duration] = [textOf(rules, 'ScheduleExpression'), textOf(rules, 'Duration')];
  return {
    ...(afterDays === undefined ? {} : { afterDays }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(duration === undefined ? {} : { duration }),
  };
}
