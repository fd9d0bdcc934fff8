// The backup that a running server makes and hands out: one at a time, in a private directory of its own, gone once it was
// fetched, once nobody has asked for it for five minutes, and at every start and stop.

import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupBegun, BackupPart, BackupSource } from '../core/backup-port.ts';
import { Fault } from '../core/error.ts';
import { BACKUP_PART_BYTES_MAX } from '../core/limits.ts';
import { type MakeOptions, makeBackup } from './make.ts';

const DIRECTORY = 'backup';
const FILE = 'sealed';
const SNAPSHOT = 'snapshot.db';
const IDLE_MS_MAX = 5 * 60_000;

export interface BackupsOptions extends Omit<MakeOptions, 'now' | 'signal'> {
  readonly clock: { now(): number };
  /** Told why a backup could not be made. */
  readonly onFailure: (error: unknown) => void;
  readonly idleMs?: number;
}

interface Current {
  readonly id: string;
  readonly stop: AbortController;
  readonly made: Promise<void>;
  sizeBytes?: number;
  failed?: true;
  idle?: NodeJS.Timeout;
}

export class Backups implements BackupSource {
  readonly #options: BackupsOptions;
  readonly #directory: string;
  #current: Current | undefined;
  /** The last one, until nothing of it is left. */
  #ending: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: BackupsOptions) {
    this.#options = options;
    this.#directory = join(options.data, DIRECTORY);
    // What a killed server left.
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async begin(): Promise<BackupBegun> {
    await this.#ending;
    if (this.#current !== undefined || this.#closed) throw new Fault('BACKUP_RUNNING');
    const id = randomBytes(16).toString('hex');
    const stop = new AbortController();
    const started = Promise.withResolvers<void>();
    const current: Current = { id, stop, made: started.promise };
    this.#current = current;
    void this.#make(current).then(started.resolve);
    return { id };
  }

  async read(id: string, atBytes: number): Promise<BackupPart> {
    const current = this.#find(id);
    if (current.failed) {
      await this.end(id);
      throw new Fault('BACKUP_FAILED');
    }
    if (current.sizeBytes === undefined) return {};
    this.#wait(current);
    const left = current.sizeBytes - atBytes;
    if (left < 0) throw new Fault('INVALID_FIELD', { field: 'at', problem: 'is behind the end of the backup' });
    const file = await open(join(this.#directory, FILE), 'r');
    try {
      // Memory of its own, as it goes to another thread.
      const bytes = Buffer.allocUnsafeSlow(Math.min(left, BACKUP_PART_BYTES_MAX));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, atBytes);
      if (bytesRead < bytes.length) throw new Fault('BACKUP_FAILED');
      return { sizeBytes: current.sizeBytes, bytes };
    } finally {
      await file.close();
    }
  }

  async end(id: string): Promise<void> {
    const current = this.#current;
    if (current?.id !== id) return;
    this.#current = undefined;
    clearTimeout(current.idle);
    current.stop.abort();
    this.#ending = current.made.then(() => this.#clear());
    await this.#ending;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#current !== undefined) await this.end(this.#current.id);
    await this.#ending;
  }

  async #make(current: Current): Promise<void> {
    const { clock, onFailure, ...options } = this.#options;
    const { signal } = current.stop;
    try {
      mkdirSync(this.#directory, { mode: 0o700, recursive: true });
      const [path, scratch] = [join(this.#directory, FILE), join(this.#directory, SNAPSHOT)];
      current.sizeBytes = await makeBackup(path, scratch, { ...options, now: clock.now(), signal });
    } catch (error) {
      current.failed = true;
      if (!signal.aborted) onFailure(error);
      this.#clear();
    }
    if (!signal.aborted) this.#wait(current);
  }

  /** Nobody may ever come back for it. */
  #wait(current: Current): void {
    clearTimeout(current.idle);
    const { idleMs = IDLE_MS_MAX, onFailure } = this.#options;
    current.idle = setTimeout(() => this.end(current.id).catch(onFailure), idleMs).unref();
  }

  #find(id: string): Current {
    if (this.#current?.id !== id) throw new Fault('BACKUP_NOT_FOUND');
    return this.#current;
  }

  /** A disk that fails now must not end the server: the next start clears what is left. */
  #clear(): void {
    try {
      rmSync(this.#directory, { recursive: true, force: true });
    } catch (error) {
      this.#options.onFailure(error);
    }
  }
}
