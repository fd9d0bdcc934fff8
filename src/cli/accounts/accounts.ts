// `coffer iam service-accounts create|list|describe|delete`, over IAM admin v1.

import { segment } from '../../client/path.ts';
import type { Context } from '../context.ts';
import { confirm } from '../prompt.ts';
import { type ListFlags, type Resource, showList, showOne } from '../show.ts';

const TABLE = 'table(displayName:label="DISPLAY NAME", email, disabled)';

interface Account extends Resource {
  readonly email: string;
}

export async function createAccount(
  this: Context,
  flags: { displayName?: string; description?: string },
  name: string,
): Promise<void> {
  const { project } = this.session;
  const account = await this.session.creating(project, () => {
    return this.session.request<Account>('POST', `/v1/projects/${segment(project)}/serviceAccounts`, {
      accountId: name,
      serviceAccount: {
        ...(flags.displayName === undefined ? {} : { displayName: flags.displayName }),
        ...(flags.description === undefined ? {} : { description: flags.description }),
      },
    });
  });
  this.out.status(`Created service account [${name}].`);
  this.out.status(`Service account email: ${account.email}`);
  await showOne(this, account, 'none');
}

export async function listAccounts(this: Context, flags: ListFlags): Promise<void> {
  const path = `/v1/projects/${segment(this.session.project)}/serviceAccounts`;
  await showList(this, flags, {
    defaultFormat: TABLE,
    serverFilters: false,
    uri: (account) => `${this.session.connection.address}/v1/${account['name']}`,
    fetch: async ({ pageSize, pageToken }) => {
      const page = await this.session.request<{ accounts?: Resource[]; nextPageToken?: string }>(
        'GET',
        path,
        undefined,
        {
          pageSize,
          pageToken,
        },
      );
      const items = (page.accounts ?? []).map((account) => ({ disabled: false, ...account }));
      return { items, nextPageToken: page.nextPageToken };
    },
  });
}

export async function describeAccount(this: Context, _flags: object, email: string): Promise<void> {
  await showOne(this, await this.session.request<Resource>('GET', accountPath(email)));
}

/** @throws CliError where the answer is no. */
export async function deleteAccount(this: Context, _flags: object, email: string): Promise<void> {
  const message = `You are about to delete service account [${email}]`;
  await confirm(this.io, { message, quiet: this.globals.quiet, attended: false });
  await this.session.request('DELETE', accountPath(email));
  this.out.status(`deleted service account [${email}]`);
}

/** The project is in the address; where it is not, `-` lets the server find it (IAM admin v1). */
export function accountPath(email: string): string {
  const project = /^[^@]+@([^.]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? '-';
  return `/v1/projects/${segment(project)}/serviceAccounts/${segment(email)}`;
}
