// `coffer secrets promote` and `rollback`: which version is the current one, which is what `latest` gives. Coffer's own;
// without them, and without `versions add --candidate`, it is the newest version, as with gcloud.

import type { Context } from '../context.ts';
import { UsageError } from '../error.ts';
import { nativeRef, type SecretRef, secretRef } from '../names.ts';
import { type Resource, showOne } from '../show.ts';

interface Moved extends Resource {
  readonly current: number;
  readonly previous: number;
}

interface Place {
  readonly location?: string;
}

/** @throws UsageError where `version` is no number; ApiError as the server answers. */
export async function promoteVersion(this: Context, flags: Place, id: string, version: string): Promise<void> {
  if (!/^[1-9]\d{0,14}$/.test(version)) {
    throw new UsageError(`argument VERSION: [${version}] is not the number of a version`);
  }
  await move(this, 'promote', secretRef(this.session, id, flags.location), { version: Number(version) });
}

/** @throws ApiError where no version was current before. */
export async function rollbackSecret(this: Context, flags: Place, id: string): Promise<void> {
  await move(this, 'rollback', secretRef(this.session, id, flags.location), {});
}

async function move(context: Context, verb: string, ref: SecretRef, body: object): Promise<void> {
  const moved = await context.session.request<Moved>('POST', `/coffer/v1/secrets:${verb}`, {
    ...nativeRef(ref),
    ...body,
  });
  context.out.status(`Version [${moved.current}] of the secret [${ref.secret}] is now current.`);
  await showOne(context, moved, 'none');
}
