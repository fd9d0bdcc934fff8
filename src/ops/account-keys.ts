// The keys of service accounts: what a program outside of `coffer run` proves itself by. Only the public half comes
// here; the private one was made before the command and leaves with its answer. A key that is disabled or deleted is
// refused from then on, since the door asks for it on each use.

import { parseWorkload } from '../core/census.ts';
import { Fault } from '../core/error.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { KEYS_PER_ACCOUNT_MAX } from '../core/limits.ts';
import { type AccountEmail, parseAccountEmail } from '../core/name.ts';
import type { Change } from '../core/ports.ts';
import type { AccountKey } from '../core/secret.ts';
import { type AccountRef, type AccountResult, accountTarget, existingAccount } from './accounts.ts';
import { type Input, type Operation, operation, type Target } from './operation.ts';

export interface CreateAccountKey extends AccountRef {
  /** The public half of what was made. */
  readonly made: Pick<AccountKey, 'id' | 'kind' | 'publicKey' | 'expiresAt' | 'workload'>;
}

export interface AccountKeyRef extends AccountRef {
  readonly id: string;
}

export interface AccountKeyResult extends AccountResult {
  readonly key: AccountKey;
}

export interface ListedAccountKeys extends AccountResult {
  readonly keys: readonly AccountKey[];
}

/** 40 hex digits, as Google's. */
const KEY_ID_CHARS = 40;

function keyTarget(command: AccountKeyRef): Target {
  const { asked, ...target } = accountTarget(command);
  return { ...target, asked: `${asked}/keys/${command.id}` };
}

const accountNeed = ({ account }: AccountRef) => ({ need: 'account', email: account }) as const;

const keyNeeds = (command: AccountKeyRef) =>
  ({ account: accountNeed(command), key: { need: 'accountKey', id: command.id } }) as const;

type KeyNeeds = ReturnType<typeof keysNeeds>;

export const keysNeeds = (command: AccountRef) =>
  ({ account: accountNeed(command), keys: { need: 'accountKeys', email: command.account } }) as const;

/** The account that a key may be added to: what is over takes no room. */
export function roomForKey(input: Input<AccountRef, KeyNeeds, unknown>): AccountResult {
  const result = existingAccount(input);
  const living = input.rows.keys.filter(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt > input.now);
  if (living.length >= KEYS_PER_ACCOUNT_MAX) {
    throw new Fault('ACCOUNT_KEYS_FULL', { account: result.account.email, limit: KEYS_PER_ACCOUNT_MAX });
  }
  return result;
}

/** A new key beside those that are there; those that are over go. */
export function addedKey(
  input: Input<AccountRef, KeyNeeds, unknown>,
  made: CreateAccountKey['made'],
): { readonly result: AccountKeyResult; readonly changes: readonly Change[] } {
  const result = roomForKey(input);
  const { now, rows } = input;
  const key: AccountKey = { ...made, account: result.account.email, createdAt: now, disabled: false };
  const over = rows.keys.filter(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt <= now);
  return {
    result: { ...result, key },
    changes: [
      ...over.map(({ id }) => ({ change: 'accountKey.delete', id }) as const),
      { change: 'accountKey.insert', key },
    ],
  };
}

/** Asked before a key is made: the work of it must not be had by whoever may not keep the key. */
export const prepareAccountKey: Operation<AccountRef, AccountResult> = operation({
  name: 'accountKeys.prepare',
  help: 'tell whether the caller may give a service account a key',
  kind: 'read',
  permission: 'iam.serviceAccountKeys.create',
  target: accountTarget,
  needs: keysNeeds,
  decide: (input) => ({ result: roomForKey(input) }),
});

export const createAccountKey: Operation<CreateAccountKey, AccountKeyResult> = operation({
  name: 'accountKeys.create',
  help: 'give a service account a key',
  kind: 'write',
  permission: 'iam.serviceAccountKeys.create',
  target: (command: CreateAccountKey) => accountTarget(command),
  needs: (command) => keysNeeds(command),
  decide: (input) => {
    const { made } = input.command;
    return { ...addedKey(input, made), details: { key: made.id } };
  },
});

