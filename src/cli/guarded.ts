// Requests that take something away which somebody may still read: disable, destroy, delete. They go to Coffer's own
// API, which knows the readers and refuses (VERSION_IN_USE) unless --force is given; every other refusal is reported
// under the name that Google gives it, as it was when the request went there.

import { ApiError } from '../client/error.ts';
import type { Context } from './context.ts';
import { nativeRef, type SecretRef } from './names.ts';

export interface GuardedFlags {
  readonly etag?: string;
  readonly force?: boolean;
}

const CANONICAL: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  412: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/** @throws ApiError as the server answers: VERSION_IN_USE where somebody still reads it. */
export async function takeAway<T>(
  { session }: Context,
  path: string,
  ref: SecretRef & { readonly version?: number },
  { etag, force }: GuardedFlags,
): Promise<T> {
  try {
    return await session.request<T>('POST', path, {
      ...nativeRef(ref),
      ...(ref.version === undefined ? {} : { version: ref.version }),
      // Google shows etags in quotation marks.
      ...(etag === undefined || etag === '' ? {} : { etag: etag.replaceAll('"', '') || 'none' }),
      ...(force === true ? { force } : {}),
    });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 'VERSION_IN_USE') throw error;
    throw new ApiError(error.httpStatus, CANONICAL[error.httpStatus] ?? error.status, error.message, error.details);
  }
}
