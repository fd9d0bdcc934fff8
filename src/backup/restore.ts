// Checks a backup, and makes a data directory of it. All of it lies under another name until its last byte was found to
// be whole and is on the disk; only then does the directory get its name. Needs no server, and the key file always.

import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { counterMac } from '../crypto/counter-mac.ts';
import { adoptKey, associatedData, EnvelopeError, nameKey, openNamed } from '../crypto/envelope.ts';
import { type OpenedSeal, openSealRecord } from '../crypto/file-seal.ts';
import { refuseInside } from '../crypto/key-file.ts';
import { openSharedRecord } from '../crypto/shamir-seal.ts';
import { syncDirectory } from '../store/directory.ts';
import { metaOfCopy, signCopy } from '../store/snapshot.ts';
import { ByteReader } from './byte-reader.ts';
import { counterOf, RESTORED_META, restoredNote } from './counter.ts';
import { counterFile, readSeen } from './counter-file.ts';
import {
  BackupError,
  DATABASE,
  type Header,
  keyPurpose,
  openChunks,
  readEntries,
  readHeader,
  WRAPPED_KEY_BYTES,
} from './format.ts';

export interface BackupFile {
  /** How it is called where something is wrong with it. */
  readonly name: string;
  readonly content: AsyncIterable<Uint8Array>;
  /** Opens it, unless shares do; beside it lies how far the store's counter has been seen. */
  readonly keyFile: string;
  /** Of the key of the seal, where that was shared out. */
  readonly shares?: readonly Uint8Array[];
}

export interface BackupFacts {
  readonly store: string;
  readonly time: string;
  readonly files: number;
  /** Of what is in it. */
  readonly bytes: number;
}

/** Reads a backup to its end. Rejects with SealError, BackupError or the source's error. */
export async function verifyBackup(file: BackupFile): Promise<BackupFacts> {
  const { header, entries } = await openBackup(file);
  return named(file.name, async () => {
    let [files, bytes] = [0, 0];
    for await (const entry of entries) {
      for await (const part of entry.content) bytes += part.length;
      files += 1;
    }
    return { store: header.store, time: header.time, files, bytes };
  });
}

/**
 * Makes `data` of a backup. Rejects with SealError, BackupError, CounterError or the file system's error, and then
 * nothing is there that was not there before.
 */
export async function restoreBackup(file: BackupFile, data: string): Promise<BackupFacts> {
  const directory = resolve(data);
  refuseInside(file.keyFile, directory);
  await refuseFull(directory);
  const { header, entries, seal } = await openBackup(file);
  const draft = join(dirname(directory), `.${basename(directory)}.${randomBytes(8).toString('hex')}.restoring`);
  await mkdir(draft, { mode: 0o700 });
  try {
    await chmod(draft, 0o700);
    const facts = await named(file.name, async () => {
      const { files, bytes } = await writeEntries(entries, draft);
      sign(draft, header, file.keyFile, seal);
      return { store: header.store, time: header.time, files, bytes };
    });
    await syncTree(draft);
    // Onto a directory that is not empty this fails, however late something came into it.
    await rename(draft, directory);
    syncDirectory(dirname(directory));
    return facts;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

interface OpenBackup {
  readonly header: Header;
  readonly seal: OpenedSeal;
  readonly entries: ReturnType<typeof readEntries>;
}

async function openBackup({ name, content, keyFile, shares }: BackupFile): Promise<OpenBackup> {
  return named(name, async () => {
    const bytes = new ByteReader(content);
    const { header, line } = await readHeader(bytes);
    const record = Buffer.from(header.seal, 'base64');
    const owner = { name: `the backup ${name}`, remedy: 'take another copy of the backup' };
    const seal =
      shares === undefined ? openSealRecord(keyFile, record, owner) : openSharedRecord(shares, record, owner.name);
    const wrapped = await bytes.take(WRAPPED_KEY_BYTES);
    const root = nameKey(seal.root);
    const key = adoptKey(openNamed(root, associatedData('coffer bytes v1', [keyPurpose(line)]), wrapped));
    return { header, seal, entries: readEntries(new ByteReader(openChunks(key, bytes))) };
  });
}

async function writeEntries(entries: OpenBackup['entries'], draft: string): Promise<{ files: number; bytes: number }> {
  let [files, bytes] = [0, 0];
  for await (const { name, content } of entries) {
    const path = join(draft, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(path, 'wx', 0o600);
    try {
      await file.chmod(0o600);
      for await (const part of content) {
        await file.writeFile(part);
        bytes += part.length;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    files += 1;
  }
  return { files, bytes };
}

/** Leaves the note by which the next start knows that this older copy is meant. */
function sign(draft: string, header: Header, keyFile: string, { root }: OpenedSeal): void {
  const path = join(draft, DATABASE);
  const mac = counterMac(root);
  const storeId = nameKey(root).id;
  const own = counterOf(metaOfCopy(path, 'counter'), { data: path, storeId, mac, accept: false });
  const seen = readSeen(counterFile(keyFile, storeId), storeId, mac);
  signCopy(path, RESTORED_META, restoredNote({ storeId, own, seen, mac }, header.time));
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(directory, entry.name));
  }
  syncDirectory(directory);
}

async function refuseFull(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return;
  throw new BackupError(`the data directory ${directory} is not empty: restore into a new one, or move it away`);
}

/** Gives what is wrong within a backup the name of the backup. */
async function named<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupError) throw new BackupError(`the backup ${name} ${error.message}`, { cause: error });
    if (!(error instanceof EnvelopeError)) throw error;
    throw new BackupError(`the backup ${name} does not hold: ${error.message}: take another copy of it`, {
      cause: error,
    });
  }
}
