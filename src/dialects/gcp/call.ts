// One call of one method, whichever transport it came by: what a handler is given, and how the methods of a service are
// declared. Every method of a service must be there: what is not built says so.

import type { DescMethodUnary, Message, MessageShape } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import type { AccountKeyPair } from '../../core/account-key-pair.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import type { Door } from '../../ops/door.ts';
import type { Operation } from '../../ops/operation.ts';
import { type Codec, codecOf } from './codec.ts';
import { unsupported } from './invalid.ts';

/** What a handler may need besides the door. */
export interface Workshop {
  /** Makes a key of a service account, off the loop and few at a time; without it there are no new keys. */
  makeAccountKey?(): Promise<AccountKeyPair>;
}

export class Call {
  /** True once an operation judged the caller: a fault after that is the operation's. */
  judged = false;
  /** The location whose secrets the host has that was asked; undefined: every one. */
  readonly location: string | undefined;
  readonly #door: Door;
  readonly #caller: Caller;
  readonly #workshop: Workshop;

  constructor(door: Door, caller: Caller, workshop: Workshop = {}, location?: string) {
    this.location = location;
    this.#door = door;
    this.#caller = caller;
    this.#workshop = workshop;
  }

  /** A new key: costly, so ask `prepareAccountKey` before. */
  newAccountKey(): Promise<AccountKeyPair> {
    if (this.#workshop.makeAccountKey === undefined) throw unsupported('Managing the keys of a service account');
    return this.#workshop.makeAccountKey();
  }

  run<C, R>(operation: Operation<C, R>, command: C): Maybe<R> {
    this.judged = true;
    return this.#door.call(operation, this.#caller, command);
  }
}

export interface Method {
  readonly desc: DescMethodUnary;
  readonly handle: (request: Message, call: Call) => Maybe<Message>;
  readonly codec: Codec;
}

type Handlers<M extends GenServiceMethods> = {
  readonly [K in keyof M]:
    | ((request: MessageShape<M[K]['input']>, call: Call) => Maybe<MessageShape<M[K]['output']>>)
    /** What this server does not do, in words that follow "is not supported". */
    | { readonly missing: string };
};

/** A method that this server does not have; `what` names it in the answer. */
export function missing(what: string): { readonly missing: string } {
  return { missing: what };
}

/**
 * The methods of one service, each with its handler. A streaming method can only be missing: neither transport has
 * streams, and it is answered like a method that nobody knows.
 */
export function serviceMethods<M extends GenServiceMethods>(service: GenService<M>, handlers: Handlers<M>): Method[] {
  return service.methods.flatMap((desc) => {
    const handler = handlers[desc.localName as keyof M] as Method['handle'] | { readonly missing: string };
    if (desc.methodKind !== 'unary') {
      if (typeof handler === 'function') throw new TypeError(`${desc.name} is not unary`);
      return [];
    }
    const codec = codecOf(desc.output);
    if (typeof handler === 'function') return { desc: desc as DescMethodUnary, handle: handler, codec };
    const handle = () => {
      throw unsupported(handler.missing);
    };
    return { desc: desc as DescMethodUnary, handle, codec };
  });
}
