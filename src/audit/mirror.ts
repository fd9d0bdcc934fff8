// The streams of the other servers on a shared store, as files beside our own: whoever searches, verifies or exports
// walks them like those of another thread. They are fetched when they are asked for, from where they end here, and what
// the store says is pruned goes here too.

import { constants, mkdirSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import type { SharedAudit, SharedPart } from '../core/audit-port.ts';
import type { Store } from '../core/ports.ts';
import { indexPath } from './index-file.ts';
import { listSegments, segmentName, segmentPath } from './segment.ts';
import { isStream, serverOf, streamDirectory } from './stream.ts';

/** Parts that are in memory at a time. */
const PARTS_MAX = 16;
const PART_BYTES_MAX: number = 4 * 1024 * 1024;

const unpack = promisify(zstdDecompress);

export interface MirrorOptions {
  /** Holds the streams. */
  readonly root: string;
  /** The id of this server, whose streams are here already. */
  readonly server: string;
  readonly store: Pick<Store, 'auditMarks' | 'auditAnchors'>;
  readonly shared: SharedAudit;
}

export class Mirror {
  readonly #options: MirrorOptions;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: MirrorOptions) {
    this.#options = options;
  }

  /** All that the store knew when this was called is in the files once it resolves. */
  refresh(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#refresh().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    // The one that is under way may have passed what is asked for.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.refresh();
      });
    return this.#next;
  }

  async #refresh(): Promise<void> {
    const { root, server, store } = this.#options;
    const anchors = await store.auditAnchors();
    for (const { stream } of await store.auditMarks()) {
      if (!isStream(stream) || serverOf(stream) === server) continue;
      const directory = streamDirectory(root, stream);
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const first = Number(anchors.find((anchor) => anchor.stream === stream)?.segment ?? 1);
      for (const number of await listSegments(directory)) {
        if (number >= first) break;
        await rm(segmentPath(directory, number), { force: true });
        await rm(indexPath(directory, number), { force: true });
      }
      await this.#follow(stream, directory);
    }
  }

  async #follow(stream: string, directory: string): Promise<void> {
    const last = (await listSegments(directory)).at(-1) ?? 0;
    let behind = {
      segment: segmentName(last),
      atBytes: last === 0 ? 0 : (await stat(segmentPath(directory, last))).size,
    };
    for (;;) {
      const parts = await this.#options.shared.sharedAudit(stream, behind, PARTS_MAX);
      for (const part of parts) {
        if (!(await writePart(directory, part))) return;
        behind = { segment: part.segment, atBytes: part.atBytes + part.lengthBytes };
      }
      if (parts.length < PARTS_MAX) return;
    }
  }
}

/** False where the bytes before the part are missing, or it is not what it says; `verify` tells what is lacking then. */
export async function writePart(
  directory: string,
  { segment, atBytes, lengthBytes, packed }: SharedPart,
): Promise<boolean> {
  const bytes = await unpack(packed, { maxOutputLength: PART_BYTES_MAX }).catch(() => undefined);
  if (bytes?.length !== lengthBytes || !/^\d{8}$/.test(segment)) return false;
  const path = segmentPath(directory, Number(segment));
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    if ((await file.stat()).size < atBytes) return false;
    await file.write(bytes, 0, bytes.length, atBytes);
    await file.datasync();
    return true;
  } finally {
    await file.close();
  }
}