export interface NameAccountKey extends AccountKeyRef {
  /** What its holder is called where its reads are shown. */
  readonly workload: string;
}

/** Who may give the account a key may say what it is for. */
export const nameAccountKey: Operation<NameAccountKey, object> = operation({
  name: 'accountKeys.setWorkload',
  help: 'say which program holds a key of a service account, which the census shows',
  kind: 'write',
  permission: 'iam.serviceAccountKeys.create',
  api: {
    method: 'POST',
    path: '/accountKeys:setWorkload',
    fields: {
      serviceAccount: { type: 'string', help: 'the address of the service account', required: true },
      key: { type: 'string', help: 'the id of a key of that account', required: true, max: KEY_ID_CHARS },
      workload: { type: 'string', help: 'the name of the program', required: true },
    },
    command: ({ serviceAccount, key, workload }) => ({
      account: parseAccountEmail(String(serviceAccount)),
      id: String(key),
      workload: parseWorkload(String(workload)),
    }),
  },
  target: (command: NameAccountKey) => keyTarget(command),
  needs: (command) => keyNeeds(command),
  decide: (input) => {
    const { account } = existingAccount(input);
    const { id, workload } = input.command;
    const key: AccountKey = { ...keyOf(account.email, id, input.rows.key), workload };
    return { result: {}, changes: [{ change: 'accountKey.update', key }], details: { key: id, workload } };
  },
});

export const listAccountKeys: Operation<AccountRef, ListedAccountKeys> = operation({
  name: 'accountKeys.list',
  help: 'list the keys of a service account',
  kind: 'read',
  permission: 'iam.serviceAccountKeys.list',
  target: accountTarget,
  needs: keysNeeds,
  decide: (input) => ({ result: { ...existingAccount(input), keys: input.rows.keys } }),
});

/** The key that the command names; throws ACCOUNT_NOT_FOUND or ACCOUNT_KEY_NOT_FOUND, also for another account's. */
function keyOf(account: AccountEmail, id: string, key: AccountKey | undefined): AccountKey {
  if (key === undefined || key.account !== account) throw new Fault('ACCOUNT_KEY_NOT_FOUND', { account, key: id });
  return key;
}

export const getAccountKey: Operation<AccountKeyRef, AccountKeyResult> = operation({
  name: 'accountKeys.get',
  help: 'show a key of a service account',
  kind: 'read',
  permission: 'iam.serviceAccountKeys.get',
  target: keyTarget,
  needs: keyNeeds,
  decide: (input) => {
    const result = existingAccount(input);
    return { result: { ...result, key: keyOf(result.account.email, input.command.id, input.rows.key) } };
  },
});

/** An operation that changes one key; doing it again changes nothing. */
function keyChange(
  name: string,
  help: string,
  permission: Permission,
  change: (key: AccountKey) => Change,
): Operation<AccountKeyRef, AccountKeyResult> {
  return operation({
    name,
    help,
    kind: 'write',
    permission,
    target: keyTarget,
    needs: keyNeeds,
    decide: (input) => {
      const result = existingAccount(input);
      const key = keyOf(result.account.email, input.command.id, input.rows.key);
      return { result: { ...result, key }, changes: [change(key)], details: { key: key.id } };
    },
  });
}

export const deleteAccountKey: Operation<AccountKeyRef, AccountKeyResult> = keyChange(
  'accountKeys.delete',
  'delete a key of a service account',
  'iam.serviceAccountKeys.delete',
  ({ id }) => ({ change: 'accountKey.delete', id }),
);

export const disableAccountKey: Operation<AccountKeyRef, AccountKeyResult> = keyChange(
  'accountKeys.disable',
  'refuse a key of a service account until it is enabled again',
  'iam.serviceAccountKeys.disable',
  (key) => ({ change: 'accountKey.update', key: { ...key, disabled: true } }),
);

export const enableAccountKey: Operation<AccountKeyRef, AccountKeyResult> = keyChange(
  'accountKeys.enable',
  'accept a disabled key of a service account again',
  'iam.serviceAccountKeys.enable',
  (key) => ({ change: 'accountKey.update', key: { ...key, disabled: false } }),
);
