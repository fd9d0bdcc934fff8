// Tokens of Vault's for a service account: made by whoever may act as it, kept alive by nobody else. Such a token cannot
// renew itself, so that it ends, at the latest, an hour after that right does. It has the policies `default` and `iam`.

import { parseWorkload } from '../../core/census.ts';
import { Fault } from '../../core/error.ts';
import { TOKEN_SECONDS_DEFAULT } from '../../core/limits.ts';
import { type AccountEmail, type ProjectRef, parseAccountEmail, parseProjectRef } from '../../core/name.ts';
import { accountPrincipal } from '../../core/principal.ts';
import type { Redacted } from '../../core/redacted.ts';
import { IAM_POLICY } from '../../core/vault/authority.ts';
import { entryOfToken, tokenOf } from '../../core/vault/token.ts';
import { accountTarget, existingAccount } from '../accounts.ts';
import { type Operation, operation, type Prepared } from '../operation.ts';
import { mintToken } from './token-create.ts';
import { accessorId } from './token-rows.ts';
import { View } from './view.ts';

export interface GenerateVaultToken {
  readonly account: AccountEmail;
  /** Whose namespace it is for. */
  readonly project: ProjectRef;
  readonly workload?: string;
}

export interface IssuedVaultToken {
  readonly token: Redacted<string>;
  readonly accessor: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface RenewVaultToken {
  readonly account: AccountEmail;
  readonly accessor: string;
}

const ACCESSOR_CHARS_MAX = 64;
const PATH = 'coffer/v1/vaultTokens:generate';

const accountField = {
  serviceAccount: { type: 'string', help: 'the address of the service account', required: true },
} as const;

export const generateVaultToken: Operation<GenerateVaultToken, IssuedVaultToken> = operation({
  name: 'vaultTokens.generate',
  help: "make a token for Vault's API that is a service account's, and ends within the hour unless it is renewed",
  kind: 'write',
  permission: 'iam.serviceAccounts.getAccessToken',
  explores: true,
  api: {
    method: 'POST',
    path: '/vaultTokens:generate',
    fields: {
      ...accountField,
      project: { type: 'string', help: 'the project whose namespace it is for', required: true },
      workload: { type: 'string', help: 'the name of the program it is for, which the census shows' },
    },
    command: ({ serviceAccount, project, workload }) => ({
      account: parseAccountEmail(String(serviceAccount)),
      project: parseProjectRef(String(project)),
      ...(workload === undefined ? {} : { workload: parseWorkload(String(workload)) }),
    }),
  },
  target: (command: GenerateVaultToken) => accountTarget(command),
  needs: ({ account, project }) =>
    ({ account: { need: 'account', email: account }, namespace: { need: 'project', project } }) as const,
  prepare: ({ entropy }): Prepared<string, Redacted<string>> => {
    const { text, hash } = entropy.credential('vault');
    return { carried: hash, kept: text };
  },
  decide: (input) => {
    const { account } = existingAccount(input);
    const { namespace } = input.rows;
    const { project, workload } = input.command;
    if (namespace === undefined) throw new Fault('PROJECT_NOT_FOUND', { project });
    const view = new View(input);
    const { auth } = mintToken(
      view,
      {
        ...{ policies: ['default', IAM_POLICY], displayName: `token-${account.email}`, path: PATH, meta: null },
        ...{ ttlSeconds: TOKEN_SECONDS_DEFAULT, renewable: false, uses: 0, project: namespace.id },
        member: accountPrincipal(account.email).member,
        ...(workload === undefined ? {} : { workload }),
      },
      input.prepared,
    );
    const { accessor } = auth;
    return {
      result: { accessor, expiresAt: input.now + TOKEN_SECONDS_DEFAULT * 1000 },
      changes: view.changes,
      details: { accessor, ...(workload === undefined ? {} : { workload }) },
    };
  },
  finish: (made, _command, { kept }) => ({ ...made, token: kept }),
});

export const renewVaultToken: Operation<RenewVaultToken, Omit<IssuedVaultToken, 'token'>> = operation({
  name: 'vaultTokens.renew',
  help: 'keep such a token alive for another hour',
  kind: 'write',
  permission: 'iam.serviceAccounts.getAccessToken',
  explores: true,
  api: {
    method: 'POST',
    path: '/vaultTokens:renew',
    fields: {
      ...accountField,
      accessor: { type: 'string', help: 'the accessor of the token', required: true, max: ACCESSOR_CHARS_MAX },
    },
    command: ({ serviceAccount, accessor }) => ({
      account: parseAccountEmail(String(serviceAccount)),
      accessor: String(accessor),
    }),
  },
  target: (command: RenewVaultToken) => accountTarget(command),
  needs: ({ account }) => ({ account: { need: 'account', email: account } }) as const,
  decide: (input) => {
    const { account } = existingAccount(input);
    const { accessor } = input.command;
    const view = new View(input);
    const id = view.get(accessorId(accessor))?.data['token'];
    const entry = typeof id === 'string' ? view.get(id) : undefined;
    const known = entry === undefined ? undefined : tokenOf(entry);
    const { member, path } = known?.token ?? {};
    if (known === undefined || member !== accountPrincipal(account.email).member || path !== PATH) {
      throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'that accessor' });
    }
    const expiresAt = input.now + TOKEN_SECONDS_DEFAULT * 1000;
    const renewed = { ...known, expiresAt, token: { ...known.token, lastRenewedAt: input.now } };
    return {
      result: { accessor, expiresAt },
      changes: [{ change: 'vaultEntry.put', entry: entryOfToken(renewed) }],
      details: { accessor },
    };
  },
});
