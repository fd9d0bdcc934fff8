// IAM policies of projects and secrets: read, replace, and "what may I". Conditions are refused until they are judged.

import { Fault } from '../core/error.ts';
import { isPermission, type Permission } from '../core/iam/permissions.ts';
import { authorise, EMPTY_POLICY, type Policy, type PolicyInput, parseBindings } from '../core/iam/policy.ts';
import type { ProjectRef, SecretKey } from '../core/name.ts';
import type { Change } from '../core/ports.ts';
import { policyChain } from './engine.ts';
import { type Input, type Operation, operation, type Target } from './operation.ts';

/** A project, or a secret of it. */
export interface PolicyRef {
  readonly project: ProjectRef;
  readonly key?: SecretKey;
}

export interface SetPolicy extends PolicyRef, PolicyInput {
  /** Absent: replaces whatever is there. */
  readonly etag?: string;
}

export interface TestPermissions extends PolicyRef {
  readonly permissions: readonly string[];
}

export interface PolicyResult {
  readonly policy: Policy;
}

function target({ project, key }: PolicyRef): Target {
  return key === undefined
    ? { project, asked: `projects/${project}` }
    : { project, secret: key, asked: `projects/${project}/secrets/${key}` };
}

/** IAM's etags are base64; ours come as hex. */
function policyEtag(hex: string): string {
  return btoa(String.fromCharCode(...(hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))));
}

function readPolicy(input: Input<PolicyRef, Record<never, never>>): { result: PolicyResult } {
  const project = input.project(input.command.project);
  // The real service answers a policy that was never set for a secret that is not there.
  const policy = input.command.key === undefined ? project.policy : (input.scope.secret?.policy ?? EMPTY_POLICY);
  return { result: { policy } };
}

export const getProjectPolicy: Operation<PolicyRef, PolicyResult> = operation({
  name: 'projects.getIamPolicy',
  help: 'show who may do what in a project',
  kind: 'read',
  permission: 'resourcemanager.projects.getIamPolicy',
  target,
  decide: readPolicy,
});

export const getSecretPolicy: Operation<PolicyRef, PolicyResult> = operation({
  name: 'secrets.getIamPolicy',
  help: 'show who may do what with a secret',
  kind: 'read',
  permission: 'secretmanager.secrets.getIamPolicy',
  target,
  decide: readPolicy,
});

function writePolicy(input: Input<SetPolicy, Record<never, never>>): {
  result: PolicyResult;
  changes: Change[];
  details: Record<string, string | number>;
} {
  const { command, entropy } = input;
  const project = input.project(command.project);
  const secret = command.key === undefined ? undefined : input.secret({ project: command.project, key: command.key });
  const before = secret?.policy ?? project.policy;
  if (command.etag !== undefined && command.etag !== before.etag) throw new Fault('POLICY_ETAG_MISMATCH');
  const policy: Policy = { bindings: parseBindings(command), etag: policyEtag(entropy.etag()) };
  const change: Change =
    secret === undefined
      ? { change: 'project.update', project: { ...project, policy } }
      : { change: 'secret.update', secret: { ...secret, policy } };
  return { result: { policy }, changes: [change], details: policyDifference(before, policy) };
}

/** What the record of a policy change keeps: which member gained or lost which role. */
function policyDifference(before: Policy, after: Policy): Record<string, string> {
  const flat = (policy: Policy) =>
    new Set(policy.bindings.flatMap(({ role, members }) => members.map((member) => `${role} ${member}`)));
  const old = flat(before);
  const now = flat(after);
  const added = [...now].filter((line) => !old.has(line));
  const removed = [...old].filter((line) => !now.has(line));
  return {
    ...(added.length === 0 ? {} : { added: added.join(', ').slice(0, DETAIL_CHARS_MAX) }),
    ...(removed.length === 0 ? {} : { removed: removed.join(', ').slice(0, DETAIL_CHARS_MAX) }),
  };
}

const DETAIL_CHARS_MAX = 4096;

export const setProjectPolicy: Operation<SetPolicy, PolicyResult> = operation({
  name: 'projects.setIamPolicy',
  help: 'replace who may do what in a project',
  kind: 'write',
  permission: 'resourcemanager.projects.setIamPolicy',
  target,
  decide: writePolicy,
});

export const setSecretPolicy: Operation<SetPolicy, PolicyResult> = operation({
  name: 'secrets.setIamPolicy',
  help: 'replace who may do what with a secret',
  kind: 'write',
  permission: 'secretmanager.secrets.setIamPolicy',
  target,
  decide: writePolicy,
});

/**
 * The permissions of those asked for that the caller has here. It takes none itself, and answers an empty list for what
 * does not exist; a name that is no permission of this server is one that the caller does not have.
 */
export const testPermissions: Operation<TestPermissions, { readonly permissions: readonly Permission[] }> = operation({
  name: 'iam.testPermissions',
  help: 'tell which of these permissions the caller has',
  kind: 'read',
  permission: 'authenticated',
  target: (command: TestPermissions) => target(command),
  decide: (input) => {
    const chain = policyChain(input.scope);
    const has = (permission: Permission) => authorise(permission, input.caller.principal, chain) !== undefined;
    return { result: { permissions: input.command.permissions.filter(isPermission).filter(has) } };
  },
});
