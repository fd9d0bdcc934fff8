// `coffer audit verify`: whether the chain of records holds from its beginning to its end, as the server knows it, or in
// the files of an export, without any server.

import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { type Resource, showOne } from '../show.ts';

interface Verdict extends Resource {
  readonly ok: boolean;
  readonly records: number | string;
  readonly pruned?: number | string;
  readonly firstBad?: {
    readonly stream: string;
    readonly sequence: number | string;
    readonly segment: string;
    readonly problem: string;
  };
}

/** @throws CliError naming the first bad record. */
export async function verifyAudit(this: Context, flags: { readonly export?: string }): Promise<void> {
  if (flags.export !== undefined) return verifyFiles(this, flags.export);
  const verdict = await this.session.request<Verdict>('GET', '/coffer/v1/audit:verify');
  const { ok, records, pruned, firstBad } = verdict;
  if (this.globals.format !== undefined) await showOne(this, verdict);
  else if (ok) {
    const before = Number(pruned ?? 0) === 0 ? '' : `, after ${pruned} that were pruned`;
    this.out.result(`the audit log is whole: ${records} records${before}\n`);
  }
  if (ok) return;
  throw new CliError(
    firstBad === undefined
      ? 'the audit log was changed'
      : `the audit log was changed: record ${firstBad.sequence} of the stream ${firstBad.stream}, ` +
          `in ${firstBad.segment}: ${firstBad.problem}; ${records} records before it are whole`,
  );
}

async function verifyFiles(context: Context, directory: string): Promise<void> {
  const { verifyExport } = await import('../../audit/offline.ts');
  const verdict = await verifyExport(resolve(context.io.cwd, directory)).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`cannot read the export [${directory}]: ${error.code ?? error.message}`, { cause: error });
  });
  if (context.globals.format !== undefined) await showOne(context, verdict as unknown as Resource);
  else {
    for (const { stream, records, after, head } of verdict.streams) {
      const from = after === 0 ? '' : ` behind record ${after}`;
      context.out.result(`${stream}: ${records} records hold${from}; the last hash is ${head}\n`);
    }
  }
  const { firstBad } = verdict;
  if (firstBad === undefined) return;
  throw new CliError(`the export was changed: record ${firstBad.sequence} in ${firstBad.file}: ${firstBad.problem}`);
}
