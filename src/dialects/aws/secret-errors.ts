// The core's faults in the words of Secrets Manager. Source: recorded replies, and users' reports.

import { CURRENT } from '../../core/aws/stages.ts';
import type { Fault } from '../../core/error.ts';
import type { Call } from './call.ts';
import { AwsError } from './errors.ts';
import { invalidParameter, invalidRequest, textOf } from './secret-input.ts';

const notFound = (what: string) => new AwsError('ResourceNotFoundException', `Secrets Manager can't find ${what}`);
const exists = (message: string) => new AwsError('ResourceExistsException', message);

const INVALID_NAME =
  'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!';

/** Undefined: as everywhere. */
export function explainSecret({ code, facts, message }: Fault, call: Call): AwsError | undefined {
  const { input, action } = call;
  if (code === 'CUSTOMER_KEY_UNUSABLE') return keyUnusable(action);
  switch (code) {
    case 'SECRET_ID_INVALID':
      return new AwsError('ValidationException', INVALID_NAME);
    case 'SECRET_NOT_FOUND':
    case 'PROJECT_NOT_FOUND':
      return notFound('the specified secret.');
    case 'VERSION_NOT_FOUND':
      return missingVersion(call, String(facts['version']));
    case 'VERSION_NOT_ENABLED':
      if (facts['state'] === 'DESTROYED') return missingVersion(call, '');
      return invalidRequest(`The version of the secret is ${facts['state']} and cannot be used.`);
    case 'STAGE_NOT_OF_VERSION':
      return invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
    case 'SECRET_EXISTS':
      return exists(`The operation failed because the secret ${textOf(input, 'Name') ?? ''} already exists.`);
    case 'SECRET_DELETED':
      return invalidRequest(
        action === 'CreateSecret'
          ? "You can't create this secret because a secret with this name is already scheduled for deletion."
          : "You can't perform this operation on the secret because it was marked for deletion.",
      );
    case 'REQUEST_TOKEN_USED':
      return exists(
        `You can't use ClientRequestToken ${facts['token']} because that value is already in use for a version of ` +
          `secret ${arnOf(call, facts)}.`,
      );
    case 'REPLICA_READ_ONLY':
      return invalidParameter(
        "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
      );
    case 'REPLICAS_LEFT':
      return invalidParameter(
        `You can't delete secret ${arnOf(call, facts)} that still has replica regions [${facts['regions']}]`,
      );
    case 'ROTATION_FUNCTION_MISSING':
      return invalidRequest('No Lambda rotation function ARN is associated with this secret.');
    case 'ROTATION_FUNCTION_REFUSED':
      return new AwsError(
        'AccessDeniedException',
        'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to ' +
          'the principal secretsmanager.amazonaws.com.',
      );
    case 'ROTATION_FUNCTIONS_UNSET':
    case 'ROTATION_FUNCTION_UNREACHABLE':
    case 'LIST_TOO_LONG':
      return invalidRequest(message);
    case 'ROTATION_INCOMPLETE':
      return invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
    case 'STAGE_HELD':
      return invalidParameter(
        `The parameter RemoveFromVersionId can't be empty. Staging label ${facts['stage']} is currently attached to ` +
          `version ${facts['holder']}, so you must explicitly reference that version in RemoveFromVersionId.`,
      );
    case 'POLICY_INVALID':
      return new AwsError('MalformedPolicyDocumentException', `This policy has invalid syntax. ${facts['problem']}`);
    case 'POLICY_PUBLIC':
      return new AwsError(
        'PublicPolicyException',
        `The resource policy grants broad access to the secret in statement ${facts['statement']}.`,
      );
    case 'DEFAULT_KEY_FOREIGN':
      return invalidRequest(
        "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
      );
    case 'PAGE_TOKEN_INVALID':
      return new AwsError('InvalidNextTokenException', 'You provided an invalid NextToken value.');
    default:
      return undefined;
  }
}

function keyUnusable(action: string): AwsError {
  if (/^(?:Batch)?GetSecretValue$/.test(action)) {
    const message = "Secrets Manager can't decrypt the protected secret text using the provided KMS key.";
    return new AwsError('DecryptionFailure', message);
  }
  return new AwsError(
    'EncryptionFailure',
    "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is " +
      'available, enabled, and not in an invalid state.',
  );
}

function missingVersion({ input, action }: Call, asked: string): AwsError {
  if (action === 'UpdateSecretVersionStage') return notFound(`the specified secret version: ${asked}`);
  const id = action === 'GetSecretValue' ? textOf(input, 'VersionId') : undefined;
  const stage = action === 'GetSecretValue' ? textOf(input, 'VersionStage') : undefined;
  const which = id === undefined ? `staging label: ${stage ?? CURRENT}` : `VersionId: ${id}`;
  return notFound(`the specified secret value for ${which}`);
}

function arnOf({ account, region }: Call, { secret, suffix }: Fault['facts']): string {
  return `arn:aws:secretsmanager:${region}:${account}:secret:${secret}-${suffix}`;
}
