// `coffer audit verify`: whether the chain of records holds from its beginning to its end.

import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { type Resource, showOne } from '../show.ts';

interface Verdict extends Resource {
  readonly ok: boolean;
  readonly records: number | string;
  readonly firstBad?: { readonly sequence: number | string; readonly segment: string; readonly problem: string };
}

/** @throws CliError naming the first bad record. */
export async function verifyAudit(this: Context): Promise<void> {
  const verdict = await this.session.request<Verdict>('GET', '/coffer/v1/audit:verify');
  if (this.globals.format !== undefined) await showOne(this, verdict);
  else if (verdict.ok) this.out.result(`the audit log is whole: ${verdict.records} records\n`);
  if (verdict.ok) return;
  const bad = verdict.firstBad;
  throw new CliError(
    bad === undefined
      ? 'the audit log was changed'
      : `the audit log was changed: record ${bad.sequence} in ${bad.segment}: ${bad.problem}; ${verdict.records} records before it are whole`,
  );
}
