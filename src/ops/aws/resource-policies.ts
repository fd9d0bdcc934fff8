// The policy of AWS's that a secret has: kept as it was put, judged when it is put. Setting it is setting who may do what
// with the secret, whatever the API.

import { denialBy } from '../../core/aws-policy/evaluate.ts';
import { PolicyError } from '../../core/aws-policy/json.ts';
import { publicStatement } from '../../core/aws-policy/public.ts';
import { type AwsPolicy, type PolicyKind, parseAwsPolicy } from '../../core/aws-policy/statement.ts';
import { Fault } from '../../core/error.ts';
import { AWS_POLICY_CHARS_MAX } from '../../core/limits.ts';
import type { ProjectRef } from '../../core/name.ts';
import type { Secret } from '../../core/secret.ts';
import type { Fields } from '../fields.ts';
import { nativeFields, nativeSecret } from '../native-ref.ts';
import { type Input, type Operation, operation } from '../operation.ts';
import { type SecretRef, type SecretResult, secretTarget } from '../secrets.ts';
import { awsQuestionOf } from './authority.ts';

export interface SetAwsPolicy extends SecretRef {
  readonly policy: string;
  /** Refuse one that grants to the public. */
  readonly blockPublic?: boolean;
}

export interface ValidateAwsPolicy {
  readonly project: ProjectRef;
  /** The one that it is for; absent: none in particular. */
  readonly secret?: SecretRef;
  readonly policy: string;
}

/** What is wrong with a policy. */
export interface PolicyFinding {
  readonly check: 'SYNTAX' | 'PUBLIC_ACCESS' | 'LOCKOUT';
  readonly message: string;
}

export interface ValidatedAwsPolicy {
  readonly findings: readonly PolicyFinding[];
}

const policyField = {
  policy: { type: 'string', help: 'the policy as JSON', required: true, max: AWS_POLICY_CHARS_MAX },
} as const satisfies Fields;

/** Stands among the roles that a change alters: who may grant certain roles only may not grant by AWS's policies. */
export const AWS_POLICY_ROLE = 'coffer/awsPolicy';

/** What of a policy's text the audit keeps. */
export const AUDITED_CHARS_MAX = 4096;

/** What a policy means; throws POLICY_INVALID. */
export function checkedPolicy(text: string, kind: PolicyKind): AwsPolicy {
  try {
    return parseAwsPolicy(text, kind);
  } catch (error) {
    if (error instanceof PolicyError) throw new Fault('POLICY_INVALID', { problem: error.message });
    throw error;
  }
}

export const getAwsPolicy: Operation<SecretRef, SecretResult> = operation({
  name: 'secrets.getAwsPolicy',
  help: "show the policy of AWS's that a secret has",
  kind: 'read',
  permission: 'secretmanager.secrets.getIamPolicy',
  api: { method: 'GET', path: '/secrets:awsPolicy', fields: nativeFields, command: nativeSecret },
  target: (command: SecretRef) => secretTarget(command),
  decide: (input) => ({ result: found(input) }),
});

function found(input: Input<SecretRef, Record<never, never>, unknown>): SecretResult {
  return { project: input.project(input.command.project), secret: input.secret(input.command) };
}

export const setAwsPolicy: Operation<SetAwsPolicy, SecretResult> = operation({
  name: 'secrets.setAwsPolicy',
  help: "set the policy of AWS's that a secret has; a denial in it holds for every API",
  kind: 'write',
  permission: 'secretmanager.secrets.setIamPolicy',
  api: {
    method: 'POST',
    path: '/secrets:setAwsPolicy',
    fields: {
      ...nativeFields,
      ...policyField,
      blockPublic: { type: 'boolean', help: 'refuse a policy that grants to the public' },
    },
    command: ({ policy, blockPublic, ...values }) => ({
      ...nativeSecret(values),
      policy: String(policy),
      ...(blockPublic === undefined ? {} : { blockPublic }),
    }),
  },
  target: (command: SetAwsPolicy) => secretTarget(command),
  modifiedRoles: () => [AWS_POLICY_ROLE],
  // Before it comes to the thread that writes: it may be long.
  prepare: (input) => {
    found(input);
    const { policy, blockPublic } = input.command;
    const statement = publicStatement(checkedPolicy(policy, 'resource'));
    if (blockPublic && statement !== undefined) throw new Fault('POLICY_PUBLIC', { statement });
    return { carried: undefined };
  },
  decide: (input) => {
    const { project, secret: before } = found(input);
    const { policy } = input.command;
    const secret: Secret = { ...before, awsPolicy: policy };
    return {
      result: { project, secret },
      changes: [{ change: 'secret.update', secret }],
      details: { awsPolicy: policy.slice(0, AUDITED_CHARS_MAX) },
    };
  },
});

