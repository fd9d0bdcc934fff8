// One item or many: how a request of either form becomes the items of an operation, and how what became of each goes back.
// An item that cannot be read is answered by itself, like one that the operation refused.

import { Fault, type FaultCode } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import { settle } from '../../ops/maybe.ts';
import { integerField } from '../../ops/vault/fields.ts';
import type { Data } from './request.ts';
import { ok, Refusal, type TransitAnswer } from './transit-answer.ts';
import { refusalOf, type TransitUse } from './transit-errors.ts';
import { batchField } from './transit-fields.ts';

/** As the operations of `ops` answer each item. */
type ItemResult<T> = { readonly value: T } | { readonly fault: Fault };

/** An item once it was read, or why it cannot be. */
type Read<I> = { readonly item: I } | { readonly refusal: Refusal };

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

/** What is done with the items of a request, and how it is told. */
export interface ItemsUse<I, T> {
  readonly use: TransitUse;
  work(items: readonly I[]): Maybe<readonly ItemResult<T>[]>;
  /** What is tried once `work` has failed. */
  otherwise?(items: readonly I[], error: unknown): Maybe<readonly ItemResult<T>[]>;
  /** The fields that tell of a value. */
  answer(value: T): Data;
  /** The same as JSON text, where that is known without looking for what to escape. */
  text?(value: T): string;
  /** What stands in an item of a batch that failed, beside its error. */
  readonly blank?: Data;
  /** Whether a failed item makes the status of the whole batch one of failure, unless the request names another. */
  readonly fails?: true;
}

/** Has the readable items done, and answers what came of each in the order of the request, in the form that this had. */
export function answerItems<I, T>(data: Data, items: Items<I>, how: ItemsUse<I, T>): Maybe<TransitAnswer> {
  const { read, isBatch } = items;
  const [first] = read;
  if (!isBatch && first !== undefined && 'refusal' in first) throw first.refusal;
  const wanted = isBatch ? read.flatMap(itemOf) : itemOf(first as Read<I>);
  const told = (results: readonly ItemResult<T>[]) =>
    isBatch ? ofBatch(data, items, results, how) : ofOne(results[0] as ItemResult<T>, how);
  const failed = (error: unknown) => told([{ fault: onlyFault(error, wanted.length, how.use) }]);
  return settle(
    () => how.work(wanted),
    told,
    how.otherwise === undefined
      ? failed
      : (error) => settle(() => how.otherwise?.(wanted, error) as Maybe<readonly ItemResult<T>[]>, told, failed),
  );
}

function itemOf<I>(each: Read<I>): readonly I[] {
  return 'item' in each ? [each.item] : [];
}

function ofOne<I, T>(result: ItemResult<T>, how: ItemsUse<I, T>): TransitAnswer {
  if (how.text === undefined || !('value' in result)) return ok(dataOf(result, how));
  return { status: 200, text: how.text(result.value) };
}

/** Throws what an item ended in: a refusal, or what says nothing of it. */
function dataOf<I, T>(result: ItemResult<T>, { answer, use }: ItemsUse<I, T>): Data {
  if ('value' in result) return answer(result.value);
  throw refusalOf(result.fault, use);
}

/** What the only item of a request ended in; what is none of its own is thrown on. */
function onlyFault(error: unknown, items: number, use: TransitUse): Fault {
  if (items === 1 && error instanceof Fault && !OF_ALL.has(error.code)) return error;
  throw refusalOf(error, use);
}

/** What says something of the key, and not of an item. */
const OF_ALL: ReadonlySet<FaultCode> = new Set(['KEY_NOT_FOUND', 'KEY_USE_UNSUPPORTED', 'LIMIT_REACHED', 'KEYS_BUSY']);

function ofBatch<I, T>(
  data: Data,
  { read, given }: Items<I>,
  results: readonly ItemResult<T>[],
  how: ItemsUse<I, T>,
): TransitAnswer {
  let next = 0;
  let failed = 0;
  const refused = ({ message }: Refusal): Data => {
    failed++;
    return { ...how.blank, error: message };
  };
  const fieldsOf = (each: Read<I>): Data => {
    if ('refusal' in each) return refused(each.refusal);
    try {
      return dataOf(results[next++] as ItemResult<T>, how);
    } catch (error) {
      if (error instanceof Refusal) return refused(error);
      throw error;
    }
  };
  const answer = ok({
    batch_results: read.map((each, index) => {
      const reference = given[index]?.['reference'];
      return { ...fieldsOf(each), reference: typeof reference === 'string' ? reference : '' };
    }),
  });
  if (!how.fails || failed === 0) return answer;
  const asked = failed < read.length ? integerField(data, 'partial_failure_response_code') : undefined;
  if (asked === undefined) return { ...answer, status: 400 };
  if (asked >= 200 && asked <= 599) return { ...answer, status: asked };
  return {
    ...answer,
    status: 400,
    warnings: ['invalid HTTP response code override from partial_failure_response_code'],
  };
}
