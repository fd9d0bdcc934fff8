// Every operation that AWS's clients can ask for, by service: the one table that the dialect is made of. An operation is
// found by `X-Amz-Target: PREFIX.OPERATION`; what answers it decodes its input, asks the core, and encodes the result.

import { KMS } from './kms.ts';
import { SECRETS_MANAGER } from './secrets.ts';
import type { Action, Service } from './service.ts';

/** By the prefix of their targets. */
const SERVICES: Readonly<Record<string, Service>> = { secretsmanager: SECRETS_MANAGER, TrentService: KMS };

export interface Target {
  /** Absent where no service has that prefix. */
  readonly service?: Service;
  readonly operation: string;
  /** Absent where the service has no such operation. */
  readonly action?: Action;
}

/** What a target names. */
export function findTarget(target: string): Target {
  const dot = target.indexOf('.');
  const prefix = target.slice(0, Math.max(dot, 0));
  const operation = target.slice(dot + 1);
  const service = Object.hasOwn(SERVICES, prefix) ? SERVICES[prefix] : undefined;
  if (service === undefined) return { operation };
  const action = Object.hasOwn(service.actions, operation) ? service.actions[operation] : undefined;
  return { service, operation, ...(action === undefined ? {} : { action }) };
}
