// `coffer backup restore` and `verify`: need the file and the key file, and no server.

import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { BackupFacts, BackupFile } from '../../backup/restore.ts';
import { parseShare } from '../../core/vault/shares.ts';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';

export interface RestoreFlags {
  readonly from: string;
  readonly data: string;
  readonly keyFile?: string;
  readonly shares?: string;
}

/** A file of shares, one a line, is no longer than this. */
const SHARES_BYTES_MAX = 65_536;

/** @throws CliError naming what is wrong with the backup, the key file, the shares or the directory. */
export async function restoreBackup(this: Context, { data, ...flags }: RestoreFlags): Promise<void> {
  const { restoreBackup: restore } = await import('../../backup/restore.ts');
  const directory = resolve(this.io.cwd, data);
  const facts = await attempt(async () =>
    restore(await fileOf(this, { ...flags, keyFile: flags.keyFile ?? `${directory}.key` }), directory),
  );
  this.out.status(`Restored the store as it was at ${facts.time} into ${directory}: ${sizeOf(facts)}.`);
}

/** @throws CliError naming what is wrong with the backup, the key file or the shares. */
export async function verifyBackup(this: Context, flags: Omit<RestoreFlags, 'data'>): Promise<void> {
  const { verifyBackup: verify } = await import('../../backup/restore.ts');
  if (flags.keyFile === undefined && flags.shares === undefined) {
    throw new CliError('a backup opens with its key file or its shares: give --key-file or --shares');
  }
  const facts = await attempt(async () => verify(await fileOf(this, { ...flags, keyFile: flags.keyFile ?? '' })));
  this.out.result(`the backup is whole: store ${facts.store} as it was at ${facts.time}, ${sizeOf(facts)}\n`);
}

async function fileOf(
  { io }: Context,
  { from, keyFile, shares }: Omit<RestoreFlags, 'data' | 'keyFile'> & { readonly keyFile: string },
): Promise<BackupFile> {
  if (from === '-' && shares === '-') throw new CliError('the backup and the shares cannot both come from stdin');
  const open = (name: string) => (name === '-' ? io.stdin : bytesOf(resolve(io.cwd, name)));
  return {
    ...{ name: from === '-' ? 'on stdin' : from, keyFile: resolve(io.cwd, keyFile) },
    ...(shares === undefined ? {} : { shares: await readShares(open(shares)) }),
    content: open(from),
  };
}

/** Opened when it is first read: that it cannot be is then told to whoever reads, and never to nobody. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path);
}

/** One share a line, in hex or base64. */
async function readShares(content: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of content) {
    bytes += part.length;
    if (bytes > SHARES_BYTES_MAX) throw new CliError(`shares have at most ${SHARES_BYTES_MAX} bytes together`);
    parts.push(part);
  }
  const lines = Buffer.concat(parts)
    .toString()
    .split('\n')
    .map((line) => line.trim());
  return lines.filter((line) => line !== '').map(parseShare);
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
