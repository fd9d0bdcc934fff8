// The data directory: made private, refused where another user could write to it. Modes are set, not asked for, so no
// umask widens or narrows them.

import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StoreError } from './store-error.ts';

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const WRITABLE_BY_OTHERS = 0o022;
const MODE_BITS = 0o777;

/** The absolute path of the directory, made if it is not there; throws StoreError where it is not ours alone to write. */
export function prepareDirectory(directory: string): string {
  const path = resolve(directory);
  try {
    if (mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE }) !== undefined) {
      chmodSync(path, DIRECTORY_MODE);
      syncDirectory(dirname(path));
    }
  } catch (error) {
    throw new StoreError(`cannot make the data directory ${path} (${codeOf(error)}): choose another --data`, {
      cause: error,
    });
  }
  const stat = statSync(path);
  refuseForeign(path, stat.uid);
  if ((stat.mode & WRITABLE_BY_OTHERS) !== 0) {
    const mode = (stat.mode & MODE_BITS).toString(8);
    throw new StoreError(`other users can write to ${path} (mode ${mode}): run chmod 700 ${path}`);
  }
  return path;
}

/**
 * Makes the file empty and private where it is not there. It is opened only then: closing any descriptor of a file
 * drops the locks that this process holds on it.
 */
export function prepareFile(path: string): void {
  try {
    const descriptor = openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, FILE_MODE);
    fchmodSync(descriptor, FILE_MODE);
    closeSync(descriptor);
    return;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') {
      throw new StoreError(`cannot make ${path} (${codeOf(error)}): make room there, or choose another --data`, {
        cause: error,
      });
    }
  }
  const stat = lstatSync(path);
  if (!stat.isFile()) throw new StoreError(`${path} is not a regular file: choose another --data`);
  refuseForeign(path, stat.uid);
  if ((stat.mode & MODE_BITS) !== FILE_MODE) chmodSync(path, FILE_MODE);
}

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function refuseForeign(path: string, uid: number): void {
  const own = process.geteuid?.();
  if (own !== undefined && uid !== own) {
    throw new StoreError(`${path} belongs to another user (uid ${uid}): choose another --data, or chown it to ${own}`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
