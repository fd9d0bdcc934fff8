// Flags and arguments that several groups share, and flags that exclude each other.

import { argument, count, type Propose, required, text, toggle } from './define.ts';
import { UsageError } from './error.ts';

const secretNames: Propose = async function (partial) {
  return (await import('./completion/names.ts')).secretNames(this, partial);
};

export const secret = argument('the secret: its id or full name', 'SECRET', secretNames);
export const ofSecret = { ...text('the secret of the version', 'SECRET'), proposeCompletions: secretNames } as const;
export const location = {
  ...text('the location of a regional secret', 'LOCATION'),
  proposeCompletions: async (partial: string) => (await import('./completion/names.ts')).locationNames(partial),
} as const;
export const etag = text('act only if this is the current etag', 'ETAG');

export const force = toggle('also where somebody still reads it');

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

/** @throws UsageError where more than one of the flags `names` is given. */
export function oneOf<F extends object>(flags: F, names: readonly (keyof F & string)[]): void {
  const given = names.filter((name) => flags[name] !== undefined && flags[name] !== false);
  if (given.length < 2) return;
  const all = names.map(flagName);
  throw new UsageError(`argument ${flagName(given[0] ?? '')}: at most one of ${all.join(' | ')} can be specified`);
}

/** How a flag is typed: `--expire-time` for `expireTime`. */
export function flagName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
