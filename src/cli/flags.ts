// Flags that several groups share.

import { count, required, text, toggle } from './define.ts';

export const listFlags = {
  filter: text('show only what matches', 'EXPRESSION'),
  limit: count('show at most this many'),
  pageSize: count('ask for this many at a time'),
  sortBy: text('sort by these keys; ~key sorts downwards', 'KEY,…'),
  uri: toggle('print addresses only'),
} as const;

export const bindingFlags = {
  member: required('the principal, such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com', 'PRINCIPAL'),
  role: required('the role, such as roles/secretmanager.secretAccessor', 'ROLE'),
  condition: text('the condition of the binding; None for a binding without', 'KEY=VALUE,…'),
  conditionFromFile: text('a JSON or YAML file with the condition', 'FILE'),
} as const;

export const allConditions = toggle('remove the member whatever the condition');
