// One segment file, open for appending. A write is all or nothing: what a failing disk left half-written is cut off
// again before anything else is written, so a segment only ever holds whole lines. Behind them there may be room: zeros,
// written ahead where each record is synced, since a sync of a file that does not grow takes half the time. To whoever
// reads they are a line that is not whole; they are cut off before another segment is begun.

import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const NAME_DIGITS = 8;
const FILE = /^(\d{8})\.jsonl$/;
const NEWLINE = 10;
/** What a header has at most; a longer file is not one that was only begun. */
const BEGUN_BYTES_MAX = 64 * 1024;

/** Less than a line may have, so that nobody takes it for something else. */
const ROOM: Buffer = Buffer.alloc(256 * 1024);

const fdatasyncLater = promisify(fdatasync);

/** The name of the segment with this number, from 1: eight digits. */
export function segmentName(number: number): string {
  return String(number).padStart(NAME_DIGITS, '0');
}

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${segmentName(number)}.jsonl`);
}

/** The numbers of the segments in a directory, ascending. Other files are not looked at. */
export async function listSegments(directory: string): Promise<number[]> {
  const numbers = (await readdir(directory)).flatMap((name) => FILE.exec(name)?.[1] ?? []).map(Number);
  return numbers.sort((a, b) => a - b);
}

/** Lets pass that a file is not there; throws any other error on. */
export function passAbsent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export class Segment {
  readonly path: string;
  readonly #fd: number;
  #lengthBytes: number;
  /** Of the file, with its room. */
  #sizeBytes: number;
  /** Whether room is to be had. */
  #isRoomy: boolean;
  /** Whether bytes of a failed write may lie behind `#lengthBytes`. */
  #torn = false;
  readonly #syncing = new Set<Promise<void>>();

  private constructor(path: string, fd: number, lengthBytes: number, isRoomy: boolean) {
    this.path = path;
    this.#fd = fd;
    this.#lengthBytes = lengthBytes;
    this.#sizeBytes = lengthBytes;
    this.#isRoomy = isRoomy;
  }

  /**
   * An empty segment. A file of that name is taken over only where it holds no whole line, as a start that was cut
   * short leaves it. `isRoomy`: it is to be synced after each record. Throws the error of the file system.
   */
  static create(directory: string, number: number, isRoomy: boolean): Segment {
    const path = segmentPath(directory, number);
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      const begun = Buffer.alloc(BEGUN_BYTES_MAX);
      const length = readSync(fd, begun, 0, BEGUN_BYTES_MAX, 0);
      if (length === BEGUN_BYTES_MAX || begun.subarray(0, length).includes(NEWLINE)) {
        throw new Error(`${path} holds records that this log did not write: move it elsewhere`);
      }
      if (length > 0) ftruncateSync(fd, 0);
      return new Segment(path, fd, 0, isRoomy);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** A segment whose whole lines end at `lengthBytes`; what lies behind is cut off. */
  static open(directory: string, number: number, lengthBytes: number, isRoomy: boolean): Segment {
    const path = segmentPath(directory, number);
    const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      ftruncateSync(fd, lengthBytes);
      return new Segment(path, fd, lengthBytes, isRoomy);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  /** Hands whole lines to the kernel, all or none. Throws the error of the file system. */
  append(bytes: Buffer): void {
    this.#repair();
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#lengthBytes + done);
      }
    } catch (error) {
      this.#torn = true;
      try {
        this.#repair();
      } catch {
        // Kept in mind by #torn: the next append begins with it.
      }
      throw error;
    }
    this.#lengthBytes += bytes.length;
    if (this.#lengthBytes <= this.#sizeBytes) return;
    this.#sizeBytes = this.#lengthBytes;
    if (this.#isRoomy) this.#makeRoom();
  }

  /** Cuts off the room, and makes no more: what is written from now on is the last. Throws the error of the file system. */
  trim(): void {
    this.#isRoomy = false;
    this.#repair();
    if (this.#sizeBytes > this.#lengthBytes) this.#cut();
  }

  /** What somebody else did to the file, undefined where nothing. Throws where it cannot be looked at. */
  change(): string | undefined {
    const named = statSync(this.path, { throwIfNoEntry: false });
    if (named === undefined) return `${this.path} was deleted while it was being written`;
    const held = fstatSync(this.#fd);
    if (named.ino !== held.ino || named.dev !== held.dev) return `${this.path} was replaced while it was being written`;
    if (this.#torn || held.size === this.#sizeBytes) return undefined;
    return `${this.path} has ${held.size} bytes where ${this.#sizeBytes} were written`;
  }

  /** What was appended before the call is on the disk when this resolves. */
  async sync(): Promise<void> {
    const syncing = fdatasyncLater(this.#fd);
    this.#syncing.add(syncing);
    try {
      await syncing;
    } finally {
      this.#syncing.delete(syncing);
    }
  }

  /** Closes the file, after the syncs that are under way: its number may be another file's the moment after. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#syncing);
    try {
      // What somebody else did to the file is evidence.
      if (this.change() === undefined) this.trim();
    } catch {
      // The next start cuts it off.
    }
    closeSync(this.#fd);
  }

  /** Takes back a segment that could not be begun. */
  discard(): void {
    closeSync(this.#fd);
    unlinkSync(this.path);
  }

  #repair(): void {
    if (!this.#torn) return;
    this.#cut();
    this.#torn = false;
  }

  #makeRoom(): void {
    try {
      this.#sizeBytes += writeSync(this.#fd, ROOM, 0, ROOM.length, this.#lengthBytes);
    } catch {
      // A disk that is nearly full has none: the lines themselves are there, and that is what is promised.
      this.#torn = true;
    }
  }

  #cut(): void {
    ftruncateSync(this.#fd, this.#lengthBytes);
    this.#sizeBytes = this.#lengthBytes;
  }
}
