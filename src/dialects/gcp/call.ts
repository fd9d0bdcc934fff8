// One call of one method, whichever transport it came by: what a handler is given, and how the methods of a service are
// declared. Every method of a service must be there: what is not built says so.

import type { DescMethodUnary, Message, MessageShape } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import type { Door } from '../../ops/door.ts';
import type { Operation } from '../../ops/operation.ts';
import { unsupported } from './invalid.ts';

export class Call {
  /** True once an operation judged the caller: a fault after that is the operation's. */
  judged = false;
  readonly #door: Door;
  readonly #caller: Caller;

  constructor(door: Door, caller: Caller) {
    this.#door = door;
    this.#caller = caller;
  }

  run<C, R>(operation: Operation<C, R>, command: C): Maybe<R> {
    this.judged = true;
    return this.#door.call(operation, this.#caller, command);
  }
}

export interface Method {
  readonly desc: DescMethodUnary;
  readonly handle: (request: Message, call: Call) => Maybe<Message>;
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

/** The methods of one service, each with its handler. */
export function serviceMethods<M extends GenServiceMethods>(service: GenService<M>, handlers: Handlers<M>): Method[] {
  return service.methods.map((desc) => {
    if (desc.methodKind !== 'unary') throw new TypeError(`${desc.name} is not unary`);
    const handler = handlers[desc.localName as keyof M] as Method['handle'] | { readonly missing: string };
    if (typeof handler === 'function') return { desc: desc as DescMethodUnary, handle: handler };
    const handle = () => {
      throw unsupported(handler.missing);
    };
    return { desc: desc as DescMethodUnary, handle };
  });
}
