// One request that was signed well: who asks, in which region, with what, and how an operation is asked for.

import type { AccountEmail, ProjectId, ProjectRef } from '../../core/name.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import type { AwsDoor, AwsSigner, WebIdentity } from '../../ops/aws/door.ts';
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
  /** Where the secret is that the input names by the whole ARN of another account. */
  readonly foreign?: Foreign;
}

export interface Foreign {
  readonly account: string;
  readonly project: ProjectRef;
}

/** Of the one operation that is not signed. */
export const NO_SIGNER: AwsSigner = {
  project: '' as ProjectId,
  account: '',
  arn: 'anonymous',
  email: '' as AccountEmail,
};

export class Call {
  /** True once an operation judged the caller: a fault after that is the operation's, and in the ledger. */
  judged = false;
  /** The signer's own project. */
  readonly project: ProjectRef;
  readonly signer: AwsSigner;
  readonly region: string;
  readonly action: string;
  readonly input: Json;
  readonly foreign: Foreign | undefined;
  readonly #parts: CallParts;

  constructor(parts: CallParts) {
    this.#parts = parts;
    this.project = parts.signer.project as string as ProjectRef;
    this.signer = parts.signer;
    this.region = parts.region;
    this.action = parts.action;
    this.input = parts.input;
    this.foreign = parts.foreign;
  }

  /** Of what the request is about. */
  get account(): string {
    return this.foreign?.account ?? this.signer.account;
  }

  run<C, R>(operation: Operation<C, R>, command: C): Maybe<R> {
    return this.runAs(this.#parts.caller, operation, command);
  }

  /** As somebody who proved who they are by what is in the request. */
  runAs<C, R>(caller: Caller, operation: Operation<C, R>, command: C): Maybe<R> {
    this.judged = true;
    return this.#parts.door.call(operation, caller, command);
  }

  /** The address of the service account that a role would be. */
  roleAccount(arn: string): Maybe<AccountEmail | undefined> {
    return this.#parts.door.roleAccount(arn);
  }

  /** The account that an ID token is about, where it is that role. */
  webIdentity(token: string, arn: string): Maybe<WebIdentity> {
    const { principal: _nobody, refused: _not, aws: _ask, ...origin } = this.#parts.caller;
    return this.#parts.door.webIdentity(token, arn, origin);
  }
}
