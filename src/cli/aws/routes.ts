// The grammar of AWS's policies: those of secrets stand among the commands of `coffer secrets`, those of service accounts
// below `coffer iam service-accounts`. Coffer's own.

import { buildCommand } from '@stricli/core';
import { argument, group, help, positional, required, toggle } from '../define.ts';
import { listFlags, location, secret } from '../flags.ts';

const file = argument("a file with a policy of AWS's", 'POLICY_FILE');
const policyName = argument('the name of the policy', 'POLICY_NAME');
const iamAccount = required("the account's address", 'IAM_ACCOUNT');
const ACCOUNT = '--iam-account=deploy@my-project.iam.gserviceaccount.com';

export const awsPolicyOfSecret = {
  getAwsPolicy: buildCommand({
    loader: async () => (await import('./policies.ts')).getAwsPolicy,
    parameters: { positional: positional(secret), flags: { location } },
    docs: help("Show the policy of AWS's that a secret has", 'coffer secrets get-aws-policy db-password'),
  }),
  setAwsPolicy: buildCommand({
    loader: async () => (await import('./policies.ts')).setAwsPolicy,
    parameters: {
      positional: positional(secret, file),
      flags: { location, blockPublicPolicy: toggle('refuse a policy that grants to the public') },
    },
    docs: help(
      "Set the policy of AWS's that a secret has",
      'coffer secrets set-aws-policy db-password policy.json --block-public-policy',
      'What it denies is denied by every API.',
    ),
  }),
  removeAwsPolicy: buildCommand({
    loader: async () => (await import('./policies.ts')).removeAwsPolicy,
    parameters: { positional: positional(secret), flags: { location } },
    docs: help("Take away the policy of AWS's that a secret has", 'coffer secrets remove-aws-policy db-password'),
  }),
  checkAwsPolicy: buildCommand({
    loader: async () => (await import('./policies.ts')).checkAwsPolicy,
    parameters: { positional: positional(secret, file), flags: { location } },
    docs: help(
      "Tell what is wrong with a policy of AWS's, without setting it",
      'coffer secrets check-aws-policy db-password policy.json',
    ),
  }),
};

export const awsPoliciesOfAccounts = group("Manage the policies of AWS's that service accounts have", {
  list: buildCommand({
    loader: async () => (await import('./policies.ts')).listAccountPolicies,
    parameters: { flags: { iamAccount, ...listFlags } },
    docs: help('List the policies of a service account', `coffer iam service-accounts aws-policies list ${ACCOUNT}`),
  }),
  get: buildCommand({
    loader: async () => (await import('./policies.ts')).getAccountPolicy,
    parameters: { positional: positional(policyName), flags: { iamAccount } },
    docs: help('Show a policy', `coffer iam service-accounts aws-policies get readers ${ACCOUNT}`),
  }),
  set: buildCommand({
    loader: async () => (await import('./policies.ts')).setAccountPolicy,
    parameters: { positional: positional(policyName, file), flags: { iamAccount } },
    docs: help(
      'Give a service account a policy, or replace the one of that name',
      `coffer iam service-accounts aws-policies set readers policy.json ${ACCOUNT}`,
    ),
  }),
  remove: buildCommand({
    loader: async () => (await import('./policies.ts')).removeAccountPolicy,
    parameters: { positional: positional(policyName), flags: { iamAccount } },
    docs: help('Take a policy away', `coffer iam service-accounts aws-policies remove readers ${ACCOUNT}`),
  }),
});
