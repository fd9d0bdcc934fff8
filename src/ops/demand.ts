// A second permission, for an operation that does more than one thing.

import { Fault } from '../core/error.ts';
import type { Permission } from '../core/iam/permissions.ts';
import type { Input, Target } from './operation.ts';
import { mayAsk } from './viewing.ts';

/** Throws PERMISSION_DENIED where the caller has not this permission on what the target names. */
export function demand(
  viewer: Pick<Input<unknown, Record<never, never>, unknown>, 'scope' | 'caller' | 'now'>,
  permission: Permission,
  target: Target,
): void {
  if (mayAsk(viewer, permission, target, viewer.scope)) return;
  throw new Fault('PERMISSION_DENIED', { permission, resource: target.asked });
}
