// Ports answer at once or later; what goes on from an answer does so at once where it can, so that an embedded store
// costs no turn of the event loop.

import type { Maybe } from '../core/ports.ts';

/** Continues with `next` at once where the port answered at once. */
export function then<T, R>(value: Maybe<T>, next: (value: T) => Maybe<R>): Maybe<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Does `work`; whatever it ends badly in goes to `failed`. */
export function attempt<T>(work: () => Maybe<T>, failed: (error: unknown) => Maybe<T>): Maybe<T> {
  try {
    const value = work();
    return value instanceof Promise ? value.catch(failed) : value;
  } catch (error) {
    return failed(error);
  }
}

/** Continues with what `work` ends in: `next` where it goes well, `failed` where it does not. Neither sees the other's end. */
export function settle<T, R>(
  work: () => Maybe<T>,
  next: (value: T) => Maybe<R>,
  failed: (error: unknown) => Maybe<R>,
): Maybe<R> {
  let value: Maybe<T>;
  try {
    value = work();
  } catch (error) {
    return failed(error);
  }
  return value instanceof Promise ? value.then(next, failed) : next(value);
}
