// One request that was signed well: who asks, in which region, with what, and how an operation is asked for.

import type { ProjectRef } from '../../core/name.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import type { AwsDoor, AwsSigner } from '../../ops/aws/door.ts';
import type { Operation } from '../../ops/operation.ts';
import type { Json } from './json.ts';

export interface CallParts {
  readonly door: AwsDoor;
  readonly caller: Caller;
  readonly signer: AwsSigner;
  /** Of the signature. */
  readonly region: string;
  /** `GetSecretValue`. */
  readonly action: string;
  readonly input: Json;
}

export class Call {
  /** True once an operation judged the caller: a fault after that is the operation's, and in the ledger. */
  judged = false;
  /** The signer's own project. */
  readonly project: ProjectRef;
  readonly signer: AwsSigner;
  readonly region: string;
  readonly action: string;
  readonly input: Json;
  readonly #parts: CallParts;

  constructor(parts: CallParts) {
    this.#parts = parts;
    this.project = parts.signer.project as string as ProjectRef;
    this.signer = parts.signer;
    this.region = parts.region;
    this.action = parts.action;
    this.input = parts.input;
  }

  run<C, R>(operation: Operation<C, R>, command: C): Maybe<R> {
    this.judged = true;
    return this.#parts.door.call(operation, this.#parts.caller, command);
  }
}
