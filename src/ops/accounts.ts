// Service accounts: one identity a workload. An account has no password and no key; what it has are tokens.

import { awsAccountOf } from '../core/aws/access-key.ts';
import { Fault } from '../core/error.ts';
import { ACCOUNTS_PER_PROJECT_MAX } from '../core/limits.ts';
import type { ProjectId } from '../core/name.ts';
import { type AccountEmail, accountProject, type ProjectRef, userAccountEmail } from '../core/name.ts';
import type { Account, Project } from '../core/secret.ts';
import { awsPrincipalOfAccount } from './aws/authority.ts';
import { type Input, type Operation, operation, type Target } from './operation.ts';
import { type PageRequest, pageCursor, pageLimit, pageOf } from './paging.ts';
import { policyEtag } from './policies.ts';

export interface CreateAccount {
  readonly project: ProjectRef;
  /** The part before the at sign. */
  readonly accountId: string;
  readonly displayName: string;
  readonly description: string;
}

export interface AccountRef {
  readonly account: AccountEmail;
}

export interface AccountResult {
  readonly project: Project;
  readonly account: Account;
}

export interface ListAccounts extends PageRequest {
  readonly project: ProjectRef;
}

export interface ListedAccounts {
  readonly project: Project;
  readonly accounts: readonly Account[];
  readonly nextPageToken: string;
}

/** google/iam/admin/v1/iam.proto, `ServiceAccount.display_name` and `.description`. */
const DISPLAY_NAME_CHARS_MAX = 100;
const DESCRIPTION_CHARS_MAX = 256;

export function accountTarget({ account }: AccountRef): Target {
  return { project: accountProject(account), account, asked: `projects/-/serviceAccounts/${account}` };
}

/** The account that the command names; throws ACCOUNT_NOT_FOUND, also where its project is missing. */
export function existingAccount(
  input: Input<AccountRef, { readonly account: { readonly need: 'account'; readonly email: AccountEmail } }, unknown>,
): AccountResult {
  const { account } = input.rows;
  const { project } = input.scope;
  if (project === undefined || account === undefined || account.projectUid !== project.uid) {
    throw new Fault('ACCOUNT_NOT_FOUND', { account: input.command.account });
  }
  return { project, account };
}

function checkLength(field: string, text: string, charsMax: number): void {
  if (text.length > charsMax) {
    throw new Fault('INVALID_FIELD', { field, problem: `at most ${charsMax} characters are allowed` });
  }
}

export const createAccount: Operation<CreateAccount, AccountResult> = operation({
  name: 'accounts.create',
  help: 'make a service account',
  kind: 'write',
  permission: 'iam.serviceAccounts.create',
  target: ({ project, accountId }) => ({
    project,
    creates: `serviceAccounts/${accountId}`,
    asked: `projects/${project}`,
  }),
  needs: ({ project }) =>
    ({ all: { need: 'accounts', project, after: '', limit: ACCOUNTS_PER_PROJECT_MAX + 1 } }) as const,
  decide: (input) => {
    const { accountId, displayName, description } = input.command;
    const project = input.project(input.command.project);
    checkLength('display_name', displayName, DISPLAY_NAME_CHARS_MAX);
    checkLength('description', description, DESCRIPTION_CHARS_MAX);
    const email = userAccountEmail(accountId, project.id as ProjectId);
    if (input.rows.all.rows.some((account) => account.email === email)) {
      throw new Fault('ACCOUNT_EXISTS', { account: email, project: project.id });
    }
    if (input.rows.all.total >= ACCOUNTS_PER_PROJECT_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'service accounts of one project', limit: ACCOUNTS_PER_PROJECT_MAX });
    }
    const account: Account = {
      uid: input.entropy.uid(),
      projectUid: project.uid,
      email,
      uniqueId: input.entropy.digits(21),
      displayName,
      description,
      createdAt: input.now,
      etag: input.entropy.etag(),
    };
    return { result: { project, account }, changes: [{ change: 'account.insert', account }] };
  },
});

export const getAccount: Operation<AccountRef, AccountResult> = operation({
  name: 'accounts.get',
  help: 'show a service account',
  kind: 'read',
  permission: 'iam.serviceAccounts.get',
  target: accountTarget,
  needs: ({ account }) => ({ account: { need: 'account', email: account } }) as const,
  decide: (input) => ({ result: existingAccount(input) }),
});

const listScope = (command: ListAccounts) => `accounts.list projects/${command.project}`;

export const listAccounts: Operation<ListAccounts, ListedAccounts> = operation({
  name: 'accounts.list',
  help: 'list the service accounts of a project',
  kind: 'read',
  permission: 'iam.serviceAccounts.list',
  target: ({ project }) => ({ project, asked: `projects/${project}` }),
  needs: (command, keyring) =>
    ({
      found: {
        need: 'accounts',
        project: command.project,
        after: pageCursor(keyring, listScope(command), command, ''),
        limit: pageLimit(command) + 1,
      },
    }) as const,
  decide: (input) => ({
    result: { project: input.project(input.command.project), rows: input.rows.found.rows },
  }),
  finish: ({ project, rows }, command, { keyring }) => {
    const page = pageOf(keyring, listScope(command), command, rows, (account) => account.email as string);
    return { project, accounts: page.rows, nextPageToken: page.nextPageToken };
  },
});

export const deleteAccount: Operation<AccountRef, AccountResult> = operation({
  name: 'accounts.delete',
  help: 'delete a service account and revoke its tokens',
  kind: 'write',
  permission: 'iam.serviceAccounts.delete',
  target: accountTarget,
  needs: ({ account }) => ({ account: { need: 'account', email: account } }) as const,
  decide: (input) => {
    const result = existingAccount(input);
    const { email, uniqueId } = result.account;
    const { arns } = awsPrincipalOfAccount(email, awsAccountOf(result.project));
    const deletedMember = `deleted:serviceAccount:${email}?uid=${uniqueId}`;
    const change = {
      change: 'account.delete',
      email,
      deletedMember,
      policyEtag: policyEtag(input.entropy.etag()),
      awsArns: arns,
      awsDeleted: `AIDA${uniqueId}`,
    } as const;
    return { result, changes: [change] };
  },
});
