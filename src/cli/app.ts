// The whole grammar: the groups and commands of `coffer`. What each command does is loaded when it runs.

import { type Application, buildApplication, buildCommand, type RouteMap } from '@stricli/core';
import { access } from './access/routes.ts';
import { serviceAccounts } from './accounts/routes.ts';
import { backup } from './backup/routes.ts';
import { complaints } from './complaints.ts';
import type { Context } from './context.ts';
import {
  argument,
  choice,
  count,
  group,
  help,
  many,
  maybeArgument,
  positional,
  required,
  text,
  toggle,
  upTo,
} from './define.ts';
import { projects } from './projects/routes.ts';
import { pubsub } from './pubsub/routes.ts';
import { secrets } from './secrets/routes.ts';
import { store } from './store/routes.ts';

/** Ours: threads beyond the cores only take memory. */
const WORKERS_MAX = 64;

const iam = group('Manage service accounts', { serviceAccounts });

const auth = group('Credentials', {
  printAccessToken: buildCommand({
    loader: async () => (await import('./token.ts')).printAccessToken,
    parameters: {
      positional: positional(maybeArgument('a service account; yourself unless given', 'ACCOUNT')),
      flags: { lifetime: text('how long the token of a service account holds', 'DURATION') },
    },
    docs: help('Print a short-lived access token', 'coffer auth print-access-token'),
  }),
  printAwsCredentials: buildCommand({
    loader: async () => (await import('./aws-credentials.ts')).printAwsCredentials,
    parameters: { positional: positional(argument('a service account', 'ACCOUNT')), flags: {} },
    docs: help(
      'Print a session of AWS as a service account, as a credential_process does',
      'coffer auth print-aws-credentials deploy@my-project.iam.gserviceaccount.com',
    ),
  }),
  printIdentityToken: buildCommand({
    loader: async () => (await import('./identity-token.ts')).printIdentityToken,
    parameters: {
      positional: positional(maybeArgument('a service account', 'ACCOUNT')),
      flags: {
        audiences: text('whom the token is for', 'AUDIENCE'),
        includeEmail: toggle("put the account's address into the token"),
      },
    },
    docs: help(
      'Print an ID token of a service account',
      'coffer auth print-identity-token deploy@my-project.iam.gserviceaccount.com --audiences=https://api.example.com',
    ),
  }),
});

const property = argument('project', 'PROPERTY');

const config = group('Settings of this command line', {
  set: buildCommand({
    loader: async () => (await import('./config/properties.ts')).setProperty,
    parameters: { positional: positional(property, argument('its value', 'VALUE')), flags: {} },
    docs: help('Set a property', 'coffer config set project my-project'),
  }),
  unset: buildCommand({
    loader: async () => (await import('./config/properties.ts')).unsetProperty,
    parameters: { positional: positional(property), flags: {} },
    docs: help('Unset a property', 'coffer config unset project'),
  }),
  get: buildCommand({
    loader: async () => (await import('./config/properties.ts')).getProperty,
    parameters: { positional: positional(property), flags: {} },
    docs: help('Print a property', 'coffer config get project'),
  }),
  getValue: buildCommand({
    loader: async () => (await import('./config/properties.ts')).getProperty,
    parameters: { positional: positional(property), flags: {} },
    docs: help('Print a property', 'coffer config get-value project'),
  }),
  list: buildCommand({
    loader: async () => (await import('./config/properties.ts')).listProperties,
    parameters: {},
    docs: help('List the properties that are set', 'coffer config list'),
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
    docs: help('Print the newest records', 'coffer audit tail --follow'),
  }),
  query: buildCommand({
    loader: async () => (await import('./audit/records.ts')).queryRecords,
    parameters: { flags: recordFlags },
    docs: help('List records, oldest first', 'coffer audit query --since=2h --outcome=denied'),
  }),
  verify: buildCommand({
    loader: async () => (await import('./audit/verify.ts')).verifyAudit,
    parameters: { flags: { export: text('check the files of an export instead, without a server', 'DIR') } },
    docs: help('Check that no record was changed, removed or moved', 'coffer audit verify'),
  }),
  export: buildCommand({
    loader: async () => (await import('./audit/export.ts')).exportAudit,
    parameters: {
      flags: {
        out: required('where the files go; what an earlier export left there is continued', 'DIR'),
        gzip: toggle('compress the files'),
        until: text('the moment before which to stop: a time, or a duration back from now', 'TIME'),
      },
    },
    docs: help(
      'Copy the log as it is, so that its chain can be checked elsewhere',
      'coffer audit export --out=audit-2026',
    ),
  }),
  prune: buildCommand({
    loader: async () => (await import('./audit/prune.ts')).pruneAudit,
    parameters: {
      flags: { before: required('what is older goes: a time, or a duration back from now like 90d', 'TIME') },
    },
    docs: help(
      'Remove whole segments of the log that are older than they must be kept',
      'coffer audit prune --before=90d',
    ),
  }),
});

