// Files of `coffer env`: private, and whole or not there.

import { randomBytes } from 'node:crypto';
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a file unless there is one: false then. Nobody ever sees half of it. */
export function keepFirst(directory: string, name: string, text: string): boolean {
  const temporary = writeTemporary(directory, name, text);
  try {
    linkSync(temporary, join(directory, name));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Writes a file in place of the one that may be there; answers its path. */
export function replaceFile(directory: string, name: string, text: string): string {
  const path = join(directory, name);
  renameSync(writeTemporary(directory, name, text), path);
  return path;
}

function writeTemporary(directory: string, name: string, text: string): string {
  const temporary = join(directory, `${name}.${randomBytes(6).toString('hex')}.tmp`);
  writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
  return temporary;
}
