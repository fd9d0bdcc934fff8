// The files of an export: one a segment, in a directory a stream, and a note of how far it came, so that the next export
// to the same directory goes on there. The note is written after the lines it speaks of; what a stop left behind it is
// cut off again.

import { constants } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CliError } from '../error.ts';

const STREAM = /^[a-z][a-z0-9]{0,15}$/;
const SEGMENT = /^\d{8}$/;
const LAST_LINE = /\{"(?:sequence":(?<sequence>\d+)|segment":).*"hash":"(?<head>[0-9a-f]{64})"\}\n$/;
const AFTER = /"after":(\d+)/;

export interface Part {
  readonly stream: string;
  readonly segment: string;
  readonly offsetBytes: number;
  readonly lines: string;
}

interface Note {
  readonly format: 'coffer-audit-export-1';
  readonly gzip: boolean;
  /** Where the server goes on. */
  after?: string;
  readonly streams: Record<string, StreamNote>;
}

interface StreamNote {
  /** The last record, and the hash of the last line. */
  readonly sequence: number;
  readonly head: string;
  /** The last file, and its size. */
  readonly file: string;
  readonly bytes: number;
}

export class ExportDirectory {
  readonly #path: string;
  readonly #note: Note;

  private constructor(path: string, note: Note) {
    this.#path = path;
    this.#note = note;
  }

  /** A new directory, or one that holds an export already. @throws CliError where it cannot be one. */
  static async open(path: string, gzip: boolean): Promise<ExportDirectory> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const text = await readFile(join(path, 'export.json'), 'utf8').catch(() => undefined);
    const fresh: Note = { format: 'coffer-audit-export-1', gzip, streams: {} };
    const note = text === undefined ? fresh : (JSON.parse(text) as Note);
    if (note.format !== fresh.format) throw new CliError(`${path}/export.json is of another kind of export`);
    if (note.gzip !== gzip) {
      throw new CliError(
        `${path} holds an export ${note.gzip ? 'with' : 'without'} --gzip: export to another directory`,
      );
    }
    return new ExportDirectory(path, note);
  }

  /** Where the last export ended, for the server. */
  get after(): string | undefined {
    return this.#note.after;
  }

  /** The last record of each stream and the hash of its last line. */
  get streams(): Readonly<Record<string, { readonly sequence: number; readonly head: string }>> {
    return this.#note.streams;
  }

  /** Adds a part; it is on the disk, and noted, when this resolves. `after` is where the server goes on behind it. */
  async add(part: Part, after: string): Promise<void> {
    const { stream, segment, offsetBytes, lines } = part;
    // A name from elsewhere never leads out of the directory.
    if (!STREAM.test(stream) || !SEGMENT.test(segment)) throw new CliError('the server named a segment that cannot be');
    const last = LAST_LINE.exec(lines.slice(lines.lastIndexOf('\n', lines.length - 2) + 1));
    if (last === null) throw new CliError(`segment ${segment} of the stream ${stream} holds a line that is no record`);
    const file = `${stream}/${segment}.jsonl${this.#note.gzip ? '.gz' : ''}`;
    const before = this.#note.streams[stream];
    const atBytes = offsetBytes === 0 ? 0 : before?.file === file ? before.bytes : undefined;
    if (atBytes === undefined) throw new CliError(`${file} is not the file that the last export ended with`);
    const text = Buffer.from(lines, 'latin1');
    const bytes = await write(join(this.#path, file), this.#note.gzip ? gzipSync(text) : text, atBytes);
    const sequence = Number(last.groups?.['sequence'] ?? AFTER.exec(last[0])?.[1] ?? 0);
    this.#note.streams[stream] = { sequence, head: last.groups?.['head'] ?? '', file, bytes };
    await this.save(after);
  }

  /** Notes where the server goes on. */
  async save(after: string): Promise<void> {
    this.#note.after = after;
    const path = join(this.#path, 'export.json');
    await write(`${path}.new`, Buffer.from(`${JSON.stringify(this.#note, undefined, 2)}\n`), 0);
    await rename(`${path}.new`, path);
  }
}

/** Writes `bytes` at a place and ends the file behind them; answers its size. */
async function write(path: string, bytes: Uint8Array, atBytes: number): Promise<number> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    if ((await file.stat()).size < atBytes) throw new CliError(`${path} is shorter than the last export left it`);
    await file.truncate(atBytes);
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, atBytes + done)).bytesWritten;
    }
    await file.datasync();
    return atBytes + bytes.length;
  } finally {
    await file.close();
  }
}
