// What passes between Vault's dialect and its transit engine: a request below the mount, and what to answer. What is wrong
// with a request as it is written is refused here, in Vault's words; what an operation refuses comes as its fault.

import type { ProjectRef } from '../../core/name.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Capability } from '../../core/vault/policy.ts';
import type { Operation } from '../../ops/operation.ts';
import type { Verb } from '../../ops/vault/route.ts';
import type { Data } from './request.ts';

export interface TransitRequest {
  readonly verb: Verb;
  /** Below the mount, decoded. */
  readonly path: string;
  /** Fields of the body, or of the query. */
  readonly data: Data;
  readonly project: ProjectRef;
  /** The mount's path without its closing slash. */
  readonly ring: string;
  /** Runs an operation for the caller, if the policies of its token give this capability at the request's path. */
  call<C, R>(operation: Operation<C, R>, command: C, capability: Capability): Maybe<R>;
  /** Has a request that comes to no operation judged all the same, and kept in the ledger. */
  judge(): Maybe<unknown>;
}

export interface TransitAnswer {
  readonly status: number;
  readonly data?: Data;
  /** In place of the data: the same as JSON text. */
  readonly text?: string;
  readonly warnings?: readonly string[];
  /** In place of the data. */
  readonly errors?: readonly string[];
}

/** One part of a path, by its place in the route. */
export type Params = Readonly<Record<string, string>>;

export type TransitHandler = (request: TransitRequest, params: Params) => Maybe<TransitAnswer>;

/** A request that cannot be answered as it is written. */
export class Refusal extends Error {
  readonly status: number;
  /** An operation has refused it, so that the ledger has it already. */
  readonly isAudited: boolean;

  constructor(message: string, status = 400, isAudited = false) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.isAudited = isAudited;
  }
}

export function ok(data: Data, warnings: readonly string[] = []): TransitAnswer {
  return { status: 200, data, ...(warnings.length === 0 ? {} : { warnings }) };
}

export const NOTHING: TransitAnswer = { status: 204 };
export const ABSENT: TransitAnswer = { status: 404, errors: [] };

/** The message of a failure as Vault writes those that it did not foresee. */
export function oneError(message: string): string {
  return `1 error occurred:\n\t* ${message}\n\n`;
}
