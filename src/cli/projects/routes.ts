// The grammar of `coffer projects` (gcloud's command tree).

import { buildCommand, type RouteMap } from '@stricli/core';
import type { Context } from '../context.ts';
import { argument, group, help, many, positional, text, toggle } from '../define.ts';
import { allConditions, bindingFlags, force, listFlags } from '../flags.ts';

const project = argument('the project: its id or number', 'PROJECT_ID');

export const projects: RouteMap<Context> = group('Manage projects', {
  create: buildCommand({
    loader: async () => (await import('./create.ts')).createProject,
    parameters: {
      positional: positional(argument('the id: 6 to 30 lower case letters, digits and hyphens', 'PROJECT_ID')),
      flags: {
        name: text('the name to show; the id unless given', 'NAME'),
        labels: many('labels', 'KEY=VALUE,…'),
        setAsDefault: toggle('use this project from now on'),
        enableCloudApis: toggle('accepted and not needed: every API is enabled'),
      },
    },
    docs: help('Create a project', 'coffer projects create my-project --set-as-default'),
  }),
  list: buildCommand({
    loader: async () => (await import('./list.ts')).listProjects,
    parameters: { flags: listFlags },
    docs: help('List projects', 'coffer projects list --sort-by=projectId'),
  }),
  describe: buildCommand({
    loader: async () => (await import('./list.ts')).describeProject,
    parameters: { positional: positional(project), flags: {} },
    docs: help('Show a project', 'coffer projects describe my-project'),
  }),
  delete: buildCommand({
    loader: async () => (await import('./delete.ts')).deleteProject,
    parameters: { positional: positional(project), flags: { force } },
    docs: help('Delete a project and all that is in it', 'coffer projects delete my-project'),
  }),
  update: buildCommand({
    loader: async () => (await import('./update.ts')).updateProject,
    parameters: {
      positional: positional(project),
      flags: {
        quota: many(
          'requests a minute to its secrets: access=N,read=N,write=N; what is left out is unlimited',
          'KEY=N,…',
        ),
        clearQuota: toggle('take every quota away'),
        awsAccountId: text('the AWS account that it is for AWS programs: 12 digits', 'ID'),
      },
    },
    docs: help(
      'Set the quotas of a project, or the AWS account that it is',
      'coffer projects update my-project --quota=access=6000,write=60',
    ),
  }),
  getReaderGuard: buildCommand({
    loader: async () => (await import('./reader-guard.ts')).getReaderGuard,
    parameters: { positional: positional(project), flags: {} },
    docs: help('Show how versions that are still read are guarded', 'coffer projects get-reader-guard my-project'),
  }),
  setReaderGuard: buildCommand({
    loader: async () => (await import('./reader-guard.ts')).setReaderGuard,
    parameters: {
      positional: positional(project),
      flags: {
        guard: {
          kind: 'enum',
          values: ['off', 'refuse'],
          brief: "whether the cloud's own clients are refused too",
          optional: true,
        },
        window: text('for how long a read counts as use', 'DURATION'),
      },
    },
    docs: help(
      'Set how versions that are still read are guarded',
      'coffer projects set-reader-guard my-project --guard=refuse --window=14d',
      "Coffer's own commands refuse in any case, unless --force is given.",
    ),
  }),
  addIamPolicyBinding: buildCommand({
    loader: async () => (await import('./policy.ts')).addProjectBinding,
    parameters: { positional: positional(project), flags: bindingFlags },
    docs: help(
      'Give a member a role on a project',
      'coffer projects add-iam-policy-binding my-project --member=user:ann@example.com --role=roles/secretmanager.viewer',
    ),
  }),
  removeIamPolicyBinding: buildCommand({
    loader: async () => (await import('./policy.ts')).removeProjectBinding,
    parameters: { positional: positional(project), flags: { ...bindingFlags, all: allConditions } },
    docs: help(
      'Take a role on a project from a member',
      'coffer projects remove-iam-policy-binding my-project --member=user:ann@example.com --role=roles/secretmanager.viewer',
    ),
  }),
  getIamPolicy: buildCommand({
    loader: async () => (await import('./policy.ts')).getProjectPolicy,
    parameters: { positional: positional(project), flags: listFlags },
    docs: help('Show who may do what in a project', 'coffer projects get-iam-policy my-project'),
  }),
  setIamPolicy: buildCommand({
    loader: async () => (await import('./policy.ts')).setProjectPolicy,
    parameters: {
      positional: positional(project, argument('a JSON or YAML file with the policy', 'POLICY_FILE')),
      flags: {},
    },
    docs: help('Replace the policy of a project', 'coffer projects set-iam-policy my-project policy.yaml'),
  }),
});
