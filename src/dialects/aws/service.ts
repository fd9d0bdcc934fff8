// What a service of AWS's is to the dialect: operations by their names, each of which decodes its input, asks the core and
// encodes the result, and the service's own words for what goes wrong.

import type { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Call } from './call.ts';
import type { AwsError } from './errors.ts';

/** The answer's members; absent ones are left out. Throws Fault, or AwsError for what is wrong as written. */
export type Action = (call: Call) => Maybe<object>;

export interface Service {
  /** What a signature must be scoped to, and the prefix of its permissions in policies. */
  readonly name: 'secretsmanager' | 'kms';
  /** For how long a signature holds. */
  readonly windowSeconds: number;
  readonly actions: Readonly<Record<string, Action>>;
  /** A fault in the service's own words; undefined: as everywhere. */
  explain?(fault: Fault, call: Call): AwsError | undefined;
}
