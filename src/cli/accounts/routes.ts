// The grammar of `coffer iam service-accounts` (gcloud's command tree).

import { buildCommand, type RouteMap } from '@stricli/core';
import { awsPoliciesOfAccounts } from '../aws/routes.ts';
import type { Context } from '../context.ts';
import { argument, group, help, positional, required, text } from '../define.ts';
import { listFlags } from '../flags.ts';

const email = argument("the account's address", 'IAM_ACCOUNT');
const keyId = argument('the key: 40 hex digits, or the id of an access key', 'KEY_ID');
const iamAccount = required("the account's address", 'IAM_ACCOUNT');

const keys = group('Manage the keys of service accounts', {
  create: buildCommand({
    loader: async () => (await import('./keys.ts')).createKey,
    parameters: {
      positional: positional(argument('where to write the private key; - is stdout', 'OUTPUT_FILE')),
      flags: { iamAccount, keyFileType: text('json, aws for an access key, or azure for a client secret', 'TYPE') },
    },
    docs: help(
      'Create a key and write its private half to a file',
      'coffer iam service-accounts keys create key.json --iam-account=deploy@my-project.iam.gserviceaccount.com',
      '--format=aws and --format=azure are the same as --key-file-type.',
    ),
  }),
  import: buildCommand({
    loader: async () => (await import('./keys.ts')).importKey,
    parameters: {
      flags: {
        iamAccount,
        accessKeyId: required('the id of an access key of AWS', 'ID'),
        secretAccessKeyFile: required('a file that holds its secret; - is stdin', 'FILE'),
      },
    },
    docs: help(
      'Let the account use an access key that programs have already',
      'coffer iam service-accounts keys import --format=aws --access-key-id=AKIAIOSFODNN7EXAMPLE --secret-access-key-file=- --iam-account=deploy@my-project.iam.gserviceaccount.com',
    ),
  }),
  upload: buildCommand({
    loader: async () => (await import('./keys.ts')).uploadKey,
    parameters: {
      positional: positional(argument('a certificate with an RSA key', 'CERTIFICATE_FILE')),
      flags: { iamAccount },
    },
    docs: help(
      'Let the account prove itself by a certificate of its own',
      'coffer iam service-accounts keys upload client.pem --iam-account=deploy@my-project.iam.gserviceaccount.com',
    ),
  }),
  list: buildCommand({
    loader: async () => (await import('./keys.ts')).listKeys,
    parameters: {
      flags: {
        iamAccount,
        managedBy: { kind: 'enum', values: ['user', 'system', 'any'], brief: 'whose keys to list', optional: true },
        ...listFlags,
      },
    },
    docs: help(
      'List the keys of a service account',
      'coffer iam service-accounts keys list --iam-account=deploy@my-project.iam.gserviceaccount.com',
    ),
  }),
  delete: buildCommand({
    loader: async () => (await import('./keys.ts')).deleteKey,
    parameters: { positional: positional(keyId), flags: { iamAccount } },
    docs: help(
      'Delete a key',
      'coffer iam service-accounts keys delete 0123456789abcdef0123456789abcdef01234567 --iam-account=deploy@my-project.iam.gserviceaccount.com',
    ),
  }),
  disable: buildCommand({
    loader: async () => (await import('./keys.ts')).disableKey,
    parameters: { positional: positional(keyId), flags: { iamAccount } },
    docs: help(
      'Refuse a key until it is enabled again',
      'coffer iam service-accounts keys disable 0123456789abcdef0123456789abcdef01234567 --iam-account=deploy@my-project.iam.gserviceaccount.com',
    ),
  }),
  enable: buildCommand({
    loader: async () => (await import('./keys.ts')).enableKey,
    parameters: { positional: positional(keyId), flags: { iamAccount } },
    docs: help(
      'Accept a disabled key again',
      'coffer iam service-accounts keys enable 0123456789abcdef0123456789abcdef01234567 --iam-account=deploy@my-project.iam.gserviceaccount.com',
    ),
  }),
});

export const serviceAccounts: RouteMap<Context> = group('Manage service accounts', {
  create: buildCommand({
    loader: async () => (await import('./accounts.ts')).createAccount,
    parameters: {
      positional: positional(argument('the first part of its address', 'NAME')),
      flags: { displayName: text('the name to show', 'NAME'), description: text('what it is for', 'TEXT') },
    },
    docs: help('Create a service account', 'coffer iam service-accounts create deploy'),
  }),
  list: buildCommand({
    loader: async () => (await import('./accounts.ts')).listAccounts,
    parameters: { flags: listFlags },
    docs: help('List the service accounts of a project', 'coffer iam service-accounts list'),
  }),
  describe: buildCommand({
    loader: async () => (await import('./accounts.ts')).describeAccount,
    parameters: { positional: positional(email), flags: {} },
    docs: help(
      'Show a service account',
      'coffer iam service-accounts describe deploy@my-project.iam.gserviceaccount.com',
    ),
  }),
  delete: buildCommand({
    loader: async () => (await import('./accounts.ts')).deleteAccount,
    parameters: { positional: positional(email), flags: {} },
    docs: help(
      'Delete a service account',
      'coffer iam service-accounts delete deploy@my-project.iam.gserviceaccount.com',
    ),
  }),
  keys,
  awsPolicies: awsPoliciesOfAccounts,
});
