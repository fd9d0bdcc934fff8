// One request: who asks, for which vault, and how an operation is asked for.

import { Fault } from '../../core/error.ts';
import { accountProject, type ProjectRef, parseProjectRef } from '../../core/name.ts';
import type { Maybe } from '../../core/ports.ts';
import { accountOfMember, type Caller } from '../../core/principal.ts';
import type { Door } from '../../ops/door.ts';
import type { Operation } from '../../ops/operation.ts';
import type { SecretRef } from '../../ops/secrets.ts';
import type { WireRequest } from '../../wire/types.ts';
import { decodeName, decodeQuery, type Query } from './decode.ts';
import type { Place } from './hosts.ts';
import { vaultOfHost } from './hosts.ts';

/** The vault of a caller that is no service account's, and names none. */
const DEFAULT_VAULT = 'default';

/** The vault that a request is for: the one that its host names, else the caller's own. */
export function vaultOf(host: string, { principal }: Caller): string {
  const named = vaultOfHost(host);
  if (named !== undefined) return named;
  const account = accountOfMember(principal.member);
  return account === undefined ? DEFAULT_VAULT : accountProject(account);
}

export interface CallParts {
  readonly door: Door;
  readonly caller: Caller;
  readonly request: WireRequest;
  readonly place: Place;
  readonly vault: string;
  /** Of the path, decoded. */
  readonly name: string | undefined;
  readonly version: string | undefined;
}

export class Call {
  /** True once an operation judged the caller: a fault after that is the operation's. */
  judged = false;
  readonly query: Query;
  readonly origin: string;
  readonly version: string | undefined;
  readonly body: Uint8Array;
  readonly project: ProjectRef;
  readonly #parts: CallParts;

  /** Throws where the query is wrong, or the vault can be none. */
  constructor(parts: CallParts) {
    this.#parts = parts;
    this.query = decodeQuery(parts.request.query);
    this.origin = parts.place.origin;
    this.version = parts.version;
    this.body = parts.request.body;
    this.project = projectOf(parts.vault);
  }

  /** The secret that the path names; throws INVALID_FIELD. */
  secret(): SecretRef {
    return { project: this.project, key: decodeName(this.#parts.name ?? '').key, spelled: true };
  }

  /** The name that the path has, as it is stored where it is new. */
  name(): ReturnType<typeof decodeName>['name'] {
    return decodeName(this.#parts.name ?? '').name;
  }

  run<C, R>(operation: Operation<C, R>, command: C): Maybe<R> {
    this.judged = true;
    return this.#parts.door.call(operation, this.#parts.caller, command);
  }
}

function projectOf(vault: string): ProjectRef {
  try {
    return parseProjectRef(vault);
  } catch {
    throw new Fault('PROJECT_NOT_FOUND', { project: vault });
  }
}
