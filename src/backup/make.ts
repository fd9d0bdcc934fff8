// Makes one backup: a snapshot of the store, the audit log as far as that snapshot knows of it, sealed under a key of its
// own. The store goes on being written meanwhile. Nothing of it is left behind but the sealed file.

import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { listSegments, segmentName, segmentPath } from '../audit/segment.ts';
import { MAIN, streamDirectory } from '../audit/stream.ts';
import type { AuditMark } from '../core/audit-port.ts';
import type { Store } from '../core/ports.ts';
import { CHUNK_BYTES } from '../crypto/chunks.ts';
import { newKey } from '../crypto/envelope.ts';
import { SEAL_META, sealKeyIdOf } from '../crypto/file-seal.ts';
import type { Keyring } from '../crypto/keyring.ts';
import { auditOfCopy, metaOfCopy } from '../store/snapshot.ts';
import { ARCHIVE_END, ChunkWriter, DATABASE, entryHead, headerLine, keyPurpose } from './format.ts';

/** The audit log may be pruned while it is copied; more than once in a row it is not. */
const ATTEMPTS_MAX = 3;

export interface MakeOptions {
  readonly data: string;
  readonly store: Pick<Store, 'auditAnchors'>;
  /** Copies the store to a new private SQLite file; the audit log then reaches at least as far as the copy says. */
  readonly snapshot: (to: string) => Promise<void>;
  readonly keyring: Pick<Keyring, 'sealBytes'>;
  /** The id of the root key. */
  readonly storeId: string;
  readonly now: number;
  readonly signal: AbortSignal;
}

interface Source {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** Writes the backup to `path`, private, and answers its size. `scratch` is where the snapshot lies meanwhile. */
export async function makeBackup(path: string, scratch: string, options: MakeOptions): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await options.snapshot(scratch);
      const { marks, anchors } = auditOfCopy(scratch);
      const sizeBytes = await write(path, scratch, marks, options);
      if (JSON.stringify(anchors) === JSON.stringify(await options.store.auditAnchors())) return sizeBytes;
      if (attempt === ATTEMPTS_MAX) throw new Error('the audit log is pruned all the time');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' || attempt === ATTEMPTS_MAX) throw error;
    } finally {
      for (const end of ['', '-wal', '-shm', '-journal']) await rm(scratch + end, { force: true });
    }
  }
}

async function write(
  path: string,
  snapshot: string,
  marks: readonly AuditMark[],
  { data, keyring, storeId, now, signal }: MakeOptions,
): Promise<number> {
  const sources = [await sourceOf(DATABASE, snapshot), ...(await segmentsOf(join(data, 'audit'), marks))];
  // As the copy has it: with what opens this, the restored store opens too.
  const seal = Buffer.from(metaOfCopy(snapshot, SEAL_META) ?? []);
  const time = new Date(now).toISOString();
  const line = headerLine({ store: storeId, sealKey: sealKeyIdOf(seal), time, seal: seal.toString('base64') });
  const key = newKey();
  const raw = key.export();
  const wrapped = keyring.sealBytes(keyPurpose(line), raw);
  raw.fill(0);
  await rm(path, { force: true });
  const file = await open(path, 'wx', 0o600);
  let sizeBytes = 0;
  const put = async (bytes: Uint8Array): Promise<void> => {
    signal.throwIfAborted();
    await file.writeFile(bytes);
    sizeBytes += bytes.length;
  };
  try {
    await put(Buffer.from(`${line}\n`));
    await put(wrapped);
    const chunks = new ChunkWriter(key, put);
    for (const source of sources) {
      await chunks.add(entryHead(source.name, source.sizeBytes));
      await copy(source, chunks);
    }
    await chunks.add(ARCHIVE_END);
    await chunks.end();
  } finally {
    await file.close();
  }
  return sizeBytes;
}

/** The segments up to the marks. What a broken log lacks is lacking in its backup too, for `verify` to name. */
async function segmentsOf(root: string, marks: readonly AuditMark[]): Promise<Source[]> {
  const sources: Source[] = [];
  for (const { stream, segment, lengthBytes } of marks) {
    const directory = streamDirectory(root, stream);
    const last = Number(segment);
    for (const number of await listSegments(directory)) {
      if (number > last) continue;
      const name = `audit/${stream === MAIN ? '' : `${stream}/`}${segmentName(number)}.jsonl`;
      const source = await sourceOf(name, segmentPath(directory, number));
      sources.push(number === last ? { ...source, sizeBytes: Math.min(source.sizeBytes, lengthBytes) } : source);
    }
  }
  return sources;
}

async function sourceOf(name: string, path: string): Promise<Source> {
  const file = await open(path, 'r');
  try {
    return { name, path, sizeBytes: (await file.stat()).size };
  } finally {
    await file.close();
  }
}

async function copy({ name, path, sizeBytes }: Source, chunks: ChunkWriter): Promise<void> {
  const file = await open(path, 'r');
  const block = Buffer.alloc(CHUNK_BYTES);
  try {
    for (let atBytes = 0; atBytes < sizeBytes; ) {
      const { bytesRead } = await file.read(block, 0, Math.min(block.length, sizeBytes - atBytes), atBytes);
      if (bytesRead === 0) throw new Error(`${name} became shorter while it was copied`);
      await chunks.add(block.subarray(0, bytesRead));
      atBytes += bytesRead;
    }
  } finally {
    await file.close();
  }
}
