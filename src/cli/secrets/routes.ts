// The grammar of `coffer secrets` and `coffer secrets versions` (gcloud's command tree).

import { buildCommand, type RouteMap } from '@stricli/core';
import type { Context } from '../context.ts';
import { argument, group, many, positional, required, text, toggle } from '../define.ts';
import { allConditions, bindingFlags, listFlags } from '../flags.ts';

const secret = argument('the secret: its id or full name', 'SECRET');
const version = argument('the version: its number, an alias or latest', 'VERSION');
const ofSecret = text('the secret of the version', 'SECRET');
const location = text('the location of a regional secret', 'LOCATION');
const etag = text('act only if this is the current etag', 'ETAG');
const labels = many('labels', 'KEY=VALUE');
const outline = { location };

const create = buildCommand({
  loader: async () => (await import('./create.ts')).createSecret,
  parameters: {
    positional: positional(secret),
    flags: {
      location,
      replicationPolicy: text('automatic (the default) or user-managed', 'POLICY'),
      replicationPolicyFile: text('a JSON or YAML file with the replication; - is stdin', 'FILE'),
      locations: many('where a user-managed secret is kept', 'LOCATION,…'),
      kmsKeyName: text('the key that wraps the payloads', 'KEY'),
      regionalKmsKeyName: text('the key that wraps the payloads of a regional secret', 'KEY'),
      dataFile: text('the payload of the first version; - is stdin', 'FILE'),
      labels,
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
  docs: { brief: 'Create a secret' },
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
    },
  },
  docs: { brief: "Change a secret's labels and other settings" },
});

const versions = group('Manage the versions of secrets', {
  add: buildCommand({
    loader: async () => (await import('../versions/add.ts')).addSecretVersion,
    parameters: {
      positional: positional(secret),
      flags: { dataFile: required('the payload; - is stdin', 'FILE'), location },
    },
    docs: { brief: 'Add a version to a secret' },
  }),
  access: buildCommand({
    loader: async () => (await import('../versions/access.ts')).accessVersion,
    parameters: {
      positional: positional(version),
      flags: { secret: ofSecret, location, outFile: text('write the payload to this file, for you only', 'FILE') },
    },
    docs: { brief: "Print a version's payload" },
  }),
  list: buildCommand({
    loader: async () => (await import('../versions/list.ts')).listVersions,
    parameters: { positional: positional(secret), flags: { ...listFlags, location } },
    docs: { brief: 'List the versions of a secret' },
  }),
  describe: buildCommand({
    loader: async () => (await import('../versions/list.ts')).describeVersion,
    parameters: { positional: positional(version), flags: { secret: ofSecret, location } },
    docs: { brief: 'Show a version, without its payload' },
  }),
  enable: buildCommand({
    loader: async () => (await import('../versions/state.ts')).enableVersion,
    parameters: { positional: positional(version), flags: { secret: ofSecret, location, etag } },
    docs: { brief: 'Enable a version' },
  }),
  disable: buildCommand({
    loader: async () => (await import('../versions/state.ts')).disableVersion,
    parameters: { positional: positional(version), flags: { secret: ofSecret, location, etag } },
    docs: { brief: 'Disable a version: it keeps its payload and cannot be read' },
  }),
  destroy: buildCommand({
    loader: async () => (await import('../versions/state.ts')).destroyVersion,
    parameters: { positional: positional(version), flags: { secret: ofSecret, location, etag } },
    docs: { brief: 'Destroy the payload of a version for good' },
  }),
});

export const secrets: RouteMap<Context> = group('Manage secrets', {
  create,
  list: buildCommand({
    loader: async () => (await import('./list.ts')).listSecrets,
    parameters: { flags: { ...listFlags, location } },
    docs: { brief: 'List secrets' },
  }),
  describe: buildCommand({
    loader: async () => (await import('./list.ts')).describeSecret,
    parameters: { positional: positional(secret), flags: outline },
    docs: { brief: 'Show a secret, without its payloads' },
  }),
  update,
  delete: buildCommand({
    loader: async () => (await import('./delete.ts')).deleteSecret,
    parameters: { positional: positional(secret), flags: { etag, location } },
    docs: { brief: 'Delete a secret with all its versions' },
  }),
  addIamPolicyBinding: buildCommand({
    loader: async () => (await import('./policy.ts')).addSecretBinding,
    parameters: { positional: positional(secret), flags: { ...bindingFlags, location } },
    docs: { brief: 'Give a member a role on a secret' },
  }),
  removeIamPolicyBinding: buildCommand({
    loader: async () => (await import('./policy.ts')).removeSecretBinding,
    parameters: { positional: positional(secret), flags: { ...bindingFlags, all: allConditions, location } },
    docs: { brief: 'Take a role on a secret from a member' },
  }),
  getIamPolicy: buildCommand({
    loader: async () => (await import('./policy.ts')).getSecretPolicy,
    parameters: { positional: positional(secret), flags: outline },
    docs: { brief: 'Show who may do what with a secret' },
  }),
  setIamPolicy: buildCommand({
    loader: async () => (await import('./policy.ts')).setSecretPolicy,
    parameters: {
      positional: positional(secret, argument('a JSON or YAML file with the policy', 'POLICY_FILE')),
      flags: outline,
    },
    docs: { brief: 'Replace the policy of a secret' },
  }),
  versions,
});
