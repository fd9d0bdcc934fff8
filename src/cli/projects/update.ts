// `coffer projects update`: how many requests a minute a project's secrets take, and which AWS account it is. Coffer's own
// flags: the real services have these in their consoles, or cannot change them.

import type { Context } from '../context.ts';
import { UsageError } from '../error.ts';
import { parseMap } from '../maps.ts';
import { type Resource, showOne } from '../show.ts';

export interface UpdateFlags {
  readonly quota?: readonly string[];
  readonly clearQuota?: boolean;
  readonly awsAccountId?: string;
}

const CLASSES = new Set(['access', 'read', 'write']);

/** @throws UsageError where nothing, or too much, is asked for. */
export async function updateProject(this: Context, flags: UpdateFlags, id: string): Promise<void> {
  const { awsAccountId } = flags;
  const asked = [flags.quota !== undefined, flags.clearQuota === true, awsAccountId !== undefined];
  if (asked.filter(Boolean).length !== 1) {
    throw new UsageError('exactly one of --quota | --clear-quota | --aws-account-id must be specified');
  }
  if (awsAccountId !== undefined) {
    const set = await this.session.request<Resource>('POST', '/coffer/v1/projects:setAwsAccount', {
      project: id,
      awsAccountId,
    });
    this.out.status(`Updated AWS account of project [${id}].`);
    await showOne(this, set, 'none');
    return;
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
