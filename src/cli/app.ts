// The whole grammar: the groups and commands of `coffer`. What each command does is loaded when it runs.

import { type Application, buildApplication, buildCommand } from '@stricli/core';
import { complaints } from './complaints.ts';
import type { Context } from './context.ts';
import { argument, count, group, many, maybeArgument, positional, text, toggle } from './define.ts';
import { listFlags } from './flags.ts';
import { projects } from './projects/routes.ts';
import { secrets } from './secrets/routes.ts';

const email = argument("the account's address", 'IAM_ACCOUNT');

const iam = group('Manage service accounts', {
  serviceAccounts: group('Manage service accounts', {
    create: buildCommand({
      loader: async () => (await import('./accounts/accounts.ts')).createAccount,
      parameters: {
        positional: positional(argument('the first part of its address', 'NAME')),
        flags: { displayName: text('the name to show', 'NAME'), description: text('what it is for', 'TEXT') },
      },
      docs: { brief: 'Create a service account' },
    }),
    list: buildCommand({
      loader: async () => (await import('./accounts/accounts.ts')).listAccounts,
      parameters: { flags: listFlags },
      docs: { brief: 'List the service accounts of a project' },
    }),
    describe: buildCommand({
      loader: async () => (await import('./accounts/accounts.ts')).describeAccount,
      parameters: { positional: positional(email), flags: {} },
      docs: { brief: 'Show a service account' },
    }),
    delete: buildCommand({
      loader: async () => (await import('./accounts/accounts.ts')).deleteAccount,
      parameters: { positional: positional(email), flags: {} },
      docs: { brief: 'Delete a service account' },
    }),
  }),
});

const auth = group('Credentials', {
  printAccessToken: buildCommand({
    loader: async () => (await import('./token.ts')).printAccessToken,
    parameters: {
      positional: positional(maybeArgument('a service account; yourself unless given', 'ACCOUNT')),
      flags: { lifetime: text('how long the token of a service account holds', 'DURATION') },
    },
    docs: { brief: 'Print a short-lived access token' },
  }),
});

const property = argument('project', 'PROPERTY');

const config = group('Settings of this command line', {
  set: buildCommand({
    loader: async () => (await import('./config/properties.ts')).setProperty,
    parameters: { positional: positional(property, argument('its value', 'VALUE')), flags: {} },
    docs: { brief: 'Set a property' },
  }),
  unset: buildCommand({
    loader: async () => (await import('./config/properties.ts')).unsetProperty,
    parameters: { positional: positional(property), flags: {} },
    docs: { brief: 'Unset a property' },
  }),
  get: buildCommand({
    loader: async () => (await import('./config/properties.ts')).getProperty,
    parameters: { positional: positional(property), flags: {} },
    docs: { brief: 'Print a property' },
  }),
  getValue: buildCommand({
    loader: async () => (await import('./config/properties.ts')).getProperty,
    parameters: { positional: positional(property), flags: {} },
    docs: { brief: 'Print a property' },
  }),
  list: buildCommand({
    loader: async () => (await import('./config/properties.ts')).listProperties,
    parameters: {},
    docs: { brief: 'List the properties that are set' },
  }),
});

const recordFlags = {
  since: text('the first moment: a time, or a duration back from now like 2h', 'TIME'),
  until: text('the moment before which to stop', 'TIME'),
  principal: text('who asked, such as serviceAccount:ADDRESS', 'PRINCIPAL'),
  resource: text('a resource and all below it, such as projects/P/secrets/S', 'NAME'),
  outcome: { kind: 'enum', values: ['allowed', 'denied', 'failed'], brief: 'how it ended', optional: true },
  operation: text('the operation, such as versions.access', 'NAME'),
  limit: count('show at most this many'),
} as const;

const audit = group('The audit log', {
  tail: buildCommand({
    loader: async () => (await import('./audit/records.ts')).tailRecords,
    parameters: { flags: { ...recordFlags, follow: toggle('go on printing new records') }, aliases: { f: 'follow' } },
    docs: { brief: 'Print the newest records' },
  }),
  query: buildCommand({
    loader: async () => (await import('./audit/records.ts')).queryRecords,
    parameters: { flags: recordFlags },
    docs: { brief: 'List records, oldest first' },
  }),
  verify: buildCommand({
    loader: async () => (await import('./audit/verify.ts')).verifyAudit,
    parameters: {},
    docs: { brief: 'Check that no record was changed, removed or moved' },
  }),
});

const server = buildCommand({
  loader: async () => (await import('./local.ts')).runServer,
  parameters: {
    flags: {
      listen: text('the address to listen on; 127.0.0.1:8200 unless given', 'HOST:PORT'),
      data: text('the data directory; $COFFER_DATA or one in the data home unless given', 'DIR'),
      keyFile: text('the file with the root key', 'FILE'),
    },
  },
  docs: { brief: 'Start the server' },
});

const run = buildCommand({
  loader: async () => (await import('./local.ts')).runCommand,
  parameters: {
    positional: { kind: 'array', parameter: argument('the command', 'COMMAND') },
    flags: {
      serviceAccount: text('the identity of the command; the default compute account unless given', 'ADDRESS'),
      setSecrets: many('secrets as variables and files: NAME=SECRET:VERSION,/path=SECRET:VERSION', 'KEY=VALUE,…'),
      noMask: toggle('do not mask given values in the output'),
    },
  },
  docs: {
    brief: 'Run a command that reads its secrets from here, in the language of its cloud',
    customUsage: ['[--service-account ADDRESS] [--set-secrets KEY=SECRET:VERSION,…] [--no-mask] -- COMMAND…'],
  },
});

const version = buildCommand({
  loader: async () => (await import('./local.ts')).printVersion,
  parameters: {},
  docs: { brief: 'Print the version' },
});

const description = `Coffer keeps each secret once and lets any program read it in the language it already speaks.

The commands are gcloud's. Anywhere on the line: --project=ID, --format=FORMAT, --flatten=KEY,
--impersonate-service-account=ADDRESS, --quiet. \`coffer help COMMAND\` says more about each.`;

const root = group('Secrets', { secrets, projects, iam, auth, config, audit, server, run, version }, description);

export interface Listeners {
  /** Gets what a command threw, which stricli would otherwise print in its own words. */
  readonly onFailure: (error: unknown) => void;
  /** Gets a word that is no command, and the commands that are like it. */
  readonly onUnknown: (word: string, corrections: readonly string[]) => void;
}

export function buildApp({ onFailure, onUnknown }: Listeners): Application<Context> {
  return buildApplication<Context>(root, {
    name: 'coffer',
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: { caseStyle: 'convert-camel-to-kebab', disableAnsiColor: true, onlyRequiredInUsageLine: true },
    localization: { text: complaints(onUnknown) },
    determineExitCode: (error) => {
      onFailure(error);
      return 1;
    },
  });
}
