// One server a directory. The lock is an open BEGIN EXCLUSIVE on a database of its own: the kernel drops it with the
// process, so kill -9 leaves nothing to clean up. The process id beside it is only there to be named.

import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { prepareFile } from './directory.ts';
import { isBusy, problemOf } from './problem.ts';
import { StoreError } from './store-error.ts';

const LOCK_FILE = 'lock.db';
const PID_FILE = 'lock.pid';
const PID = /^[1-9][0-9]{0,9}\n$/;

export class DirectoryLock {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  release(): void {
    this.#database.close();
  }
}

/** Holds the directory until released or the process ends; throws StoreError where another server holds it. */
export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, LOCK_FILE);
  prepareFile(path);
  const database = new DatabaseSync(path);
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) {
      const pid = holder(directory);
      const who = pid === undefined ? '' : ` (pid ${pid})`;
      throw new StoreError(`another coffer server is using ${directory}${who}: stop it, or choose another --data`, {
        cause: error,
      });
    }
    const { problem, remedy } = problemOf(error) ?? { problem: 'it fails', remedy: 'remove it and start again' };
    throw new StoreError(`cannot lock ${path}: ${problem}: ${remedy}`, { cause: error });
  }
  writePid(directory);
  return new DirectoryLock(database);
}

function holder(directory: string): string | undefined {
  try {
    const text = readFileSync(join(directory, PID_FILE), 'latin1');
    return PID.test(text) ? text.trim() : undefined;
  } catch {
    return undefined;
  }
}

/** A disk that is full keeps the id from being written; the lock holds all the same. */
function writePid(directory: string): void {
  const path = join(directory, PID_FILE);
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o600 });
    chmodSync(path, 0o600);
  } catch {
    // Then the other server is told without it.
  }
}
