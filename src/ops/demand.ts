// A second permission, for an operation that does more than one thing.

import { Fault } from '../core/error.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { permits } from './judgement.ts';
import type { Input, Target } from './operation.ts';

/** Throws PERMISSION_DENIED where the caller has not this permission on what the target names. */
export function demand(
  { scope, caller, now }: Pick<Input<unknown, Record<never, never>, unknown>, 'scope' | 'caller' | 'now'>,
  permission: Permission,
  target: Target,
): void {
  if (permits({ caller, permission, target, scope, now }, true)) return;
  throw new Fault('PERMISSION_DENIED', { permission, resource: target.asked });
}
