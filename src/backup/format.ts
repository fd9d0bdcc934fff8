// A backup file to the byte: a line that says what it is and which key opens it, the wrapped key of this one backup, and
// the sealed chunks of an archive of named files. The form and a test vector stand in docs/backup.md.

import type { KeyObject } from 'node:crypto';
import { CHUNK_BOX_BYTES, CHUNK_BYTES, openChunk, sealChunk } from '../crypto/chunks.ts';
import type { ByteReader } from './byte-reader.ts';

const FORMAT = 'coffer-backup-1';
const HEADER_BYTES_MAX = 4096;
/** A named box of a 32-byte key. */
export const WRAPPED_KEY_BYTES = 69;
/** The first file of each. */
export const DATABASE = 'coffer.db';
const NAME = /^(?:coffer\.db|audit\/(?:[a-z][a-z0-9]{0,15}\/)?\d{8}\.jsonl)$/;
const NAME_BYTES_MAX = 64;

/** What is wrong with a backup, in a few words that come after its name. */
export class BackupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
  }
}

export interface Header {
  /** The id of the store's root key. */
  readonly store: string;
  readonly sealKey: string;
  /** When it was begun, RFC 3339. */
  readonly time: string;
  /** The store's seal record, base64. */
  readonly seal: string;
}

export function headerLine({ store, sealKey, time, seal }: Header): string {
  return JSON.stringify({ format: FORMAT, store, sealKey, time, seal });
}

/** What the backup's own key is sealed for: it opens with this very header only. */
export function keyPurpose(line: string): string {
  return `backup key of ${line}`;
}

/** The first line of a backup. Throws BackupError. */
export async function readHeader(bytes: ByteReader): Promise<{ readonly header: Header; readonly line: string }> {
  const line = await bytes.line(HEADER_BYTES_MAX);
  let fields: Record<string, unknown> = {};
  try {
    fields = JSON.parse(line ?? '') as Record<string, unknown>;
  } catch {
    // It is refused below.
  }
  const { format, store, sealKey, time, seal } = fields ?? {};
  if (line === undefined || typeof format !== 'string' || !format.startsWith('coffer-backup-')) {
    throw new BackupError('is not a backup of a Coffer store');
  }
  if (format !== FORMAT) throw new BackupError(`has the form ${format.slice(0, 32)}: use a newer program`);
  if (
    ![store, sealKey].every((each) => typeof each === 'string' && /^[0-9a-f]{16}$/.test(each)) ||
    typeof time !== 'string' ||
    !/^[0-9TZ:.-]{20,30}$/.test(time) ||
    typeof seal !== 'string'
  ) {
    throw new BackupError('has a first line that was changed');
  }
  return { header: { store: store as string, sealKey: sealKey as string, time, seal }, line };
}

/** Seals what it is given in chunks, and hands each to `write`. */
export class ChunkWriter {
  readonly #key: KeyObject;
  readonly #write: (box: Buffer) => Promise<void>;
  #held = Buffer.alloc(CHUNK_BYTES);
  #heldBytes = 0;
  #number = 0;

  constructor(key: KeyObject, write: (box: Buffer) => Promise<void>) {
    this.#key = key;
    this.#write = write;
  }

  async add(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      // A full chunk waits for what comes behind it: only then is it known not to be the last.
      if (this.#heldBytes === CHUNK_BYTES) await this.#flush(false);
      const part = rest.subarray(0, CHUNK_BYTES - this.#heldBytes);
      this.#held.set(part, this.#heldBytes);
      this.#heldBytes += part.length;
      rest = rest.subarray(part.length);
    }
  }

  end(): Promise<void> {
    return this.#flush(true);
  }

  async #flush(isLast: boolean): Promise<void> {
    const box = sealChunk(this.#key, this.#number, isLast, this.#held.subarray(0, this.#heldBytes));
    this.#number += 1;
    this.#heldBytes = 0;
    await this.#write(box);
  }
}

/** The text of the chunks, each only once it is known to be whole. Rejects with EnvelopeError. */
export async function* openChunks(key: KeyObject, bytes: ByteReader): AsyncGenerator<Buffer> {
  let box = await bytes.take(CHUNK_BOX_BYTES);
  for (let number = 0; ; number += 1) {
    const next = await bytes.take(CHUNK_BOX_BYTES);
    yield openChunk(key, number, next.length === 0, box);
    if (next.length === 0) return;
    box = next;
  }
}

/** What comes before the bytes of a file. */
export function entryHead(name: string, sizeBytes: number): Buffer {
  const head = Buffer.alloc(2 + name.length + 8);
  head.writeUInt16BE(name.length);
  head.write(name, 2, 'latin1');
  head.writeBigUInt64BE(BigInt(sizeBytes), 2 + name.length);
  return head;
}

/** What comes after the last file. */
export const ARCHIVE_END: Buffer = Buffer.alloc(2);

export interface Entry {
  /** `coffer.db` or a segment of the audit log, `audit/…`: never a way out of a directory. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Must be read to its end before the next entry is asked for. */
  readonly content: AsyncIterable<Buffer>;
}

/** The files of an archive. Throws BackupError for what is none. */
export async function* readEntries(text: ByteReader): AsyncGenerator<Entry> {
  for (let first = true; ; first = false) {
    const nameBytes = (await takeAll(text, 2)).readUInt16BE();
    if (nameBytes === 0 && !first) break;
    if (nameBytes > NAME_BYTES_MAX) throw new BackupError('holds a file whose name cannot be');
    const name = (await takeAll(text, nameBytes)).toString('latin1');
    if (!NAME.test(name)) throw new BackupError('holds a file whose name cannot be');
    if (first !== (name === DATABASE)) throw new BackupError('does not hold one store');
    const sizeBytes = Number((await takeAll(text, 8)).readBigUInt64BE());
    yield { name, sizeBytes, content: contentOf(text, sizeBytes) };
  }
  if ((await text.some(1)).length > 0) throw new BackupError('holds more than its files');
}

async function* contentOf(text: ByteReader, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let left = sizeBytes; left > 0; ) {
    const part = await text.some(left);
    if (part.length === 0) throw new BackupError('ends within a file');
    left -= part.length;
    yield part;
  }
}

async function takeAll(text: ByteReader, count: number): Promise<Buffer> {
  const bytes = await text.take(count);
  if (bytes.length < count) throw new BackupError('ends within a file');
  return bytes;
}
