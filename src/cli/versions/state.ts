// `coffer secrets versions enable`, `disable` and `destroy`. Destroying cannot be undone, so it asks.

import type { Context } from '../context.ts';
import { type VersionRef, versionPath, versionRef } from '../names.ts';
import { confirm } from '../prompt.ts';
import { type Resource, showOne } from '../show.ts';

export interface StateFlags {
  readonly secret?: string;
  readonly location?: string;
  readonly etag?: string;
}

interface Version extends Resource {
  readonly scheduledDestroyTime?: string;
}

export async function enableVersion(this: Context, flags: StateFlags, version: string): Promise<void> {
  const ref = versionRef(this.session, version, flags.secret, flags.location);
  const result = await set(this, ref, 'enable', flags);
  this.out.status(`Enabled ${describe(ref)}.`);
  await showOne(this, result, 'none');
}

export async function disableVersion(this: Context, flags: StateFlags, version: string): Promise<void> {
  const ref = versionRef(this.session, version, flags.secret, flags.location);
  const result = await set(this, ref, 'disable', flags);
  this.out.status(`Disabled ${describe(ref)}.`);
  await showOne(this, result, 'none');
}

/** @throws CliError where the answer is no. */
export async function destroyVersion(this: Context, flags: StateFlags, version: string): Promise<void> {
  const ref = versionRef(this.session, version, flags.secret, flags.location);
  const message = `You are about to destroy ${describe(ref)}. This action cannot be reversed.`;
  await confirm(this.io, { message, quiet: this.globals.quiet, attended: true });
  const result = await set(this, ref, 'destroy', flags);
  const { scheduledDestroyTime: time } = result;
  if (time === undefined) this.out.status(`Destroyed ${describe(ref)}.`);
  else this.out.status(`Disabled ${describe(ref)} and scheduled for destruction at [${time}].`);
  await showOne(this, result, 'none');
}

function describe(ref: VersionRef): string {
  return `version [${ref.version}] of the secret [${ref.secret}]`;
}

function set({ session }: Context, ref: VersionRef, verb: string, { etag }: StateFlags): Promise<Version> {
  return session.request<Version>('POST', `${versionPath(ref)}:${verb}`, etag === undefined ? {} : { etag });
}
