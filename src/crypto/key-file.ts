// The key file of the `file` seal: one line of text that holds the 256-bit key which wraps the root key.
// It rests beside the data directory, never inside it, readable by its owner only. The form stands in docs/envelope.md.
// Every refusal is one line that names the file and says what to do, and holds nothing of the key.

import { hash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { adoptKey, KEY_BYTES, type NamedKey, nameKey, newKey } from './envelope.ts';

const FORM = 'coffer-key-1';
const LINE = /^coffer-key-1 ([0-9a-f]{16}) ([A-Za-z0-9_-]{43}) ([0-9a-f]{8})\n?$/;
/** A whole line has 83 bytes; what is longer is no key file. */
const FILE_BYTES_MAX = 256;
const CHECK_CHARS = 8;
const OTHERS_BITS = 0o077;

/** The seal cannot be opened. The message is one line for the operator: what is wrong, where, what to do. */
export class SealError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SealError';
  }
}

/** Where the key file is unless the operator names a place: beside the data directory, under its name. */
export function defaultKeyFile(dataDir: string): string {
  return `${resolve(dataDir)}.key`;
}

/** The text of a key file for `key`. */
export function keyFileText(key: NamedKey): string {
  const raw = key.key.export();
  const body = `${FORM} ${key.id} ${raw.toString('base64url')}`;
  raw.fill(0);
  return `${body} ${checkOf(body)}\n`;
}

/** The key of a key file's text, or what is wrong with the text. */
export function parseKeyFile(text: string): NamedKey | string {
  const match = LINE.exec(text);
  if (match === null) return `it is not one line "${FORM} ID KEY CHECK"`;
  const [, id, encoded, check] = match as unknown as [string, string, string, string];
  if (checkOf(`${FORM} ${id} ${encoded}`) !== check) return 'its check does not match';
  const raw = Buffer.from(encoded, 'base64url');
  if (raw.length !== KEY_BYTES) return `its key has ${raw.length} bytes`;
  const key = nameKey(adoptKey(raw));
  return key.id === id ? key : 'its key does not have the id it says';
}

/** Refuses a key file inside the data directory: a copy of the data would carry its own key. Throws SealError. */
export function refuseInside(file: string, dataDir: string): void {
  const inside = [file, dirname(file)].some((path) => isWithin(realpathOf(path), realpathOf(dataDir)));
  if (!inside) return;
  throw new SealError(
    `key file ${file} is inside the data directory ${dataDir}, so a copy of the data would carry its own key: ` +
      'move it out and name its new place with --key-file',
  );
}

/** Opens the key file, or undefined where there is none. Throws SealError for any that must not be used. */
export function readKeyFile(file: string, hint: string): NamedKey | undefined {
  let fd: number;
  try {
    // Without O_NONBLOCK, a FIFO of that name would hold the start up for ever.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new SealError(`key file ${file} cannot be read (${codeOf(error)}): let the server's user read it`, {
      cause: error,
    });
  }
  try {
    return readChecked(fd, file, hint);
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes a key file with a new key, whole and durable when this returns. Throws SealError where it cannot, or where a
 * file of that name has come up meanwhile. The file gets its name only once it is whole, so a crash leaves no half one.
 */
export function createKeyFile(file: string): NamedKey {
  const key = nameKey(newKey());
  const directory = dirname(file);
  const draft = join(directory, `.${basename(file)}.${randomBytes(8).toString('hex')}.new`);
  try {
    try {
      writeDurably(draft, keyFileText(key));
      // Unlike a rename, a link never replaces a file that is there.
      linkSync(draft, file);
    } finally {
      rmSync(draft, { force: true });
    }
    syncDirectory(directory);
  } catch (error) {
    const reason = codeOf(error);
    const advice =
      reason === 'EEXIST'
        ? 'something of that name is there; mend it if it is a symbolic link, else start again'
        : `make sure that ${directory} is there and the server's user may write in it, or name another place with --key-file`;
    throw new SealError(`key file ${file} cannot be made (${reason}): ${advice}`, { cause: error });
  }
  return key;
}

function readChecked(fd: number, file: string, hint: string): NamedKey {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new SealError(`key file ${file} is not a regular file: name the key file with --key-file`);
  const uid = process.geteuid?.() ?? stat.uid;
  if (stat.uid !== uid && stat.uid !== 0) {
    throw new SealError(`key file ${file} belongs to another user (uid ${stat.uid}): run chown ${uid} ${file}`);
  }
  if ((stat.mode & OTHERS_BITS) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
    throw new SealError(`key file ${file} is open to other users (mode ${mode}): run chmod 600 ${file}`);
  }
  const bytes = Buffer.alloc(FILE_BYTES_MAX);
  const length = readSync(fd, bytes, 0, FILE_BYTES_MAX, 0);
  const key = parseKeyFile(bytes.toString('latin1', 0, length));
  bytes.fill(0);
  if (typeof key === 'string') throw new SealError(`key file ${file} is damaged (${key}): ${hint}`);
  return key;
}

function writeDurably(file: string, text: string): void {
  const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function checkOf(body: string): string {
  return hash('sha256', body, 'hex').slice(0, CHECK_CHARS);
}

function realpathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
