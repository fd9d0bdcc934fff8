// The grammar of `coffer secrets` (gcloud's command tree).

import { buildCommand, type RouteMap } from '@stricli/core';
import { awsPolicyOfSecret } from '../aws/routes.ts';
import type { Context } from '../context.ts';
import { argument, group, help, many, positional, required, text, toggle } from '../define.ts';
import { allConditions, bindingFlags, etag, force, listFlags, location, secret } from '../flags.ts';
import { versions } from '../versions/routes.ts';

const outline = { location };

const create = buildCommand({
  loader: async () => (await import('./create.ts')).createSecret,
  parameters: {
    positional: positional(argument('the secret: its id or full name', 'SECRET')),
    flags: {
      location,
      replicationPolicy: text('automatic (the default) or user-managed', 'POLICY'),
      replicationPolicyFile: text('a JSON or YAML file with the replication; - is stdin', 'FILE'),
      locations: many('where a user-managed secret is kept', 'LOCATION,…'),
      kmsKeyName: text('the key that wraps the payloads', 'KEY'),
      regionalKmsKeyName: text('the key that wraps the payloads of a regional secret', 'KEY'),
      dataFile: text('the payload of the first version; - is stdin', 'FILE'),
      labels: many('labels', 'KEY=VALUE,…'),
      setAnnotations: many('annotations', 'KEY=VALUE,…'),
      tags: many('tags', 'KEY=VALUE,…'),
      topics: many('Pub/Sub topics to notify', 'TOPIC,…'),
      nextRotationTime: text('when to send the next rotation notice', 'TIME'),
      rotationPeriod: text('how long between rotation notices', 'DURATION'),
      expireTime: text('when the secret is deleted by itself', 'TIME'),
      ttl: text('how long until the secret is deleted by itself', 'DURATION'),
      versionDestroyTtl: text('how long a destroyed version can still be saved', 'DURATION'),
    },
  },
  docs: help(
    'Create a secret',
    'coffer secrets create db-password --data-file=password.txt --labels=env=prod',
    'With --data-file its first version is added too. Durations are 2592000s, 30d or P30D; times are\n' +
      '2030-01-31T12:00:00Z, or counted from now: +P30D.',
  ),
});

const update = buildCommand({
  loader: async () => (await import('./update.ts')).updateSecret,
  parameters: {
    positional: positional(secret),
    flags: {
      location,
      etag,
      updateLabels: many('labels to add or change', 'KEY=VALUE,…'),
      removeLabels: many('labels to remove', 'KEY,…'),
      clearLabels: toggle('remove all labels'),
      updateAnnotations: many('annotations to add or change', 'KEY=VALUE,…'),
      removeAnnotations: many('annotations to remove', 'KEY,…'),
      clearAnnotations: toggle('remove all annotations'),
      updateVersionAliases: many('aliases to add or change', 'ALIAS=VERSION,…'),
      removeVersionAliases: many('aliases to remove', 'ALIAS,…'),
      clearVersionAliases: toggle('remove all aliases'),
      addTopics: many('Pub/Sub topics to add', 'TOPIC,…'),
      removeTopics: many('Pub/Sub topics to remove', 'TOPIC,…'),
      clearTopics: toggle('remove all topics'),
      nextRotationTime: text('when to send the next rotation notice', 'TIME'),
      removeNextRotationTime: toggle('send no further rotation notice'),
      rotationPeriod: text('how long between rotation notices', 'DURATION'),
      removeRotationPeriod: toggle('do not repeat rotation notices'),
      removeRotationSchedule: toggle('remove the rotation altogether'),
      expireTime: text('when the secret is deleted by itself', 'TIME'),
      ttl: text('how long until the secret is deleted by itself', 'DURATION'),
      removeExpiration: toggle('never delete the secret by itself'),
      versionDestroyTtl: text('how long a destroyed version can still be saved', 'DURATION'),
      removeVersionDestroyTtl: toggle('destroy versions at once'),
      regionalKmsKeyName: text('the key that wraps the payloads of a regional secret from now on', 'KEY'),
      removeRegionalKmsKeyName: toggle('use no key of your own for a regional secret from now on'),
    },
  },
  docs: help(
    "Change a secret's labels and other settings",
    'coffer secrets update db-password --update-labels=env=prod --update-version-aliases=stable=1',
    'Durations are 2592000s, 30d or P30D; times are 2030-01-31T12:00:00Z, or counted from now: +P30D.',
  ),
});

