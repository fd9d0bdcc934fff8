// What a request asks for, in whichever of AWS's two protocols it came: JSON 1.1, or the query protocol with its XML.

import type { Fault } from '../../core/error.ts';
import type { WireResponse } from '../../wire/types.ts';
import type { Call } from './call.ts';
import type { AwsError } from './errors.ts';
import type { Json } from './json.ts';
import type { Action } from './service.ts';

export interface Asked {
  /** Whose signature it takes; absent: no service that is known. */
  readonly service?: { readonly name: string; readonly windowSeconds: number };
  /** As the request named it. */
  readonly operation: string;
  /** It takes no signature: what proves the caller is in the request. */
  readonly isOpen?: true;
  /** What answers it, and with what; throws AwsError for what is wrong as written. */
  understood(): { readonly action: Action; readonly input: Json };
  /** A fault in the service's own words; undefined: as everywhere. */
  explain?(fault: Fault, call: Call): AwsError | undefined;
  /** The resource that the caller is refused, as the message names it. */
  resource(call: Call): string;
  encode(result: object, requestId: string): WireResponse;
  encodeError(error: AwsError, requestId: string): WireResponse;
}

/** Where an endpoint can be. */
export const PATHS: ReadonlySet<string> = new Set(['/', '/aws', '/aws/']);
/** The operation's name in messages and in the ledger. */
export const OPERATION_CHARS_MAX = 64;
