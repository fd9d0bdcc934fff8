// What a server leaves for the commands of its own user: the owner's credential in the data directory, and a note of
// where the last server listens. Both are 0600 and replaced atomically, so that a reader never sees half of one.

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Redacted } from './core/redacted.ts';

const OWNER_FILE = 'owner.token';

export interface ServerNote {
  readonly address: string;
  readonly data: string;
  readonly pid: number;
  readonly startedAt: string;
}

/** The owner's credential as kept, or undefined where it is missing. */
export function readOwner(dataDirectory: string): string | undefined {
  try {
    return readFileSync(join(dataDirectory, OWNER_FILE), 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Durable when it returns: the store learns the hash next, and must not know a credential that nobody has. */
export function writeOwner(dataDirectory: string, credential: Redacted<string>): void {
  replace(join(dataDirectory, OWNER_FILE), `${credential.reveal()}\n`);
}

export function writeNote(path: string, note: ServerNote): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  replace(path, `${JSON.stringify(note)}\n`);
}

/** Removes the note where it still is this process's. */
export function removeNote(path: string): void {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as Partial<ServerNote>;
    if (note.pid === process.pid) rmSync(path, { force: true });
  } catch {
    // Somebody else's note, or none: nothing of ours to take away.
  }
}

function replace(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
