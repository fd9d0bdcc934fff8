// The file beside the key file that says how far a store has been seen: one signed line, private, replaced whole. It has
// the store's id in its name, as several stores may have one key file.

import { randomBytes } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Mac, readNote, signNote } from './signed-note.ts';

const KIND = 'coffer-seen-1';
const BYTES_MAX = 256;

/** One line for the operator. */
export class CounterError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CounterError';
  }
}

export function counterFile(keyFile: string, storeId: string): string {
  return `${keyFile}.seen-${storeId}`;
}

/** How far the store has been seen; undefined where there is no file. Throws CounterError for one that is no such file. */
export function readSeen(file: string, storeId: string, mac: Mac): number | undefined {
  let text: string;
  try {
    text = read(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new CounterError(`the counter file ${file} cannot be read (${code}): let the server's user read it`, {
      cause: error,
    });
  }
  const [id, seen] = readNote(text, KIND, 2, mac) ?? [];
  if (id === storeId && seen !== undefined) return Number(seen);
  throw new CounterError(
    `the counter file ${file} was changed, so an older copy of the store cannot be told: ` +
      'put the file back, or start once with --accept-rollback',
  );
}

/** Durable when it returns. Throws the error of the file system. */
export function writeSeen(file: string, storeId: string, seen: number, mac: Mac): void {
  const draft = `${file}.${randomBytes(8).toString('hex')}.new`;
  try {
    const fd = openSync(draft, 'wx', 0o600);
    try {
      writeFileSync(fd, signNote(KIND, [storeId, String(seen)], mac));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function read(file: string): string {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const bytes = Buffer.alloc(BYTES_MAX);
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, BYTES_MAX, 0));
  } finally {
    closeSync(fd);
  }
}
