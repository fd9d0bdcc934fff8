// `coffer secrets versions enable`, `disable` and `destroy`. Destroying cannot be undone, so it asks; neither it nor
// disabling takes a version from somebody who still reads it, unless --force is given.

import type { Context } from '../context.ts';
import { type GuardedFlags, takeAway } from '../guarded.ts';
import { type VersionRef, versionPath, versionRef } from '../names.ts';
import { confirm } from '../prompt.ts';
import { type Resource, showOne } from '../show.ts';

export interface StateFlags {
  readonly secret?: string;
  readonly location?: string;
  readonly etag?: string;
}

type TakingFlags = StateFlags & GuardedFlags;

interface Version extends Resource {
  readonly scheduledDestroyTime?: string;
}

export async function enableVersion(this: Context, flags: StateFlags, version: string): Promise<void> {
  const ref = versionRef(this.session, version, flags.secret, flags.location);
  const result = await set(this, ref, 'enable', flags);
  this.out.status(`Enabled ${describe(ref)}.`);
  await showOne(this, result, 'none');
}

export async function disableVersion(this: Context, flags: TakingFlags, version: string): Promise<void> {
  const ref = versionRef(this.session, version, flags.secret, flags.location);
  await take(this, ref, 'disable', flags);
  this.out.status(`Disabled ${describe(ref)}.`);
  await show(this, ref);
}

/** @throws CliError where the answer is no. */
export async function destroyVersion(this: Context, flags: TakingFlags, version: string): Promise<void> {
  const ref = versionRef(this.session, version, flags.secret, flags.location);
  const message = `You are about to destroy ${describe(ref)}. This action cannot be reversed.`;
  await confirm(this.io, { message, quiet: this.globals.quiet, attended: true });
  const result = await take(this, ref, 'destroy', flags);
  const { scheduledDestroyTime: time } = result;
  if (time === undefined) this.out.status(`Destroyed ${describe(ref)}.`);
  else this.out.status(`Disabled ${describe(ref)} and scheduled for destruction at [${time}].`);
  await show(this, ref);
}

function describe(ref: VersionRef): string {
  return `version [${ref.version}] of the secret [${ref.secret}]`;
}

async function take(
  context: Context,
  ref: VersionRef,
  verb: 'disable' | 'destroy',
  flags: TakingFlags,
): Promise<Version> {
  // Whatever is no number is refused, and Google's API says best what is wrong with it.
  if (!/^[1-9]\d{0,14}$/.test(ref.version)) return set(context, ref, verb, flags);
  return takeAway<Version>(context, `/coffer/v1/versions:${verb}`, { ...ref, version: Number(ref.version) }, flags);
}

/** Nothing unless a format asks for it: then the version as Google shows it. */
async function show(context: Context, ref: VersionRef): Promise<void> {
  const { format, flatten } = context.globals;
  if (format === undefined && flatten === undefined) return;
  await showOne(context, await context.session.request<Version>('GET', versionPath(ref)), 'none');
}

function set({ session }: Context, ref: VersionRef, verb: string, { etag }: StateFlags): Promise<Version> {
  return session.request<Version>('POST', `${versionPath(ref)}:${verb}`, etag === undefined ? {} : { etag });
}
