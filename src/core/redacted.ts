// A value that must not be printed. Every way JavaScript has of turning an object into text answers "[redacted]";
// only `reveal` gives the value, so each place that lets a secret out can be found by searching for it.
// The value sits in a private field: structured clone and spread carry nothing.

const MASK = '[redacted]';

export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Call it only where the value leaves by design: a dialect's encoder, the seal. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  get [Symbol.toStringTag](): string {
    return MASK;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK;
  }
}
