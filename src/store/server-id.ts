// What tells a server from the others on the same store: seven characters that its data directory keeps. They begin the
// names of its audit streams, so they never change.

import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from './directory.ts';
import { StoreError } from './store-error.ts';

const FILE = 'server.id';
const FORM = /^s[0-9a-z]{6}$/;
const CHARS = 6;
const BASE = 36;

/** The id in a data directory; made where there is none. Throws StoreError for a file that holds something else. */
export function readServerId(directory: string): string {
  const path = join(directory, FILE);
  let text: string;
  try {
    text = readFileSync(path, 'latin1').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    text = `s${randomInt(BASE ** CHARS)
      .toString(BASE)
      .padStart(CHARS, '0')}`;
    writeFileSync(path, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true });
    syncDirectory(directory);
  }
  if (FORM.test(text)) return text;
  throw new StoreError(`${path} does not hold the id of a server: put it back, or remove it for a new one`);
}
