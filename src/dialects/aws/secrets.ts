// AWS Secrets Manager: its operations, and what the core's faults are in its words. Source: the service's model of
// 2017-10-17, and recorded replies.

import type { Fault } from '../../core/error.ts';
import { AwsError } from './errors.ts';
import { getSecretValue } from './secret-value.ts';
import type { Service } from './service.ts';
import { uuid } from './version-id.ts';

export const SECRETS_MANAGER: Service = {
  name: 'secretsmanager',
  windowSeconds: 300,
  actions: { GetSecretValue: getSecretValue },
  explain,
};

function explain({ code, facts }: Fault): AwsError | undefined {
  switch (code) {
    case 'SECRET_NOT_FOUND':
    case 'PROJECT_NOT_FOUND':
      return new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    case 'VERSION_NOT_FOUND':
    case 'ALIAS_NOT_FOUND': {
      const { version, alias } = facts;
      const asked = alias === undefined && version !== 'latest' ? `VersionId: ${uuid(String(version))}` : undefined;
      return new AwsError(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret value for ${asked ?? `staging label: ${alias ?? 'AWSCURRENT'}`}`,
      );
    }
    case 'VERSION_NOT_ENABLED':
      return new AwsError(
        'InvalidRequestException',
        `The version of the secret is ${facts['state']} and cannot be read.`,
      );
    default:
      return undefined;
  }
}
