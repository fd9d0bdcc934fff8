// `coffer audit export`: the log as it is, as files whose chain can be checked anywhere.

import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { timeBack } from '../times.ts';
import { ExportDirectory, type Part } from './export-directory.ts';

export interface ExportFlags {
  readonly out: string;
  readonly gzip?: boolean;
  readonly until?: string;
}

interface Answer {
  readonly part?: Part;
  readonly next?: string;
  readonly tail: string;
}

/** Writes what the directory does not hold yet. @throws CliError where a file cannot be written. */
export async function exportAudit(this: Context, flags: ExportFlags): Promise<void> {
  const until = flags.until === undefined ? undefined : timeBack('until', flags.until);
  try {
    const directory = await ExportDirectory.open(resolve(this.io.cwd, flags.out), flags.gzip === true);
    let query: { after: string | undefined; until?: string | undefined } = { after: directory.after, until };
    for (;;) {
      const answer = await this.session.request<Answer>('GET', '/coffer/v1/audit:export', undefined, query);
      if (answer.part === undefined) {
        await directory.save(answer.tail);
        break;
      }
      await directory.add(answer.part, answer.tail);
      query = { after: answer.next };
      if (answer.next === undefined) break;
    }
    for (const [stream, { sequence, head }] of Object.entries(directory.streams)) {
      this.out.status(`${stream}: through record ${sequence}; the last hash is ${head}`);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof Error && 'syscall' in error) throw new CliError(`cannot write to [${flags.out}]: ${code}`);
    throw error;
  }
}
