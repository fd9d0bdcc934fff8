// The grammar of `coffer projects` (gcloud's command tree).

import { buildCommand, type RouteMap } from '@stricli/core';
import type { Context } from '../context.ts';
import { argument, group, many, positional, text, toggle } from '../define.ts';
import { allConditions, bindingFlags, listFlags } from '../flags.ts';

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
    docs: { brief: 'Create a project' },
  }),
  list: buildCommand({
    loader: async () => (await import('./list.ts')).listProjects,
    parameters: { flags: listFlags },
    docs: { brief: 'List projects' },
  }),
  describe: buildCommand({
    loader: async () => (await import('./list.ts')).describeProject,
    parameters: { positional: positional(project), flags: {} },
    docs: { brief: 'Show a project' },
  }),
  addIamPolicyBinding: buildCommand({
    loader: async () => (await import('./policy.ts')).addProjectBinding,
    parameters: { positional: positional(project), flags: bindingFlags },
    docs: { brief: 'Give a member a role on a project' },
  }),
  removeIamPolicyBinding: buildCommand({
    loader: async () => (await import('./policy.ts')).removeProjectBinding,
    parameters: { positional: positional(project), flags: { ...bindingFlags, all: allConditions } },
    docs: { brief: 'Take a role on a project from a member' },
  }),
  getIamPolicy: buildCommand({
    loader: async () => (await import('./policy.ts')).getProjectPolicy,
    parameters: { positional: positional(project), flags: listFlags },
    docs: { brief: 'Show who may do what in a project' },
  }),
  setIamPolicy: buildCommand({
    loader: async () => (await import('./policy.ts')).setProjectPolicy,
    parameters: {
      positional: positional(project, argument('a JSON or YAML file with the policy', 'POLICY_FILE')),
      flags: {},
    },
    docs: { brief: 'Replace the policy of a project' },
  }),
});
