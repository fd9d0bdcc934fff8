// `coffer secrets delete`: says how many versions go with the secret, and asks. A secret that somebody still reads stays
// unless --force is given.

import type { Context } from '../context.ts';
import { type GuardedFlags, takeAway } from '../guarded.ts';
import { type SecretRef, secretPath, secretRef } from '../names.ts';
import { confirm } from '../prompt.ts';

interface VersionsPage {
  readonly versions?: readonly { readonly state: string }[];
  readonly nextPageToken?: string;
}

/** gcloud counts no further either. */
const COUNTED_MAX = 9999;

/** @throws CliError where the answer is no; ApiError as the server answers. */
export async function deleteSecret(
  this: Context,
  flags: GuardedFlags & { location?: string },
  id: string,
): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  if (!this.globals.quiet) {
    const message =
      `You are about to destroy the secret [${ref.secret}] and its [${await countVersions(this, ref)}] version(s). ` +
      'This action cannot be reversed.';
    await confirm(this.io, { message, quiet: false, attended: true });
  }
  await takeAway(this, '/coffer/v1/secrets:delete', ref, flags);
  this.out.status(`Deleted secret [${ref.secret}].`);
}

async function countVersions(context: Context, ref: SecretRef): Promise<number> {
  let counted = 0;
  let seen = 0;
  let pageToken: string | undefined;
  do {
    const query = { pageSize: '1000', pageToken };
    const page = await context.session.request<VersionsPage>('GET', `${secretPath(ref)}/versions`, undefined, query);
    const versions = page.versions ?? [];
    seen += versions.length;
    counted += versions.filter((version) => version.state !== 'DESTROYED').length;
    pageToken = page.nextPageToken || undefined;
  } while (pageToken !== undefined && seen < COUNTED_MAX);
  return counted;
}
