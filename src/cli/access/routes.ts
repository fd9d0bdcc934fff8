// The grammar of `coffer access`: who could read what, and why. Coffer's own.

import { buildCommand, type RouteMap } from '@stricli/core';
import type { Context } from '../context.ts';
import { argument, group, help, positional, text } from '../define.ts';
import { listFlags, location, secret } from '../flags.ts';

const principal = argument('whom: user:, serviceAccount: or group: with an address, or allUsers', 'PRINCIPAL');
const permission = text('the permission; secretmanager.versions.access unless given', 'PERMISSION');
const window = text('how far back a read counts; the window of the project unless given', 'DURATION');

export const access: RouteMap<Context> = group('Ask who could read what, and why', {
  who: buildCommand({
    loader: async () => (await import('./who.ts')).whoAccess,
    parameters: { positional: positional(secret), flags: { ...listFlags, location, permission, window } },
    docs: help(
      'List who could read a secret, by which grant, and who did',
      'coffer access who db-password',
      'Policies that you may not read are left out, and named on stderr.',
    ),
  }),
  what: buildCommand({
    loader: async () => (await import('./what.ts')).whatAccess,
    parameters: { positional: positional(principal), flags: { ...listFlags, permission } },
    docs: help(
      'List what a principal could read in a project, and what it did read',
      'coffer access what serviceAccount:app@my-project.iam.gserviceaccount.com',
    ),
  }),
  explain: buildCommand({
    loader: async () => (await import('./explain.ts')).explainAccess,
    parameters: {
      positional: positional(
        principal,
        argument('the permission', 'PERMISSION'),
        argument('a project, secret or version by its full name, or a secret by its id', 'RESOURCE'),
      ),
      flags: { location },
    },
    docs: help(
      'Explain why a principal has a permission on a resource, or has it not',
      'coffer access explain user:ann@example.com secretmanager.versions.access projects/my-project/secrets/db-password',
    ),
  }),
});
