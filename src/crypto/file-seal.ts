// The `file` seal: a key in a file beside the data directory wraps the root key, which rests wrapped in the store.
// A new store gets a new root key, and a new key file unless one is there already: that is what a start leaves that
// was cut off before the store's first commit. A store with a root key never gets a second one.
// The record and its associated data stand in docs/envelope.md.

import { resolve } from 'node:path';
import type { MetaStore } from '../core/ports.ts';
import {
  adoptKey,
  associatedData,
  EnvelopeError,
  keyIdOf,
  type NamedKey,
  newKey,
  openNamed,
  sealNamed,
} from './envelope.ts';
import { openFingerprintKey } from './fingerprint-key.ts';
import { createKeyFile, defaultKeyFile, readKeyFile, refuseInside, SealError } from './key-file.ts';
import type { OpenRoot } from './keyring.ts';

export const SEAL_META = 'seal';
const SEAL_TYPE = 'file';
/** The other one that there is. */
export const SHARED_SEAL_TYPE = 'shamir';
const RECORD_FORMAT = 1;
const TYPE_CHARS_MAX = 32;

export interface SealOptions {
  readonly dataDir: string;
  /** Default: `dataDir` with `.key` after it. */
  readonly keyFile?: string | undefined;
  readonly meta: MetaStore;
}

export interface OpenSeal extends OpenRoot {
  readonly keyFile: string;
  /** True where this start made the key file. */
  readonly keyFileMade: boolean;
}

type Unsealed = Omit<OpenSeal, 'fingerprintKey'>;

/** What a seal record belongs to, for the operator. */
interface Owner {
  readonly name: string;
  /** What to do where its record was changed. */
  readonly remedy: string;
}

/** A root key that was opened, and the id of the key that opened it. */
export interface OpenedSeal {
  readonly root: OpenRoot['root'];
  readonly sealKeyId: string;
}

interface SealRecord {
  readonly type: string;
  readonly wrappedRoot: Uint8Array;
}

/**
 * Opens the store's root key, or makes one for a store that has none. Throws SealError: one line for the operator.
 */
export async function openSeal(options: SealOptions): Promise<OpenSeal> {
  const dataDir = resolve(options.dataDir);
  const keyFile = options.keyFile === undefined ? defaultKeyFile(dataDir) : resolve(options.keyFile);
  const stored = await options.meta.meta(SEAL_META);
  const seal =
    stored === undefined ? await initialise(dataDir, keyFile, options.meta) : unseal(dataDir, keyFile, stored);
  return { ...seal, fingerprintKey: await openFingerprintKey(seal.root, options.meta, dataDir) };
}

async function initialise(dataDir: string, keyFile: string, meta: MetaStore): Promise<Unsealed> {
  refuseInside(keyFile, dataDir);
  const found = readKeyFile(
    keyFile,
    'the store has no data yet, so restore this file, or move it away and start again',
  );
  const sealKey = found ?? createKeyFile(keyFile);
  const root = newKey();
  await meta.setMeta(SEAL_META, sealRecord(SEAL_TYPE, sealKey, root));
  return { root, sealType: SEAL_TYPE, sealKeyId: sealKey.id, keyFile, keyFileMade: found === undefined };
}

function unseal(dataDir: string, keyFile: string, stored: Uint8Array): Unsealed {
  const owner = { name: `the store in ${dataDir}`, remedy: 'restore the data directory from your backup' };
  const check = () => refuseInside(keyFile, dataDir);
  return { ...openSealRecord(keyFile, stored, owner, check), sealType: SEAL_TYPE, keyFile, keyFileMade: false };
}

/**
 * Opens the root key that a seal record holds with the key in a key file. Throws SealError, which names the key that is
 * needed and the one that is there. `check` comes before the key file is read.
 */
export function openSealRecord(keyFile: string, stored: Uint8Array, owner: Owner, check = () => {}): OpenedSeal {
  const record = parseRecord(stored, owner);
  const wanted = keyIdOf(record.wrappedRoot);
  check();
  const sealKey = readKeyFile(keyFile, `restore key ${wanted} of ${owner.name} from your backup`);
  if (sealKey === undefined) {
    throw new SealError(
      `key file ${keyFile} is missing, and ${owner.name} opens with key ${wanted} only: ` +
        'restore it from your backup, or name its place with --key-file',
    );
  }
  if (sealKey.id !== wanted) {
    throw new SealError(
      `key file ${keyFile} holds key ${sealKey.id}, but ${owner.name} opens with key ${wanted} only: ` +
        'put that key file there, or name its place with --key-file',
    );
  }
  return { root: openRoot(sealKey, record, owner), sealKeyId: sealKey.id };
}

function openRoot(sealKey: NamedKey, record: SealRecord, { name, remedy }: Owner): OpenRoot['root'] {
  try {
    return adoptKey(openNamed(sealKey, rootData(record.type), record.wrappedRoot));
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    throw new SealError(
      `the root key of ${name} does not open with its own key ${sealKey.id}, so its stored bytes were ` +
        `changed: ${remedy}`,
      { cause: error },
    );
  }
}

/** The record of a root key under the key of a seal of this type. */
export function sealRecord(type: string, sealKey: NamedKey, root: OpenRoot['root']): Buffer {
  const raw = root.export();
  const wrappedRoot = sealNamed(sealKey, rootData(type), raw);
  raw.fill(0);
  return recordBytes({ type, wrappedRoot });
}

/** The id of the key that opens a record. Throws EnvelopeError for what is none. */
export function sealKeyIdOf(stored: Uint8Array): string {
  return keyIdOf(stored.subarray(2 + (stored[1] ?? 0)));
}

/** The root key of a record of this type. Throws EnvelopeError where it is of another type or does not open. */
export function openRecord(type: string, sealKey: NamedKey, stored: Uint8Array): OpenRoot['root'] {
  if (sealTypeOf(stored) !== type) throw new EnvelopeError('a record of another seal');
  return adoptKey(openNamed(sealKey, rootData(type), stored.subarray(2 + type.length)));
}

/** The type of seal that a record says it has. */
export function sealTypeOf(stored: Uint8Array): string {
  return Buffer.from(stored.subarray(2, 2 + (stored[1] ?? 0))).toString('latin1');
}

function rootData(type: string): Buffer {
  return associatedData('coffer root key v1', [type]);
}

/** A format byte, the length of the seal's type, the type, the wrapped root key. */
function recordBytes(record: SealRecord): Buffer {
  const type = Buffer.from(record.type);
  return Buffer.concat([Buffer.of(RECORD_FORMAT, type.length), type, record.wrappedRoot]);
}

function parseRecord(bytes: Uint8Array, { name, remedy }: Owner): SealRecord {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const typeChars = record[1] ?? 0;
  const type = record.toString('latin1', 2, 2 + typeChars);
  const known = record[0] === RECORD_FORMAT && /^[a-z-]+$/.test(type) && typeChars <= TYPE_CHARS_MAX;
  if (known && type === SHARED_SEAL_TYPE) throw new SealError(`${name} is sealed by shares: give them, not a key file`);
  if (known && type !== SEAL_TYPE) {
    throw new SealError(`${name} has a "${type}" seal, which this program does not know: use a newer one`);
  }
  const wrappedRoot = record.subarray(2 + typeChars);
  try {
    if (!known) throw new EnvelopeError('not a seal record');
    keyIdOf(wrappedRoot);
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    throw new SealError(`the seal record of ${name} was changed (${error.message}): ${remedy}`, { cause: error });
  }
  return { type, wrappedRoot };
}
