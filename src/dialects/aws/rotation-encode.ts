// What is told of a secret's rotation. Source: service-2.json of 2017-10-17, and recorded replies.

import { PENDING } from '../../core/aws/stages.ts';
import type { Secret } from '../../core/secret.ts';

type Members = Readonly<Record<string, unknown>>;

const seconds = (milliseconds: number) => milliseconds / 1000;

/** Nothing of a secret that was never to be rotated. */
export function encodeRotation({ aws }: Secret): Members {
  if (aws?.rotation === undefined) return {};
  const { functionArn, isEnabled, rules, rotatedAt, nextBy } = aws.rotation;
  const { afterDays, schedule, duration } = rules;
  const shown = {
    ...(afterDays === undefined ? {} : { AutomaticallyAfterDays: afterDays }),
    ...(duration === undefined ? {} : { Duration: duration }),
    ...(schedule === undefined ? {} : { ScheduleExpression: schedule }),
  };
  return {
    ...{ RotationEnabled: isEnabled, RotationLambdaARN: functionArn },
    ...(Object.keys(shown).length === 0 ? {} : { RotationRules: shown }),
    ...(rotatedAt === undefined ? {} : { LastRotatedDate: seconds(rotatedAt) }),
    ...(nextBy === undefined ? {} : { NextRotationDate: seconds(nextBy) }),
  };
}

/** The version that AWSPENDING is on before it has a value, as a list shows it. */
export function encodeReserved({ aws }: Secret): readonly Members[] {
  if (aws?.reserved === undefined) return [];
  const { versionId, at } = aws.reserved;
  return [{ VersionId: versionId, VersionStages: [PENDING], CreatedDate: seconds(at) }];
}
