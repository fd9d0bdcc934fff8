// `coffer iam service-accounts keys create|import|upload|list|delete|disable|enable`, over IAM admin v1, in gcloud's words. The private
// key goes into a file that only its owner can read, or to stdout for `-`, and is kept nowhere else.

import { X509Certificate } from 'node:crypto';
import { segment } from '../../client/path.ts';
import type { Context } from '../context.ts';
import { CliError, UsageError } from '../error.ts';
import { readDocument, writePrivate } from '../payload.ts';
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

interface CreatedSecret {
  readonly key: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** @throws CliError where the file cannot be written: the key is then deleted again. */
export async function createKey(
  this: Context,
  flags: OfAccount & { keyFileType?: string },
  output: string,
): Promise<void> {
  // `--format` is one of every command: here it says for whose library the key is.
  const type = flags.keyFileType ?? this.globals.format ?? 'json';
  if (type === 'azure') return createSecret(this, flags, output);
  if (type === 'aws') return createAccessKey(this, flags, output);
  if (type !== 'json') {
    throw new CliError('argument --key-file-type: this server makes json, aws and azure files only');
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

/** A client secret, as the variables by which Azure's libraries take one. */
async function createSecret(context: Context, { iamAccount }: OfAccount, output: string): Promise<void> {
  const { key, tenantId, clientId, clientSecret } = await context.session.request<CreatedSecret>(
    'POST',
    '/coffer/v1/accountKeys:createSecret',
    { serviceAccount: iamAccount },
  );
  const lines = [`AZURE_TENANT_ID=${tenantId}`, `AZURE_CLIENT_ID=${clientId}`, `AZURE_CLIENT_SECRET=${clientSecret}`];
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  if (output === '-') context.out.payload(bytes);
  else await keep(context, output, bytes, keyPath({ iamAccount }, key));
  context.out.status(`created key [${key}] of type [azure] as [${output}] for [${iamAccount}]`);
}

interface AccessKey {
  readonly accessKeyId: string;
  readonly awsAccountId: string;
  readonly secretAccessKey?: string;
}

/** An access key, as the variables by which AWS's libraries take one. */
async function createAccessKey(context: Context, { iamAccount }: OfAccount, output: string): Promise<void> {
  const made = await context.session.request<AccessKey>('POST', '/coffer/v1/accountKeys:createAws', {
    serviceAccount: iamAccount,
  });
  const { accessKeyId, secretAccessKey, awsAccountId } = made;
  const bytes = Buffer.from(`AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`);
  if (output === '-') context.out.payload(bytes);
  else await keep(context, output, bytes, keyPath({ iamAccount }, accessKeyId));
  context.out.status(
    `created key [${accessKeyId}] of type [aws] as [${output}] for [${iamAccount}], AWS account [${awsAccountId}]`,
  );
}

export interface ImportFlags extends OfAccount {
  readonly accessKeyId: string;
  readonly secretAccessKeyFile: string;
}

/**
 * Lets the account use an access key that programs have already.
 * @throws UsageError for any other kind of key.
 */
export async function importKey(this: Context, flags: ImportFlags): Promise<void> {
  const { iamAccount: serviceAccount, accessKeyId } = flags;
  if ((this.globals.format ?? 'aws') !== 'aws') throw new UsageError('argument --format: must be aws');
  const secretAccessKey = (await readDocument(this.io, flags.secretAccessKeyFile)).replace(/\r?\n$/, '');
  const { awsAccountId } = await this.session.request<AccessKey>('POST', '/coffer/v1/accountKeys:importAws', {
    serviceAccount,
    accessKeyId,
    secretAccessKey,
  });
  this.out.status(`imported key [${accessKeyId}] for [${serviceAccount}], AWS account [${awsAccountId}]`);
}

/**
 * Lets the account prove itself by a certificate of its own: only the public key goes to the server.
 * @throws CliError where the file holds no certificate with an RSA key.
 */
export async function uploadKey(this: Context, { iamAccount }: OfAccount, path: string): Promise<void> {
  const text = await readDocument(this.io, path);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(text);
  } catch {
    throw new CliError(`the file [${path}] holds no certificate in PEM`);
  }
  if (certificate.publicKey.asymmetricKeyType !== 'rsa') {
    throw new CliError(`the key of the certificate in [${path}] is not an RSA key`);
  }
  const { key, tenantId, clientId } = await this.session.request<CreatedSecret>(
    'POST',
    '/coffer/v1/accountKeys:upload',
    {
      serviceAccount: iamAccount,
      publicKey: certificate.publicKey.export({ type: 'spki', format: 'pem' }),
      expireTime: new Date(certificate.validTo).toISOString(),
    },
  );
  this.out.status(`uploaded key [${key}] for [${iamAccount}]: tenant [${tenantId}], client [${clientId}]`);
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