const server = buildCommand({
  loader: async () => (await import('./local.ts')).runServer,
  parameters: {
    flags: {
      listen: text('the address to listen on; 127.0.0.1:8200 unless given', 'HOST:PORT'),
      data: text('the data directory; $COFFER_DATA or one in the data home unless given', 'DIR'),
      store: text('the store; $COFFER_STORE, or the embedded one in the data directory', 'postgres://USER@HOST,…/NAME'),
      storePasswordFile: text('a file with the password that --store leaves out', 'FILE'),
      keyFile: text('the file with the root key', 'FILE'),
      tlsCert: text('a certificate for the names that stand in it, in PEM; read again on SIGHUP', 'FILE'),
      tlsKey: text('its private key, in PEM', 'FILE'),
      workers: upTo(WORKERS_MAX, 'threads that answer requests; one a core unless given, 0 for the main thread alone'),
      auditSync: {
        kind: 'enum',
        values: ['interval', 'always'],
        brief: 'whether a record is on the disk within 100 ms, or before the answer leaves',
        optional: true,
      },
      auditSink: text('where every audit record is sent: file:/PATH, https://HOST/PATH or http://HOST/PATH', 'TARGET'),
      auditSinkHeaders: text('a file of header lines that go with each POST to the sink', 'FILE'),
      awsLambdaEndpoint: text("where Lambda's Invoke API answers, by which rotation functions are run", 'URL'),
      awsLambdaKeyFile: text('a file with the access key by which they are signed', 'FILE'),
      acceptRollback: toggle('start on an older copy of the store, once; it is recorded'),
      seal: {
        kind: 'enum',
        values: ['file', 'shamir'],
        brief: "what opens the store: a key file, or shares that come by Vault's API at each start",
        optional: true,
      },
      auditRetention: count('days after which audit records are removed; for ever unless given'),
    },
  },
  docs: help('Start the server', 'coffer server --listen=127.0.0.1:8200'),
});

const run = buildCommand({
  loader: async () => (await import('./local.ts')).runCommand,
  parameters: {
    positional: { kind: 'array', parameter: argument('the command', 'COMMAND') },
    flags: {
      serviceAccount: text('the identity of the command; the default compute account unless given', 'ADDRESS'),
      setSecrets: many('secrets as variables and files: NAME=SECRET:VERSION,/path=SECRET:VERSION', 'KEY=VALUE,…'),
      workload: text('what this run is called where its reads are shown; the name of the command unless given', 'NAME'),
      host: many('a further name that leads here, by https: NAME or NAME:PORT', 'NAME'),
      noMask: toggle('do not mask given values in the output'),
      onChange: {
        kind: 'enum',
        values: ['none', 'restart', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'],
        brief: 'what the command gets after a secret of :latest has changed; its files are replaced in any case',
        optional: true,
      },
    },
  },
  docs: {
    ...help(
      'Run a command that reads its secrets from here, in the language of its cloud',
      'coffer run --set-secrets=DB_PASSWORD=db-password:latest -- python app.py',
    ),
    customUsage: [
      '[--service-account ADDRESS] [--set-secrets KEY=SECRET:VERSION,…] [--on-change restart|SIGHUP|…] [--host NAME] [--no-mask] -- COMMAND…',
    ],
  },
});

const env = buildCommand({
  loader: async () => (await import('./env.ts')).printEnv,
  parameters: {
    flags: {
      serviceAccount: required('whom programs act as', 'ADDRESS'),
      workload: text('what these programs are called where their reads are shown', 'NAME'),
      node: toggle('also for Node programs whose libraries know no proxy'),
      revoke: toggle('delete the key, its password and the files'),
    },
  },
  docs: {
    ...help(
      'Print the variables that lead programs here as a service account',
      'coffer env --service-account=deploy@my-project.iam.gserviceaccount.com --format=dotenv',
    ),
    customUsage: [
      '--service-account ADDRESS [--format shell|powershell|dotenv|json|github|aws-profile] [--node]',
      '--revoke --service-account ADDRESS',
    ],
  },
});

const completion = buildCommand({
  loader: async () => (await import('./completion/script.ts')).printCompletion,
  parameters: {
    positional: positional(choice('the shell', 'SHELL', ['bash', 'zsh', 'fish'])),
    flags: {},
  },
  docs: help(
    'Print a script that completes command lines of coffer',
    'coffer completion bash',
    'bash: source <(coffer completion bash)\n' +
      'zsh:  source <(coffer completion zsh)\n' +
      'fish: coffer completion fish | source',
  ),
});

const version = buildCommand({
  loader: async () => (await import('./local.ts')).printVersion,
  parameters: {},
  docs: help('Print the version', 'coffer version'),
});

const description = `Coffer keeps each secret once and lets any program read it in the language it already speaks.

The commands are gcloud's. Anywhere on the line: --project=ID, --format=FORMAT, --flatten=KEY,
--impersonate-service-account=ADDRESS, --quiet. \`coffer help COMMAND\` says more about each.`;

/** Every command. */
export const root: RouteMap<Context> = group(
  'Secrets',
  { secrets, access, projects, pubsub, iam, auth, config, audit, backup, store, server, run, env, completion, version },
  description,
);

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
