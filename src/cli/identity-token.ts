// `coffer auth print-identity-token`: an ID token of a service account, for whoever checks who a program is. It goes to
// stdout only.

import type { Context } from './context.ts';
import { UsageError } from './error.ts';
import { generateIdToken } from './session.ts';
import { showOne } from './show.ts';

/** @throws UsageError without an account or an audience; ApiError as the server answers. */
export async function printIdentityToken(
  this: Context,
  flags: { audiences?: string; includeEmail?: boolean },
  account?: string,
): Promise<void> {
  const subject = account ?? this.globals.impersonate;
  if (subject === undefined) {
    throw new UsageError("an ID token is a service account's: name one, or use --impersonate-service-account");
  }
  if (!flags.audiences) throw new UsageError('argument --audiences: Must be specified.');
  const { Client } = await import('../client/client.ts');
  const client = new Client(this.session.connection);
  try {
    const token = await generateIdToken(client, subject, flags.audiences, flags.includeEmail === true);
    await showOne(this, { token }, 'value(token)');
  } finally {
    client.close();
  }
}
