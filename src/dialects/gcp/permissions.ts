// Which permissions this dialect's methods take: those of the services that it speaks, as far as there is an operation
// behind them. For explaining by which dialect somebody can make use of a permission.

import { PERMISSIONS, type Permission } from '../../core/iam/permissions.ts';
import { OPERATIONS } from '../../ops/table.ts';

const SERVICES = /^(?:secretmanager|resourcemanager|iam|pubsub)\./;

const taken = new Set<string>(OPERATIONS.map(({ permission }) => permission));

export const GCP_PERMISSIONS: ReadonlySet<Permission> = new Set(
  PERMISSIONS.filter((permission) => SERVICES.test(permission) && taken.has(permission)),
);
