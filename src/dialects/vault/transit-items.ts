// One item or many: how a request of either form becomes the items of an operation, and how what became of each goes back.
// An item that cannot be read is answered by itself, like one that the operation refused.

import { Fault, type FaultCode } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import { attempt, then } from '../../ops/maybe.ts';
import { integerField } from '../../ops/vault/fields.ts';
import type { Data } from './request.ts';
import { ok, Refusal, type TransitAnswer } from './transit-answer.ts';
import { refusalOf, type TransitUse } from './transit-errors.ts';
import { batchField } from './transit-fields.ts';

/** As the operations of `ops` answer each item. */
type ItemResult<T> = { readonly value: T } | { readonly fault: Fault };

/** An item once it was read, or why it cannot be. */
export type Read<I> = { readonly item: I } | { readonly refusal: Refusal };

export interface Items<I> {
  readonly isBatch: boolean;
  /** As they came. */
  readonly given: readonly Data[];
  readonly read: readonly Read<I>[];
}

/** Reads each item of a request; one that is no batch is a batch of itself. */
export function readItems<I>(data: Data, read: (item: Data) => I): Items<I> {
  const batch = batchField(data);
  const given = batch ?? [data];
  return {
    isBatch: batch !== undefined,
    given,
    read: given.map((item): Read<I> => {
      try {
        return { item: read(item) };
      } catch (error) {
        const refusal = refusalOf(error, 'key');
        if (refusal instanceof Refusal) return { refusal };
        throw error;
      }
    }),
  };
}

/** What came of an item: fields of the answer, or why there are none. */
export type Outcome = { readonly data: Data } | { readonly refusal: Refusal };

/** Has the readable items done, and brings what came of each into the order of the request. */
export function doItems<I, T>(
  { read, isBatch }: Items<I>,
  use: TransitUse,
  work: (items: readonly I[]) => Maybe<readonly ItemResult<T>[]>,
  answer: (value: T) => Data,
): Maybe<readonly Outcome[]> {
  const items = read.flatMap((each) => ('item' in each ? [each.item] : []));
  const [first] = read;
  if (!isBatch && first !== undefined && 'refusal' in first) throw first.refusal;
  const results = attempt(
    () => work(items),
    (error) => [{ fault: onlyFault(error, items.length, use) }],
  );
  return then(results, (all) => {
    let next = 0;
    return read.map((each): Outcome => {
      if ('refusal' in each) return each;
      const result = all[next++] as ItemResult<T>;
      if ('value' in result) return { data: answer(result.value) };
      const refusal = refusalOf(result.fault, use);
      if (refusal instanceof Refusal) return { refusal };
      throw refusal;
    });
  });
}

/** What the only item of a request ended in; what is none of its own is thrown on. */
function onlyFault(error: unknown, items: number, use: TransitUse): Fault {
  if (items === 1 && error instanceof Fault && !OF_ALL.has(error.code)) return error;
  throw refusalOf(error, use);
}

/** What says something of the key, and not of an item. */
const OF_ALL: ReadonlySet<FaultCode> = new Set(['KEY_NOT_FOUND', 'KEY_USE_UNSUPPORTED', 'LIMIT_REACHED', 'KEYS_BUSY']);

/** What stands in an item of a batch that failed, beside its error. */
type Blank = Data;

export interface BatchStyle {
  readonly blank?: Blank;
  /** Whether a failed item makes the status of the whole one of failure, unless the request names another. */
  readonly fails?: true;
}

/** The answer of a request of either form. */
export function answerItems(
  data: Data,
  { isBatch, given }: Items<unknown>,
  outcomes: readonly Outcome[],
  { blank = {}, fails }: BatchStyle = {},
): TransitAnswer {
  if (!isBatch) {
    const only = outcomes[0] as Outcome;
    if ('refusal' in only) throw only.refusal;
    return ok(only.data);
  }
  const results = outcomes.map((outcome, index) => {
    const reference = given[index]?.['reference'];
    const fields = 'data' in outcome ? outcome.data : { ...blank, error: outcome.refusal.message };
    return { ...fields, reference: typeof reference === 'string' ? reference : '' };
  });
  const answer = ok({ batch_results: results });
  const failed = outcomes.filter((outcome) => 'refusal' in outcome).length;
  if (!fails || failed === 0) return answer;
  const asked = failed < outcomes.length ? integerField(data, 'partial_failure_response_code') : undefined;
  if (asked === undefined) return { ...answer, status: 400 };
  if (asked >= 200 && asked <= 599) return { ...answer, status: asked };
  return {
    ...answer,
    status: 400,
    warnings: ['invalid HTTP response code override from partial_failure_response_code'],
  };
}
