// `coffer auth print-access-token`: a short-lived token, of the owner or of a service account. It goes to stdout only.

import { Client } from '../client/client.ts';
import type { Context } from './context.ts';
import { UsageError } from './error.ts';
import { generateAccessToken } from './session.ts';
import { showOne } from './show.ts';
import { durationSeconds } from './times.ts';

/** @throws UsageError for a lifetime without an account; ApiError as the server answers. */
export async function printAccessToken(this: Context, flags: { lifetime?: string }, account?: string): Promise<void> {
  const subject = account ?? this.globals.impersonate;
  const token =
    subject === undefined ? await ownToken(this, flags.lifetime) : await accountToken(this, subject, flags.lifetime);
  await showOne(this, { token }, 'value(token)');
}

async function ownToken(context: Context, lifetime: string | undefined): Promise<string> {
  if (lifetime !== undefined) {
    throw new UsageError(
      'argument --lifetime: it is for a service account: name one, or use --impersonate-service-account',
    );
  }
  const { connection } = context.session;
  // A token given in COFFER_TOKEN is an access token already, and no token can renew itself.
  if (!connection.owner && connection.token !== undefined) return connection.token;
  return (await context.session.request<{ accessToken: string }>('POST', '/coffer/v1/tokens:issue', {})).accessToken;
}

async function accountToken(context: Context, account: string, lifetime: string | undefined): Promise<string> {
  const client = new Client(context.session.connection);
  try {
    return await generateAccessToken(
      client,
      account,
      lifetime === undefined ? undefined : durationSeconds('lifetime', lifetime),
    );
  } finally {
    client.close();
  }
}
