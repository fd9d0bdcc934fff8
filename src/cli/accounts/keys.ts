// `coffer iam service-accounts keys create|list|delete|disable|enable`, over IAM admin v1, in gcloud's words. The private
// key goes into a file that only its owner can read, or to stdout for `-`, and is kept nowhere else.

import { segment } from '../../client/path.ts';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { writePrivate } from '../payload.ts';
import { confirm } from '../prompt.ts';
import { type ListFlags, type Resource, showList } from '../show.ts';
import { accountPath } from './accounts.ts';

const TABLE =
  'table(name.scope(keys):label=KEY_ID, validAfterTime:label=CREATED_AT, validBeforeTime:label=EXPIRES_AT, ' +
  'disabled:label=DISABLED)';

interface OfAccount {
  readonly iamAccount: string;
}

interface CreatedKey {
  readonly name: string;
  /** The key file in base64. */
  readonly privateKeyData: string;
}

/** @throws CliError where the file cannot be written: the key is then deleted again. */
export async function createKey(
  this: Context,
  flags: OfAccount & { keyFileType?: string },
  output: string,
): Promise<void> {
  if (flags.keyFileType !== undefined && flags.keyFileType !== 'json') {
    throw new CliError('argument --key-file-type: this server makes json files only');
  }
  const key = await this.session.request<CreatedKey>('POST', `${accountPath(flags.iamAccount)}/keys`, {
    privateKeyType: 'TYPE_GOOGLE_CREDENTIALS_FILE',
  });
  const bytes = Buffer.from(key.privateKeyData, 'base64');
  const id = key.name.split('/').at(-1) ?? '';
  if (output === '-') this.out.payload(bytes);
  else await keep(this, output, bytes, keyPath(flags, id));
  this.out.status(`created key [${id}] of type [json] as [${output}] for [${flags.iamAccount}]`);
}

/** A key that nobody has must not stay behind. */
async function keep(context: Context, output: string, bytes: Uint8Array, path: string): Promise<void> {
  try {
    await writePrivate(context.io, output, bytes);
  } catch (error) {
    await context.session.request('DELETE', path);
    throw error;
  }
}

export async function listKeys(
  this: Context,
  flags: ListFlags & OfAccount & { managedBy?: 'user' | 'system' | 'any' },
): Promise<void> {
  const keyTypes =
    flags.managedBy === undefined || flags.managedBy === 'any'
      ? {}
      : { keyTypes: `${flags.managedBy}_managed`.toUpperCase() };
  await showList(this, flags, {
    defaultFormat: TABLE,
    serverFilters: false,
    uri: (key) => `${this.session.connection.address}/v1/${key['name']}`,
    fetch: async () => {
      const path = `${accountPath(flags.iamAccount)}/keys`;
      const answer = await this.session.request<{ keys?: Resource[] }>('GET', path, undefined, keyTypes);
      return { items: (answer.keys ?? []).map((key) => ({ disabled: false, ...key })), nextPageToken: undefined };
    },
  });
}

/** @throws CliError where the answer is no. */
export async function deleteKey(this: Context, flags: OfAccount, id: string): Promise<void> {
  const message = `You are about to delete key [${id}] for service account [${flags.iamAccount}].`;
  await confirm(this.io, { message, quiet: this.globals.quiet, attended: false });
  await this.session.request('DELETE', keyPath(flags, id));
  this.out.status(`deleted key [${id}] for service account [${flags.iamAccount}]`);
}

export async function disableKey(this: Context, flags: OfAccount, id: string): Promise<void> {
  await this.session.request('POST', `${keyPath(flags, id)}:disable`, {});
  this.out.status(`Disabled key [${id}] for service account [${flags.iamAccount}].`);
}

export async function enableKey(this: Context, flags: OfAccount, id: string): Promise<void> {
  await this.session.request('POST', `${keyPath(flags, id)}:enable`, {});
  this.out.status(`Enabled key [${id}] for service account [${flags.iamAccount}].`);
}

function keyPath({ iamAccount }: OfAccount, id: string): string {
  return `${accountPath(iamAccount)}/keys/${segment(id)}`;
}
