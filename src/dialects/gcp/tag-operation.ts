// What the services of tags have in common: names by number, pages, and changes as operations that are done.
// Source: google/longrunning/operations.proto; which failures stand in the operation, as seen on the real service.

import { create } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { type Operation as OperationMessage, OperationSchema } from '../../../gen/google/longrunning/operations_pb.js';
import { StatusSchema } from '../../../gen/google/rpc/status_pb.js';
import { Fault, type FaultCode } from '../../core/error.ts';
import { TAGS_PAGE_MAX } from '../../core/limits.ts';
import type { Maybe } from '../../core/ports.ts';
import { isTagId } from '../../core/tag.ts';
import { then } from '../../ops/maybe.ts';
import type { PageRequest } from '../../ops/paging.ts';
import { wireError } from './errors.ts';
import { invalidField, shownResource, unsupported } from './invalid.ts';

/** A name that can name no tag. */
export function badTagName(field: string, name: string): Fault {
  return invalidField(field, 'names no tag', `Invalid CRM resource name: '${shownResource(name)}'.`);
}

/** The number in `tagKeys/N` or `tagValues/N`. Throws INVALID_FIELD. */
export function parseTagId(name: string, kind: 'tagKeys' | 'tagValues', field: string): string {
  const id = name.startsWith(`${kind}/`) ? name.slice(kind.length + 1) : '';
  if (!isTagId(id)) throw badTagName(field, name);
  return id;
}

/** A page as these lists have them; a negative size stays one, for the core to refuse. */
export function tagPage({ pageSize, pageToken }: { pageSize: number; pageToken: string }): PageRequest {
  return { pageSize: Math.min(pageSize, TAGS_PAGE_MAX), pageToken };
}

export function refuseValidateOnly({ validateOnly }: { readonly validateOnly: boolean }): void {
  if (validateOnly) throw unsupported('Field [validate_only]');
}

/** What is told by the operation: the call itself was right. */
const TOLD_LATER: ReadonlySet<FaultCode> = new Set([
  'TAG_KEY_EXISTS',
  'TAG_VALUE_EXISTS',
  'TAG_KEY_IN_USE',
  'TAG_VALUE_IN_USE',
]);

/** The operation that `work` was, done when it is answered. Nobody can ask for it again, so its name is its kind. */
export function doneOperation<R>(
  kind: string,
  metadata: Any,
  work: () => Maybe<R>,
  encode: (result: R) => Any,
): Maybe<OperationMessage> {
  const answer = (result: OperationMessage['result']) =>
    create(OperationSchema, { name: `operations/${kind}`, metadata, done: true, result });
  const failed = (error: unknown): OperationMessage => {
    if (!(error instanceof Fault) || !TOLD_LATER.has(error.code)) throw error;
    return answer({ case: 'error', value: create(StatusSchema, wireError(error)) });
  };
  try {
    const result = then(work(), (done) => answer({ case: 'response', value: encode(done) }));
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}
