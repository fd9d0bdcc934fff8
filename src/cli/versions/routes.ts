// The grammar of `coffer secrets versions` (gcloud's command tree).

import { buildCommand, type RouteMap } from '@stricli/core';
import type { Context } from '../context.ts';
import { argument, group, help, positional, required, text, toggle } from '../define.ts';
import { etag, force, listFlags, location, ofSecret, secret } from '../flags.ts';

const version = argument('the version: its number, an alias or latest', 'VERSION', async () => ['latest']);
const stateParameters = { positional: positional(version), flags: { secret: ofSecret, location, etag } } as const;
const takingParameters = { ...stateParameters, flags: { ...stateParameters.flags, force } } as const;

export const versions: RouteMap<Context> = group('Manage the versions of secrets', {
  add: buildCommand({
    loader: async () => (await import('./add.ts')).addSecretVersion,
    parameters: {
      positional: positional(secret),
      flags: {
        dataFile: required('the payload; - is stdin', 'FILE'),
        candidate: toggle('do not make it the current version yet'),
        location,
      },
    },
    docs: help(
      'Add a version to a secret',
      'coffer secrets versions add db-password --data-file=password.txt',
      'The new version becomes the current one, which is what latest gives. With --candidate it can be read by its\n' +
        'number only, until `coffer secrets promote` makes it current.',
    ),
  }),
  access: buildCommand({
    loader: async () => (await import('./access.ts')).accessVersion,
    parameters: {
      positional: positional(version),
      flags: { secret: ofSecret, location, outFile: text('write the payload to this file, for you only', 'FILE') },
    },
    docs: help(
      "Print a version's payload",
      'coffer secrets versions access latest --secret=db-password',
      'The bytes as they were stored: no line break is added.',
    ),
  }),
  list: buildCommand({
    loader: async () => (await import('./list.ts')).listVersions,
    parameters: { positional: positional(secret), flags: { ...listFlags, location } },
    docs: help('List the versions of a secret', 'coffer secrets versions list db-password --filter=state:ENABLED'),
  }),
  describe: buildCommand({
    loader: async () => (await import('./list.ts')).describeVersion,
    parameters: { positional: positional(version), flags: { secret: ofSecret, location } },
    docs: help('Show a version, without its payload', 'coffer secrets versions describe 1 --secret=db-password'),
  }),
  enable: buildCommand({
    loader: async () => (await import('./state.ts')).enableVersion,
    parameters: stateParameters,
    docs: help(
      'Enable a version',
      'coffer secrets versions enable 1 --secret=db-password',
      'A destruction that was scheduled is called off.',
    ),
  }),
  disable: buildCommand({
    loader: async () => (await import('./state.ts')).disableVersion,
    parameters: takingParameters,
    docs: help(
      'Disable a version: it keeps its payload and cannot be read',
      'coffer secrets versions disable 1 --secret=db-password',
    ),
  }),
  destroy: buildCommand({
    loader: async () => (await import('./state.ts')).destroyVersion,
    parameters: takingParameters,
    docs: help(
      'Destroy the payload of a version for good',
      'coffer secrets versions destroy 1 --secret=db-password',
      'Where the secret has a --version-destroy-ttl, the version is disabled first and destroyed after that time.',
    ),
  }),
});
