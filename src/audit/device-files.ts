// The files of Vault's audit devices, as one thread writes them: whole lines, each by one append, so that threads share a
// file. A file is made private, is no link, is ours alone, and never one in a place that the server keeps to itself; what
// is there already must be lines of such a device. One that was moved or removed is noticed within a second, and made anew.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Fault } from '../core/error.ts';
import { type AuditFiles, problemOfFile } from '../core/vault/audit-device.ts';

const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
const LOOK_EVERY_MS = 1000;
/** Ours: files kept open; there are fewer devices. */
const OPEN_MAX = 64;
/** What every line begins with. */
const BEGINS = '{"time":"';

interface OpenFile {
  readonly descriptor: number;
  readonly real: string;
  readonly device: number;
  readonly inode: number;
  lookedAtMs: number;
  /** The kernel took a part of a line: the next one begins anew. */
  torn: boolean;
}

export interface DeviceFilesOptions {
  /** Directories and files that no device may write to, or in. */
  readonly forbidden: readonly string[];
  /** Told once of each file that takes no lines, until it does again. */
  readonly onFailure: (error: Error) => void;
}

export class DeviceFiles implements AuditFiles {
  readonly #options: DeviceFilesOptions;
  readonly #open = new Map<string, OpenFile>();
  readonly #failing = new Set<string>();

  constructor(options: DeviceFilesOptions) {
    this.#options = options;
  }

  open(file: string): void {
    try {
      this.#ready(file);
    } catch (error) {
      const why = error instanceof Fault ? error.message : `(${(error as NodeJS.ErrnoException).code ?? 'it failed'})`;
      throw new Fault('VAULT_REQUEST_INVALID', { problem: `the audit file cannot be used: ${why}` });
    }
  }

  append(file: string, line: string): boolean {
    try {
      const open = this.#ready(file);
      const bytes = Buffer.from(open.torn ? `\n${line}` : line);
      open.torn = true;
      const written = writeSync(open.descriptor, bytes);
      if (written < bytes.length) throw new Error(`${file} took ${written} of ${bytes.length} bytes`);
      open.torn = false;
      this.#failing.delete(file);
      return true;
    } catch (error) {
      if (!this.#failing.has(file)) {
        if (this.#failing.size >= OPEN_MAX) this.#failing.clear();
        this.#failing.add(file);
        this.#options.onFailure(new Error(`the audit device at ${file} takes no lines`, { cause: error }));
      }
      return false;
    }
  }

  close(): void {
    for (const { descriptor } of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #ready(file: string): OpenFile {
    const known = this.#open.get(file);
    const now = performance.now();
    if (known !== undefined) {
      if (now - known.lookedAtMs < LOOK_EVERY_MS) return known;
      const there = lstatSync(known.real, { throwIfNoEntry: false });
      if (there?.ino === known.inode && there.dev === known.device) {
        known.lookedAtMs = now;
        return known;
      }
      closeSync(known.descriptor);
      this.#open.delete(file);
    }
    if (this.#open.size >= OPEN_MAX) this.close();
    const opened = this.#opened(file, now);
    this.#open.set(file, opened);
    return opened;
  }

  #opened(file: string, lookedAtMs: number): OpenFile {
    const problem = problemOfFile(file);
    if (problem !== undefined) throw refused(problem);
    const real = join(realpathSync(dirname(file)), basename(file));
    for (const place of this.#options.forbidden.map(resolved)) {
      if (real === place || real.startsWith(`${place}/`)) throw refused('it lies where the server keeps its own');
    }
    const descriptor = openSync(real, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      const found = fstatSync(descriptor);
      checkOurs(found, descriptor);
      return { descriptor, real, device: found.dev, inode: found.ino, lookedAtMs, torn: false };
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }
}

function refused(problem: string): Fault {
  return new Fault('VAULT_REQUEST_INVALID', { problem });
}

/** As it is on the disk; one that is not there yet, as it is written. */
function resolved(place: string): string {
  try {
    return realpathSync(place);
  } catch {
    return place;
  }
}

function checkOurs(found: Stats, descriptor: number): void {
  if (!found.isFile() || found.nlink !== 1) throw refused('it is not a plain file with one name');
  if (found.uid !== process.geteuid?.() || (found.mode & 0o022) !== 0)
    throw refused('others than the server can write it');
  const start = Buffer.alloc(Math.min(BEGINS.length, found.size));
  readSync(descriptor, start, 0, start.length, 0);
  if (!BEGINS.startsWith(start.toString())) throw refused('it holds something else than lines of an audit device');
}
