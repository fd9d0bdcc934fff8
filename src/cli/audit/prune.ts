// `coffer audit prune`: lets go of what is older than it must be kept, and says what went.

import type { Context } from '../context.ts';
import { type Resource, showOne } from '../show.ts';
import { timeBack } from '../times.ts';

interface Pruned extends Resource {
  readonly streams: readonly { readonly stream: string; readonly segments: number; readonly through: number }[];
  readonly waiting: number;
}

/** @throws UsageError for a time that is none. */
export async function pruneAudit(this: Context, flags: { readonly before: string }): Promise<void> {
  const before = timeBack('before', flags.before);
  const pruned = await this.session.request<Pruned>('POST', '/coffer/v1/audit:prune', { before });
  if (this.globals.format !== undefined) return showOne(this, pruned);
  for (const { stream, segments, through } of pruned.streams) {
    this.out.result(`${stream}: removed ${segments} segments, through record ${through}\n`);
  }
  if (pruned.streams.length === 0) this.out.status('No whole segment is older than that.');
  if (pruned.waiting > 0) this.out.status(`${pruned.waiting} segments stay until the sink has them.`);
}
