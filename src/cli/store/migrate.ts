// `coffer store migrate`: needs both stores, and no server.

import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';

export interface MigrateFlags {
  readonly from: string;
  readonly to: string;
  readonly passwordFile?: string;
}

/** @throws CliError naming what is wrong with either store. */
export async function migrateStore(this: Context, { from, to, passwordFile }: MigrateFlags): Promise<void> {
  const { moveStore } = await import('../../move-store.ts');
  const place = (text: string) => (/^postgres(ql)?:/.test(text) ? text : resolve(this.io.cwd, text));
  const file = passwordFile === undefined ? {} : { passwordFile: resolve(this.io.cwd, passwordFile) };
  try {
    const { rows, bytes } = await moveStore({ from: place(from), to: place(to), env: this.io.env, ...file });
    this.out.status(`Moved the store: ${rows} rows, each read back and compared, and ${bytes} bytes of the audit log.`);
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
