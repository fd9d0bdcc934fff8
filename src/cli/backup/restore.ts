// `coffer backup restore` and `verify`: need the file and the key file, and no server.

import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { BackupFacts, BackupFile } from '../../backup/restore.ts';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';

export interface RestoreFlags {
  readonly from: string;
  readonly data: string;
  readonly keyFile?: string;
}

/** @throws CliError naming what is wrong with the backup, the key file or the directory. */
export async function restoreBackup(this: Context, { from, data, keyFile }: RestoreFlags): Promise<void> {
  const { restoreBackup: restore } = await import('../../backup/restore.ts');
  const directory = resolve(this.io.cwd, data);
  const facts = await attempt(() => restore(fileOf(this, from, keyFile ?? `${directory}.key`), directory));
  this.out.status(`Restored the store as it was at ${facts.time} into ${directory}: ${sizeOf(facts)}.`);
}

/** @throws CliError naming what is wrong with the backup or the key file. */
export async function verifyBackup(this: Context, flags: { from: string; keyFile: string }): Promise<void> {
  const { verifyBackup: verify } = await import('../../backup/restore.ts');
  const facts = await attempt(() => verify(fileOf(this, flags.from, flags.keyFile)));
  this.out.result(`the backup is whole: store ${facts.store} as it was at ${facts.time}, ${sizeOf(facts)}\n`);
}

function fileOf(context: Context, from: string, keyFile: string): BackupFile {
  const { io } = context;
  const content = from === '-' ? io.stdin : createReadStream(resolve(io.cwd, from));
  return { name: from === '-' ? 'on stdin' : from, content, keyFile: resolve(io.cwd, keyFile) };
}

const sizeOf = ({ files, bytes }: BackupFacts): string => `${files} files, ${bytes} bytes`;

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    const message =
      code !== undefined && path !== undefined ? `cannot use [${path}]: ${code}` : String((error as Error).message);
    throw new CliError(message, { cause: error });
  }
}
