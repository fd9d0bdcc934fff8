// The resource policy of a secret: put, shown, taken away and judged. The text is shown as it was put.

import { deleteAwsPolicy, getAwsPolicy, setAwsPolicy, validateAwsPolicy } from '../../ops/aws/resource-policies.ts';
import { then } from '../../ops/maybe.ts';
import type { Call } from './call.ts';
import { AwsError } from './errors.ts';
import { member } from './json.ts';
import { named } from './secret-encode.ts';
import { flagOf, invalidParameter, textOf } from './secret-input.ts';
import { refOf } from './secret-ref.ts';
import type { Action } from './service.ts';

const CHANGES = { changes: true } as const;

/** A secret has one policy, `default`: it alone is put and taken away, as by AWS itself. */
function isNamedOtherwise({ input }: Call): boolean {
  return (textOf(input, 'PolicyName') ?? 'default') !== 'default';
}

function checkName(call: Call): void {
  if (isNamedOtherwise(call)) throw invalidParameter('PolicyName must be default: a secret has no other policy.');
}

export const getResourcePolicy: Action = (call) =>
  then(call.run(getAwsPolicy, refOf(call)), ({ secret }) => {
    if (isNamedOtherwise(call)) {
      throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified resource policy.");
    }
    return {
      ...named(call, secret),
      ...(secret.awsPolicy === undefined ? {} : { ResourcePolicy: secret.awsPolicy }),
    };
  });

export const putResourcePolicy: Action = (call) => {
  checkName(call);
  const command = {
    ...refOf(call, CHANGES),
    policy: textOf(call.input, 'ResourcePolicy') ?? '',
    blockPublic: flagOf(call.input, 'BlockPublicPolicy') === true,
  };
  return then(call.run(setAwsPolicy, command), ({ secret }) => named(call, secret));
};

export const deleteResourcePolicy: Action = (call) => {
  checkName(call);
  return then(call.run(deleteAwsPolicy, refOf(call, CHANGES)), ({ secret }) => named(call, secret));
};

export const validateResourcePolicy: Action = (call) => {
  const about = member(call.input, 'SecretId') === undefined ? {} : { secret: refOf(call) };
  const command = { ...about, project: call.project, policy: textOf(call.input, 'ResourcePolicy') ?? '' };
  return then(call.run(validateAwsPolicy, command), ({ findings }) => ({
    PolicyValidationPassed: findings.length === 0,
    ValidationErrors: findings.map(({ check, message }) => ({ CheckName: check, ErrorMessage: message })),
  }));
};
