// What the store and the stream owe each other: copies of changes that are written, then on the disk, then forgotten by
// the store, and the mark of how far the stream is on the disk. Only what a sync covered is ever settled.

import { performance } from 'node:perf_hooks';
import type { AuditMark } from '../core/audit-port.ts';
import type { Store } from '../core/ports.ts';
import { type Mac, type Position, sealMark } from './mark.ts';
import { isStream } from './stream.ts';
import { SyncFailure, type Writer } from './writer.ts';

export interface SettlementOptions {
  readonly stream: string;
  readonly store: Pick<Store, 'settleAudit' | 'auditMarks'>;
  readonly mac: Mac;
}

export class Settlement {
  readonly #options: SettlementOptions;
  readonly #writer: Writer;
  /** Ids of copies from their arrival until the store has forgotten them. */
  readonly #copied: Set<string>;
  /** Those that are written and not known to be on the disk. */
  #unsynced: string[] = [];
  /** Those that are on the disk and still in the store. */
  #unsettled: string[];
  #synced: Position | undefined;
  #settled: Position | undefined;
  #settledAtMs = -Infinity;
  #settling: Promise<void> = Promise.resolve();

  /** `found` are copies that were seen in the segments. */
  constructor(options: SettlementOptions, writer: Writer, found: ReadonlySet<string>) {
    this.#options = options;
    this.#writer = writer;
    this.#copied = new Set(found);
    this.#unsettled = [...found];
  }

  /** The position of the last mark. */
  get settled(): Position | undefined {
    return this.#settled;
  }

  get isSynced(): boolean {
    return this.#unsynced.length === 0 && same(this.#writer.position, this.#synced);
  }

  get isSettled(): boolean {
    return this.#unsettled.length === 0 && same(this.#writer.position, this.#settled);
  }

  /** Copies that only wait for the store. */
  get unsettled(): number {
    return this.#unsettled.length;
  }

  get settledAgoMs(): number {
    return performance.now() - this.#settledAtMs;
  }

  /** Takes the store's own mark where it says all there is to say. */
  trust(mark: AuditMark | undefined): void {
    const { position } = this.#writer;
    if (mark === undefined || !same(position, mark)) return;
    this.#synced = position;
    this.#settled = position;
  }

  /** Whether a copy of this record has arrived and the store has not forgotten the record yet. */
  isCopied(id: string): boolean {
    return this.#copied.has(id);
  }

  arrived(id: string): void {
    this.#copied.add(id);
  }

  written(ids: readonly string[]): void {
    this.#unsynced.push(...ids);
  }

  /** These are to be copied again. */
  lost(ids: readonly string[]): void {
    for (const id of ids) this.#copied.delete(id);
  }

  /** The file is gone: the copies that the store has not forgotten may have gone with it. Answers how many. */
  lostAll(): number {
    const ids = [...this.#unsynced.splice(0), ...this.#unsettled.splice(0)];
    this.lost(ids);
    return ids.length;
  }

  /**
   * Makes durable what was written before the call. Rejects with the error of the sync, and calls `mustCopy` where copies
   * may be gone with it, which are then to be made again.
   */
  async sync(mustCopy: () => void): Promise<void> {
    if (this.isSynced) return;
    const ids = this.#unsynced;
    this.#unsynced = [];
    try {
      this.#synced = await this.#writer.sync();
    } catch (error) {
      if (error instanceof SyncFailure) {
        this.lost(ids);
        if (ids.length > 0) mustCopy();
      } else {
        this.#unsynced.unshift(...ids);
      }
      throw error;
    }
    this.#unsettled.push(...ids);
  }

  /** Keeps a mark of what is on the disk, and has the store forget its copies; `always`: also where nothing changed. */
  settle(always = false): Promise<void> {
    // One after the other: a mark never goes back.
    const settling = this.#settling.catch(() => undefined).then(() => this.#settleOnce(always));
    this.#settling = settling;
    return settling;
  }

  async #settleOnce(always: boolean): Promise<void> {
    const { store, mac, stream } = this.#options;
    const position = this.#synced;
    const ids = this.#unsettled;
    if (position === undefined || (!always && ids.length === 0 && same(position, this.#settled))) return;
    this.#unsettled = [];
    try {
      const known = (await store.auditMarks()).map((mark) => mark.stream);
      const others = known.filter((each) => each !== stream && isStream(each));
      await store.settleAudit(ids, sealMark(position, others, mac));
    } catch (error) {
      this.#unsettled.unshift(...ids);
      throw error;
    }
    for (const id of ids) this.#copied.delete(id);
    this.#settled = position;
    this.#settledAtMs = performance.now();
  }
}

function same(a: Position, b: Position | undefined): boolean {
  return a.segment === b?.segment && a.lengthBytes === b.lengthBytes && a.head === b.head;
}
