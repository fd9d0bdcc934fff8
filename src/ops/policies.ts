// IAM policies of projects and secrets: read, replace, and "what may I".

import type { SightingOfSecret } from '../core/census-ports.ts';
import { Fault } from '../core/error.ts';
import { type PolicyInput, parseBindings, policyDifference } from '../core/iam/bindings.ts';
import { isPermission, type Permission } from '../core/iam/permissions.ts';
import { EMPTY_POLICY, type Policy } from '../core/iam/policy.ts';
import type { Location, ProjectRef, SecretKey } from '../core/name.ts';
import type { Change } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { losingDetails, losingReaders, projectCensusNeed } from './impact.ts';
import { permits } from './judgement.ts';
import { type Input, type Operation, operation, type Scope, type Target } from './operation.ts';
import { censusNeed } from './reader-guard.ts';
import { secretTarget } from './secrets.ts';

/** A project, or a secret of it. */
export interface PolicyRef {
  readonly project: ProjectRef;
  /** Of the secret; absent: global. */
  readonly location?: Location;
  readonly key?: SecretKey;
}

export interface SetPolicy extends PolicyRef, PolicyInput {}

export interface TestPermissions extends PolicyRef {
  readonly permissions: readonly string[];
}

export interface PolicyResult {
  readonly policy: Policy;
}

function target({ key, ...place }: PolicyRef): Target {
  return key === undefined
    ? { project: place.project, asked: `projects/${place.project}` }
    : secretTarget({ ...place, key });
}

/** IAM's etags are base64; ours come as hex. */
export function policyEtag(hex: string): string {
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

function storedPolicy({ key }: PolicyRef, { project, secret }: Scope): Policy {
  return (key === undefined ? project : secret)?.policy ?? EMPTY_POLICY;
}

/** The roles that the change touches; it throws for bindings that could not be set, which then allow nothing. */
function modifiedRoles(command: SetPolicy, scope: Scope): readonly string[] {
  const before = storedPolicy(command, scope);
  return policyDifference(before, { bindings: parseBindings(command, before) }).roles;
}

/** `sightings` are the newest of the secret or project, the newest first. */
function writePolicy(
  input: Input<SetPolicy, Record<never, never>>,
  sightings: (secret: Secret | undefined) => readonly SightingOfSecret[],
): {
  result: PolicyResult;
  changes: Change[];
  details: Record<string, string | number>;
} {
  const { command, entropy } = input;
  const project = input.project(command.project);
  const { key } = command;
  const secret = key === undefined ? undefined : input.secret({ ...command, key });
  const before = storedPolicy(command, input.scope);
  if (command.etag !== undefined && command.etag !== before.etag) throw new Fault('POLICY_ETAG_MISMATCH');
  const policy: Policy = { bindings: parseBindings(command, before), etag: policyEtag(entropy.etag()) };
  const change: Change =
    secret === undefined
      ? { change: 'project.update', project: { ...project, policy } }
      : { change: 'secret.update', secret: { ...secret, policy } };
  const scope = { ...input.scope, project, secret };
  const losing = losingReaders({ scope, after: policy, sightings: sightings(secret), now: input.now });
  const details = { ...differenceDetails(before, policy), ...losingDetails(losing) };
  return { result: { policy }, changes: [change], details };
}

/** What the record of a policy change keeps: which member gained or lost which role, under which condition. */
function differenceDetails(before: Policy, after: Policy): Record<string, string> {
  const { added, removed } = policyDifference(before, after);
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
  census: true,
  target: (command: SetPolicy) => target(command),
  modifiedRoles,
  needs: ({ project }) => ({ sightings: projectCensusNeed(project) }) as const,
  decide: (input) => writePolicy(input, () => input.rows.sightings),
});

export const setSecretPolicy: Operation<SetPolicy, PolicyResult> = operation({
  name: 'secrets.setIamPolicy',
  help: 'replace who may do what with a secret',
  kind: 'write',
  permission: 'secretmanager.secrets.setIamPolicy',
  census: true,
  target: (command: SetPolicy) => target(command),
  modifiedRoles,
  needs: ({ key = '' as SecretKey, ...place }) => ({ sightings: censusNeed({ ...place, key }) }) as const,
  decide: (input) =>
    writePolicy(input, (secret) =>
      secret === undefined ? [] : input.rows.sightings.map((sighting) => ({ sighting, secret })),
    ),
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
    const { caller, scope, now } = input;
    const about = target(input.command);
    const has = (permission: Permission) => permits({ caller, permission, target: about, scope, now });
    return { result: { permissions: input.command.permissions.filter(isPermission).filter(has) } };
  },
});
