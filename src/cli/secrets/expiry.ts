// The question before a secret is given an end.

import type { Context } from '../context.ts';
import { confirm } from '../prompt.ts';

/** Asks where the flags set an expiry. @throws CliError where the answer is no. */
export async function confirmExpiry(context: Context, flags: { expireTime?: string; ttl?: string }): Promise<void> {
  const { expireTime, ttl } = flags;
  const { quiet } = context.globals;
  if (expireTime) {
    const message = `This secret and all of its versions will be automatically deleted at the requested expire-time of [${expireTime}].`;
    await confirm(context.io, { message, quiet, attended: true });
  }
  if (ttl) {
    const message = `This secret and all of its versions will be automatically deleted after the requested ttl of [${ttl}] has elapsed.`;
    await confirm(context.io, { message, quiet, attended: true });
  }
}
