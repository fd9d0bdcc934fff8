// The core's faults in the words of AWS KMS. Source: the KMS API reference, and replies that its users report.

import { kmsArn } from '../../core/aws/kms.ts';
import type { Fault } from '../../core/error.ts';
import type { Call } from './call.ts';
import { AwsError } from './errors.ts';

/** Undefined: as everywhere. */
export function explainKms({ code, facts, message }: Fault, { account, region }: Call): AwsError | undefined {
  const arn = (resource: string) => kmsArn(account, region, resource);
  switch (code) {
    case 'KEY_NOT_FOUND':
      return new AwsError('NotFoundException', `Key '${arn(`key/${facts['key']}`)}' does not exist`);
    case 'AWS_ALIAS_NOT_FOUND':
      return new AwsError('NotFoundException', `Alias ${arn(`alias/${facts['alias']}`)} is not found.`);
    case 'AWS_ALIAS_EXISTS':
      return new AwsError(
        'AlreadyExistsException',
        `An alias with the name ${arn(`alias/${facts['alias']}`)} already exists`,
      );
    case 'AWS_KEY_STATE':
      return new AwsError('KMSInvalidStateException', `${arn(`key/${facts['key']}`)} is ${facts['state']}.`);
    case 'POLICY_INVALID':
      return new AwsError('MalformedPolicyDocumentException', `This policy has invalid syntax. ${facts['problem']}`);
    case 'KEY_POLICY_LOCKS_OUT':
      return new AwsError(
        'MalformedPolicyDocumentException',
        'The new key policy will not allow you to update the key policy in the future.',
      );
    case 'PAGE_TOKEN_INVALID':
      return new AwsError('InvalidMarkerException', 'You provided an invalid Marker value.');
    case 'LIMIT_REACHED':
      return new AwsError('LimitExceededException', message);
    default:
      return undefined;
  }
}
