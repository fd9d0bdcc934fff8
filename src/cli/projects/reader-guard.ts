// `coffer projects get-reader-guard` and `set-reader-guard`: whether the cloud's own clients may take away what somebody
// still reads, and for how long a read counts. Coffer's own.

import type { Context } from '../context.ts';
import { UsageError } from '../error.ts';
import { type Resource, showOne } from '../show.ts';
import { durationSeconds } from '../times.ts';

export interface ReaderGuardFlags {
  readonly guard?: 'off' | 'refuse';
  readonly window?: string;
}

export async function getReaderGuard(this: Context, _flags: object, project: string): Promise<void> {
  await showOne(
    this,
    await this.session.request<Resource>('GET', '/coffer/v1/projects:readerGuard', undefined, { project }),
  );
}

/** @throws UsageError where nothing is to be set, or the window is no duration. */
export async function setReaderGuard(
  this: Context,
  { guard, window }: ReaderGuardFlags,
  project: string,
): Promise<void> {
  if (guard === undefined && window === undefined)
    throw new UsageError('at least one of --guard | --window must be specified');
  const set = await this.session.request<Resource>('POST', '/coffer/v1/projects:setReaderGuard', {
    project,
    ...(guard === undefined ? {} : { guard }),
    ...(window === undefined ? {} : { windowSeconds: durationSeconds('window', window) }),
  });
  this.out.status(`Updated the reader guard of project [${project}].`);
  await showOne(this, set, 'none');
}
