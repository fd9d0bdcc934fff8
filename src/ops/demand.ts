// A second permission, for an operation that does more than one thing.

import { Fault } from '../core/error.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { authorise } from '../core/iam/policy.ts';
import { contextOf } from './conditions.ts';
import { policyChain } from './judgement.ts';
import type { Input, Target } from './operation.ts';

/** Throws PERMISSION_DENIED where the caller has not this permission on what the target names. */
export function demand(
  { scope, caller, now }: Pick<Input<unknown, Record<never, never>, unknown>, 'scope' | 'caller' | 'now'>,
  permission: Permission,
  target: Target,
): void {
  const grant = authorise(permission, caller.principal, policyChain(scope), contextOf(target, scope, now));
  if (grant === undefined) throw new Fault('PERMISSION_DENIED', { permission, resource: target.asked });
}