const replication = group('Manage where secrets are kept and under whose keys', {
  get: buildCommand({
    loader: async () => (await import('./replication.ts')).getReplication,
    parameters: { positional: positional(secret), flags: {} },
    docs: help("Show a secret's replication", 'coffer secrets replication get db-password'),
  }),
  set: buildCommand({
    loader: async () => (await import('./replication.ts')).setReplication,
    parameters: {
      positional: positional(secret),
      flags: { replicationPolicyFile: required('a JSON or YAML file with the replication; - is stdin', 'FILE') },
    },
    docs: help(
      "Replace a secret's replication",
      'coffer secrets replication set db-password --replication-policy-file=policy.json',
      'The keys can change, the locations cannot.',
    ),
  }),
  update: buildCommand({
    loader: async () => (await import('./replication.ts')).updateReplication,
    parameters: {
      positional: positional(secret),
      flags: {
        setKmsKey: text('the key that wraps the payloads from now on', 'KEY'),
        location: text('the replica whose key it is, where there are several', 'LOCATION'),
        removeCmek: toggle('use no key of your own from now on'),
      },
    },
    docs: help(
      "Change the keys of a secret's replication",
      'coffer secrets replication update db-password --remove-cmek',
    ),
  }),
});

const locations = group('Show the regions that secrets can name', {
  list: buildCommand({
    loader: async () => (await import('./locations.ts')).listLocations,
    parameters: { flags: listFlags },
    docs: help('List the regions', 'coffer secrets locations list --limit=5'),
  }),
  describe: buildCommand({
    loader: async () => (await import('./locations.ts')).describeLocation,
    parameters: { positional: positional(argument('the region', 'LOCATION', location.proposeCompletions)), flags: {} },
    docs: help('Show a region', 'coffer secrets locations describe europe-west1'),
  }),
});

export const secrets: RouteMap<Context> = group('Manage secrets', {
  create,
  list: buildCommand({
    loader: async () => (await import('./list.ts')).listSecrets,
    parameters: { flags: { ...listFlags, location } },
    docs: help('List secrets', 'coffer secrets list --filter=labels.env=prod --sort-by=~createTime --limit=10'),
  }),
  describe: buildCommand({
    loader: async () => (await import('./list.ts')).describeSecret,
    parameters: { positional: positional(secret), flags: outline },
    docs: help('Show a secret, without its payloads', 'coffer secrets describe db-password'),
  }),
  update,
  delete: buildCommand({
    loader: async () => (await import('./delete.ts')).deleteSecret,
    parameters: { positional: positional(secret), flags: { etag, location, force } },
    docs: help('Delete a secret with all its versions', 'coffer secrets delete db-password'),
  }),
  addIamPolicyBinding: buildCommand({
    loader: async () => (await import('./policy.ts')).addSecretBinding,
    parameters: { positional: positional(secret), flags: { ...bindingFlags, location } },
    docs: help(
      'Give a member a role on a secret',
      'coffer secrets add-iam-policy-binding db-password --member=user:ann@example.com --role=roles/secretmanager.secretAccessor',
    ),
  }),
  removeIamPolicyBinding: buildCommand({
    loader: async () => (await import('./policy.ts')).removeSecretBinding,
    parameters: { positional: positional(secret), flags: { ...bindingFlags, all: allConditions, location } },
    docs: help(
      'Take a role on a secret from a member',
      'coffer secrets remove-iam-policy-binding db-password --member=user:ann@example.com --role=roles/secretmanager.secretAccessor',
    ),
  }),
  getIamPolicy: buildCommand({
    loader: async () => (await import('./policy.ts')).getSecretPolicy,
    parameters: { positional: positional(secret), flags: outline },
    docs: help('Show who may do what with a secret', 'coffer secrets get-iam-policy db-password'),
  }),
  setIamPolicy: buildCommand({
    loader: async () => (await import('./policy.ts')).setSecretPolicy,
    parameters: {
      positional: positional(secret, argument('a JSON or YAML file with the policy', 'POLICY_FILE')),
      flags: outline,
    },
    docs: help('Replace the policy of a secret', 'coffer secrets set-iam-policy db-password policy.yaml'),
  }),
  ...awsPolicyOfSecret,
  promote: buildCommand({
    loader: async () => (await import('./current.ts')).promoteVersion,
    parameters: {
      positional: positional(secret, argument('the number of the version', 'VERSION')),
      flags: outline,
    },
    docs: help(
      'Make a version of a secret the current one, which latest gives',
      'coffer secrets promote db-password 2',
    ),
  }),
  rollback: buildCommand({
    loader: async () => (await import('./current.ts')).rollbackSecret,
    parameters: { positional: positional(secret), flags: outline },
    docs: help('Make the version current again that was so before', 'coffer secrets rollback db-password'),
  }),
  consumers: buildCommand({
    loader: async () => (await import('./consumers.ts')).listConsumers,
    parameters: {
      positional: positional(secret),
      flags: {
        ...listFlags,
        location,
        window: text('how far back a read counts; the window of the project unless given', 'DURATION'),
      },
    },
    docs: help(
      'List who reads a secret, and who has not moved to the current version',
      'coffer secrets consumers db-password --window=30d',
    ),
  }),
  versions,
  replication,
  locations,
});
