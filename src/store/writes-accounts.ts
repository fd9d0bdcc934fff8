// Service accounts, their keys and their tokens as the statements that keep them. The order of values is that of `sql/`.

import type { Account, AccountKey, Token } from '../core/secret.ts';
import { labelsColumn } from './columns.ts';
import { ACCOUNT_KEY_INSERT, ACCOUNT_KEY_UPDATE } from './sql/account-keys.ts';
import { ACCOUNT_INSERT, ACCOUNT_UPDATE } from './sql/accounts.ts';
import { TOKEN_INSERT } from './sql/tokens.ts';
import type { Value } from './statement.ts';
import { one, type Write } from './write.ts';

export function insertAccount(account: Account): Write {
  return one(ACCOUNT_INSERT, [
    account.uid,
    account.projectUid,
    account.email,
    account.uniqueId,
    account.displayName,
    account.description,
    account.createdAt,
    account.etag,
    policiesOf(account),
    account.entity ?? null,
  ]);
}

function policiesOf({ awsPolicies }: Account): Value {
  return awsPolicies === undefined ? null : labelsColumn.encode(awsPolicies);
}

export function updateAccount(account: Account): Write {
  return one(ACCOUNT_UPDATE, [
    account.displayName,
    account.description,
    account.etag,
    policiesOf(account),
    account.entity ?? null,
    account.uid,
    account.projectUid,
    account.email,
    account.uniqueId,
    account.createdAt,
  ]);
}

export function insertAccountKey(key: AccountKey): Write {
  const { id, account, publicKey, createdAt, expiresAt, disabled, workload, kind = 'key' } = key;
  const changing = [expiresAt ?? null, disabled ? 1 : 0, workload ?? null];
  return one(ACCOUNT_KEY_INSERT, [id, account, publicKey, createdAt, ...changing, kind]);
}

export function updateAccountKey(key: AccountKey): Write {
  const { id, account, publicKey, createdAt, expiresAt, disabled, workload } = key;
  return one(ACCOUNT_KEY_UPDATE, [
    expiresAt ?? null,
    disabled ? 1 : 0,
    workload ?? null,
    id,
    account,
    publicKey,
    createdAt,
  ]);
}

export function insertToken(token: Token): Write {
  const { hash, member, kind, createdAt, expiresAt, workload, audience, parent } = token;
  const optional = [expiresAt ?? null, workload ?? null, audience ?? null, parent ?? null];
  return one(TOKEN_INSERT, [hash, member, kind, createdAt, ...optional]);
}