export const deleteAwsPolicy: Operation<SecretRef, SecretResult> = operation({
  name: 'secrets.deleteAwsPolicy',
  help: "take away the policy of AWS's that a secret has",
  kind: 'write',
  permission: 'secretmanager.secrets.setIamPolicy',
  api: { method: 'POST', path: '/secrets:deleteAwsPolicy', fields: nativeFields, command: nativeSecret },
  target: (command: SecretRef) => secretTarget(command),
  modifiedRoles: () => [AWS_POLICY_ROLE],
  decide: (input) => {
    const { project, secret: before } = found(input);
    const { awsPolicy, ...secret } = before;
    const changes = awsPolicy === undefined ? [] : [{ change: 'secret.update', secret } as const];
    return { result: { project, secret }, changes };
  },
});

const OWN_ACTIONS = ['GetResourcePolicy', 'PutResourcePolicy', 'DeleteResourcePolicy'];

/** Judged as if it were the secret's: whether it can be read, grants to the public, or locks out whoever asks. */
export const validateAwsPolicy: Operation<ValidateAwsPolicy, ValidatedAwsPolicy> = operation({
  name: 'secrets.validateAwsPolicy',
  help: "tell what is wrong with a policy of AWS's for a secret, without setting it",
  kind: 'read',
  permission: 'secretmanager.secrets.getIamPolicy',
  api: {
    method: 'POST',
    path: '/secrets:validateAwsPolicy',
    fields: { ...nativeFields, ...policyField },
    command: ({ policy, ...values }) => {
      const secret = nativeSecret(values);
      return { project: secret.project, secret, policy: String(policy) };
    },
  },
  target: ({ project, secret }: ValidateAwsPolicy) =>
    secret === undefined ? { project, asked: `projects/${project}` } : secretTarget(secret),
  decide: (input) => {
    const { project, secret } = input.command;
    input.project(project);
    if (secret !== undefined) input.secret(secret);
    return { result: { findings: findingsOf(input) } };
  },
});

function findingsOf({
  command,
  caller,
  scope,
  now,
}: Input<ValidateAwsPolicy, Record<never, never>>): readonly PolicyFinding[] {
  let policy: AwsPolicy;
  try {
    policy = parseAwsPolicy(command.policy, 'resource');
  } catch (error) {
    if (error instanceof PolicyError) return [{ check: 'SYNTAX', message: error.message }];
    throw error;
  }
  const findings: PolicyFinding[] = [];
  const statement = publicStatement(policy);
  if (statement !== undefined) {
    findings.push({ check: 'PUBLIC_ACCESS', message: `statement ${statement} grants to the public` });
  }
  const permission = 'secretmanager.secrets.setIamPolicy';
  if (command.secret === undefined) return findings;
  const question = awsQuestionOf({ caller, permission, target: secretTarget(command.secret), scope, now });
  for (const name of OWN_ACTIONS) {
    const denial = denialBy([{ name: '', policy }], { ...question, actions: [`secretsmanager:${name}`] });
    if (denial === undefined) continue;
    const message = `statement ${denial.statement} denies secretsmanager:${name} to you, who ask`;
    findings.push({ check: 'LOCKOUT', message });
    break;
  }
  return findings;
}
