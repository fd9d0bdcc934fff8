// What a reviewer is shown of an access question: the policies that the reviewer may read, and no others. A grant that
// rests on a hidden policy is never hinted at: the answer says what it left out, and is unknown where that could matter.

import { Fault } from '../core/error.ts';
import { type FoundGrant, isInForce } from '../core/iam/grants.ts';
import { isPermission, type Permission } from '../core/iam/permissions.ts';
import type { PolicyScope } from '../core/iam/policy.ts';
import { permits, policyChain } from './judgement.ts';
import type { Input, Scope, Target } from './operation.ts';
import { type SecretRef, secretTarget } from './secrets.ts';

/** `unknown`: a policy that is not shown could grant it. `depends`: on which secret of the project it is. */
export type Access = 'allowed' | 'denied' | 'depends' | 'unknown';

export interface View {
  /** The policies that are shown, from the server down. */
  readonly chain: readonly PolicyScope[];
  /** The resources whose policies are not. */
  readonly hidden: readonly string[];
}

export type Viewer = Pick<Input<unknown, Record<never, never>, unknown>, 'caller' | 'now' | 'scope'>;

/** True where the caller holds the permission on what `target` names, by the policies of `scope`. */
export function mayAsk(
  { caller, now }: Omit<Viewer, 'scope'>,
  permission: Permission,
  target: Target,
  scope: Scope,
): boolean {
  return permits({ caller, permission, target, scope, now });
}

/**
 * The policies that a caller is shown who may read the secret's own: those above, the server's among them, where the
 * caller may read the project's. Who runs the server is no secret from whoever reviews a project.
 */
export function viewOf(viewer: Omit<Viewer, 'scope'>, scope: Scope): View {
  const asked = `projects/${scope.project?.id}`;
  const above = { ...scope, secret: undefined };
  const chain = policyChain(scope);
  if (mayAsk(viewer, 'resourcemanager.projects.getIamPolicy', { asked }, above)) return { chain, hidden: [] };
  const hidden = policyChain(above).map(({ resource }) => resource);
  return { chain: chain.slice(hidden.length), hidden };
}

/** What the grants that are shown come to. */
export function accessBy(
  grants: readonly FoundGrant[],
  { hidden, deniedBy }: Pick<View, 'hidden'> & { readonly deniedBy?: string | undefined },
): Access {
  if (deniedBy !== undefined) return 'denied';
  if (grants.some(isInForce)) return 'allowed';
  return hidden.length > 0 ? 'unknown' : 'denied';
}

/** The permission of that name; throws INVALID_FIELD. */
export function parsePermission(text: string): Permission {
  if (isPermission(text)) return text;
  throw new Fault('INVALID_FIELD', { field: 'permission', problem: 'is none that this server knows' });
}

const ABOUT_VERSIONS = /^secretmanager\.versions\.(?:access|get|enable|disable|destroy)$/;

/** What a request with this permission names: a version, the current one unless another is said, or the secret. */
export function targetOf(permission: Permission, ref: SecretRef, version?: string): Target {
  if (version !== undefined) return secretTarget(ref, version);
  return ABOUT_VERSIONS.test(permission) ? secretTarget(ref, 'latest') : secretTarget(ref);
}
