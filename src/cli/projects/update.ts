// `coffer projects update --quota`: how many requests a minute a project's secrets take. Coffer's own flag: the real
// service has these quotas in its console.

import type { Context } from '../context.ts';
import { UsageError } from '../error.ts';
import { parseMap } from '../maps.ts';
import { type Resource, showOne } from '../show.ts';

export interface UpdateFlags {
  readonly quota?: readonly string[];
  readonly clearQuota?: boolean;
}

const CLASSES = new Set(['access', 'read', 'write']);

/** @throws UsageError where nothing, or no quota, is asked for. */
export async function updateProject(this: Context, flags: UpdateFlags, id: string): Promise<void> {
  if ((flags.quota === undefined) === (flags.clearQuota !== true)) {
    throw new UsageError('exactly one of --quota | --clear-quota must be specified');
  }
  const quotas = await this.session.request<Resource>('POST', '/coffer/v1/projects:setQuotas', {
    project: id,
    ...parseQuota(flags.quota),
  });
  this.out.status(`Updated quotas of project [${id}].`);
  await showOne(this, quotas, 'none');
}

function parseQuota(quota: readonly string[] | undefined): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(parseMap('quota', quota)).map(([name, value]) => {
      if (!CLASSES.has(name)) throw new UsageError(`argument --quota: [${name}] must be access, read or write`);
      if (!/^[1-9]\d{0,14}$/.test(value)) {
        throw new UsageError(`argument --quota: ${name} must be a whole number of at least 1`);
      }
      return [name, Number(value)];
    }),
  );
}
