// `coffer backup create`: has the server make a backup and fetches it, part by part. The file gets its name once it is
// whole and on the disk.

import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';

interface Part {
  readonly sizeBytes?: number | string;
  readonly data?: string;
}

const POLL_MS_MIN = 20;
const POLL_MS_MAX = 1000;

/** @throws CliError where the file cannot be written, or is there; ApiError as the server answers. */
export async function createBackup(this: Context, { out }: { readonly out: string }): Promise<void> {
  if (out === '') throw new CliError('--out is empty: give a file, or - for stdout (was a variable not set?)');
  const bytes = out === '-' ? await toStdout(this) : await toFile(this, resolve(this.io.cwd, out));
  this.out.status(`Made a backup of ${bytes} bytes. It opens with the server's key file only, which is not in it.`);
}

async function fetchBackup(context: Context, put: (bytes: Buffer) => Promise<void>): Promise<number> {
  const { session } = context;
  const { id } = await session.request<{ id: string }>('POST', '/coffer/v1/backup:create', {});
  let at = 0;
  let pollMs = POLL_MS_MIN;
  try {
    for (;;) {
      const query = { id, at: String(at) };
      const { sizeBytes, data = '' } = await session.request<Part>('GET', '/coffer/v1/backup:read', undefined, query);
      if (sizeBytes === undefined) {
        await delay(pollMs);
        pollMs = Math.min(2 * pollMs, POLL_MS_MAX);
        continue;
      }
      const bytes = Buffer.from(data, 'base64');
      await put(bytes);
      at += bytes.length;
      if (at === Number(sizeBytes)) return at;
      if (bytes.length === 0) throw new CliError('the server sent less than the whole backup: try again');
    }
  } finally {
    // It goes by itself too, only later.
    await session.request('POST', '/coffer/v1/backup:end', { id }).catch(() => undefined);
  }
}

async function toStdout(context: Context): Promise<number> {
  const { stdout } = context.io;
  if (stdout.isTTY) throw new CliError('a backup is no text: send it to a file or a program, not to the terminal');
  return fetchBackup(
    context,
    (bytes) => new Promise((resolved, reject) => stdout.write(bytes, (error) => (error ? reject(error) : resolved()))),
  );
}

async function toFile(context: Context, path: string): Promise<number> {
  const draft = `${path}.${randomBytes(8).toString('hex')}.part`;
  try {
    const file = await open(draft, 'wx', 0o600);
    let sizeBytes: number;
    try {
      sizeBytes = await fetchBackup(context, (bytes) => file.writeFile(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    // Unlike a rename, a link never replaces a file that is there.
    await link(draft, path);
    await rm(draft);
    const directory = await open(dirname(path), 'r');
    await directory.sync().finally(() => directory.close());
    return sizeBytes;
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new CliError(`cannot write the file [${path}]: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  } finally {
    await rm(draft, { force: true });
  }
}
