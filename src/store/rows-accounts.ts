// Rows of service accounts, their keys and their tokens to domain values. The order of columns is that of `sql/`.

import type { AccountEmail } from '../core/name.ts';
import type { Account, AccountKey, Token } from '../core/secret.ts';
import { damaged, flag, integer, json, text, type Writable } from './cells.ts';
import { labelsColumn } from './columns.ts';
import type { Row } from './statement.ts';

export function accountOf(row: Row): Account {
  const account: Writable<Account> = {
    uid: text('accounts', row, 0),
    projectUid: text('accounts', row, 1),
    email: text('accounts', row, 2) as AccountEmail,
    uniqueId: text('accounts', row, 3),
    displayName: text('accounts', row, 4),
    description: text('accounts', row, 5),
    createdAt: integer('accounts', row, 6),
    etag: text('accounts', row, 7),
  };
  if (row[8] !== null) account.awsPolicies = json(labelsColumn, 'accounts', row, 8);
  if (row[9] !== null) account.entity = text('accounts', row, 9);
  return account;
}

export function accountKeyOf(row: Row): AccountKey {
  const key: Writable<AccountKey> = {
    id: text('account_keys', row, 0),
    account: text('account_keys', row, 1) as AccountEmail,
    publicKey: text('account_keys', row, 2),
    createdAt: integer('account_keys', row, 3),
    disabled: flag('account_keys', row, 5),
  };
  if (row[4] !== null) key.expiresAt = integer('account_keys', row, 4);
  if (row[6] !== null) key.workload = text('account_keys', row, 6);
  const kind = text('account_keys', row, 7);
  if (kind === 'certificate' || kind === 'secret' || kind === 'aws') key.kind = kind;
  else if (kind !== 'key') throw damaged('account_keys', row, 'is of a kind that does not exist');
  return key;
}

export function tokenOf(row: Row): Token {
  const kind = text('tokens', row, 2);
  if (kind !== 'owner' && kind !== 'access') throw damaged('tokens', row, 'is of a kind that does not exist');
  const token: Writable<Token> = {
    hash: text('tokens', row, 0),
    member: text('tokens', row, 1),
    kind,
    createdAt: integer('tokens', row, 3),
  };
  if (row[4] !== null) token.expiresAt = integer('tokens', row, 4);
  if (row[5] !== null) token.workload = text('tokens', row, 5);
  if (row[6] !== null) token.audience = text('tokens', row, 6);
  if (row[7] !== null) token.parent = text('tokens', row, 7);
  return token;
}
