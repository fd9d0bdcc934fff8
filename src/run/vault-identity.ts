// Who a program is for Vault's libraries: a token of the service account, by the variable that all of them read. It is
// renewed by the run, never by itself, and revoked when the run ends.

import type { Identity, IdentityContext, RunningIdentity } from './identity.ts';

/** A token lasts an hour. */
const RENEW_EVERY_MS = 15 * 60_000;

export const vaultIdentity: Identity = { name: 'vault', start };

async function start(context: IdentityContext): Promise<RunningIdentity> {
  const { token, renew, revoke } = await context.vaultToken();
  // What cannot be renewed now is tried again, while the token lasts.
  const timer = setInterval(() => void renew().catch(() => undefined), RENEW_EVERY_MS);
  timer.unref();
  return {
    env: { VAULT_ADDR: context.address, VAULT_TOKEN: token },
    stop: async () => {
      clearInterval(timer);
      await revoke();
    },
  };
}
