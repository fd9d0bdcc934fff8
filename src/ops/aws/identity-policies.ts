// The policies of AWS's that a service account has: each with a name, kept as it was put. They are part of who may do what in
// its project, so they take the permission to set that.

import { Fault } from '../../core/error.ts';
import { AWS_POLICIES_PER_ACCOUNT_MAX, AWS_POLICY_CHARS_MAX } from '../../core/limits.ts';
import { parseAccountEmail } from '../../core/name.ts';
import type { Account } from '../../core/secret.ts';
import { type AccountRef, type AccountResult, accountTarget, existingAccount } from '../accounts.ts';
import type { Fields, FieldValues } from '../fields.ts';
import { type Operation, operation } from '../operation.ts';
import { AUDITED_CHARS_MAX, AWS_POLICY_ROLE, checkedPolicy } from './resource-policies.ts';

export interface AccountPolicyRef extends AccountRef {
  readonly name: string;
}

export interface SetAccountPolicy extends AccountPolicyRef {
  readonly policy: string;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
const NAME = /^[\w+=,.@-]{1,128}$/;

const accountField = {
  serviceAccount: { type: 'string', help: 'the address of the service account', required: true },
} as const satisfies Fields;
const nameField = {
  name: { type: 'string', help: 'the name of the policy', required: true, max: 128 },
} as const satisfies Fields;

const accountOf = ({ serviceAccount }: FieldValues): AccountRef => ({
  account: parseAccountEmail(String(serviceAccount)),
});

/** The policy that those fields name; throws INVALID_FIELD. */
function policyOf(values: FieldValues): AccountPolicyRef {
  const name = String(values['name']);
  if (!NAME.test(name)) {
    const problem = '1 to 128 letters, digits and the characters _ + = , . @ -';
    throw new Fault('INVALID_FIELD', { field: 'name', problem });
  }
  return { ...accountOf(values), name };
}

const needs = ({ account }: AccountRef) => ({ account: { need: 'account', email: account } }) as const;

export const listAccountPolicies: Operation<AccountRef, AccountResult> = operation({
  name: 'accounts.listAwsPolicies',
  help: "list the policies of AWS's that a service account has",
  kind: 'read',
  permission: 'resourcemanager.projects.getIamPolicy',
  api: { method: 'GET', path: '/accounts:awsPolicies', fields: accountField, command: accountOf },
  target: accountTarget,
  needs,
  decide: (input) => ({ result: existingAccount(input) }),
});

export const setAccountPolicy: Operation<SetAccountPolicy, AccountResult> = operation({
  name: 'accounts.setAwsPolicy',
  help: "give a service account a policy of AWS's, or replace the one of that name",
  kind: 'write',
  permission: 'resourcemanager.projects.setIamPolicy',
  api: {
    method: 'POST',
    path: '/accounts:setAwsPolicy',
    fields: {
      ...accountField,
      ...nameField,
      policy: { type: 'string', help: 'the policy as JSON', required: true, max: AWS_POLICY_CHARS_MAX },
    },
    command: ({ policy, ...values }) => ({ ...policyOf(values), policy: String(policy) }),
  },
  target: (command: SetAccountPolicy) => accountTarget(command),
  modifiedRoles: () => [AWS_POLICY_ROLE],
  needs: (command) => needs(command),
  prepare: (input) => {
    checkedPolicy(input.command.policy, 'identity');
    return { carried: undefined };
  },
  decide: (input) => {
    const { project, account: before } = existingAccount(input);
    const { name, policy } = input.command;
    const awsPolicies = { ...before.awsPolicies, [name]: policy };
    if (Object.keys(awsPolicies).length > AWS_POLICIES_PER_ACCOUNT_MAX) {
      const what = "policies of AWS's of one service account";
      throw new Fault('LIMIT_REACHED', { what, limit: AWS_POLICIES_PER_ACCOUNT_MAX });
    }
    const account: Account = { ...before, awsPolicies };
    return {
      result: { project, account },
      changes: [{ change: 'account.update', account }],
      details: { name, awsPolicy: policy.slice(0, AUDITED_CHARS_MAX) },
    };
  },
});

/** One that is not there is no failure. */
export const deleteAccountPolicy: Operation<AccountPolicyRef, AccountResult> = operation({
  name: 'accounts.deleteAwsPolicy',
  help: "take a policy of AWS's from a service account",
  kind: 'write',
  permission: 'resourcemanager.projects.setIamPolicy',
  api: {
    method: 'POST',
    path: '/accounts:deleteAwsPolicy',
    fields: { ...accountField, ...nameField },
    command: policyOf,
  },
  target: (command: AccountPolicyRef) => accountTarget(command),
  modifiedRoles: () => [AWS_POLICY_ROLE],
  needs: (command) => needs(command),
  decide: (input) => {
    const { project, account: before } = existingAccount(input);
    const { [input.command.name]: gone, ...left } = before.awsPolicies ?? {};
    const { awsPolicies: _all, ...rest } = before;
    const account: Account = Object.keys(left).length === 0 ? rest : { ...rest, awsPolicies: left };
    const changes = gone === undefined ? [] : [{ change: 'account.update', account } as const];
    return { result: { project, account }, changes, details: { name: input.command.name } };
  },
});
