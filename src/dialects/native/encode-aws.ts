// AWS's policies as JSON: a policy is the text that was put.

import type { AccountResult } from '../../ops/accounts.ts';
import type { ValidatedAwsPolicy } from '../../ops/aws/resource-policies.ts';
import type { SecretResult } from '../../ops/secrets.ts';
import { nameOf } from './encode-access.ts';

type Json = Readonly<Record<string, unknown>>;

const ofSecret = ({ project, secret }: SecretResult): Json => ({
  ...nameOf(project, secret),
  ...(secret.awsPolicy === undefined ? {} : { policy: secret.awsPolicy }),
});

const ofAccount = ({ account: { email, awsPolicies = {} } }: AccountResult): Json => ({
  serviceAccount: email,
  policies: Object.entries(awsPolicies).map(([name, policy]) => ({ name, policy })),
});

export const awsEncoders: Readonly<Record<string, (result: never) => Json>> = {
  'secrets.getAwsPolicy': ofSecret,
  'secrets.setAwsPolicy': ofSecret,
  'secrets.deleteAwsPolicy': ofSecret,
  'secrets.validateAwsPolicy': ({ findings }: ValidatedAwsPolicy) => ({ findings }),
  'accounts.listAwsPolicies': ofAccount,
  'accounts.setAwsPolicy': ofAccount,
  'accounts.deleteAwsPolicy': ofAccount,
};
