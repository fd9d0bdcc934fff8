// What a server gives to the others that share its store: with each mark go the bytes of the stream that it covers, in
// the same transaction, so the store never knows of a record that the others cannot read. Parts are packed (zstd, RFC
// 8878) and bounded; a part that is sent again is the same, or longer.

import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import type { AuditMark, SharedAudit, SharedPart } from '../core/audit-port.ts';
import type { Store } from '../core/ports.ts';
import { passAbsent, segmentName, segmentPath } from './segment.ts';
import { streamDirectory } from './stream.ts';

/** Before it is packed. */
const PART_BYTES_MAX: number = 1024 * 1024;
/** Parts of one transaction; a server that was cut off has more to give. */
const PARTS_MAX = 16;

const pack = promisify(zstdCompress);
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

type Settle = (ids: readonly string[], mark: AuditMark | undefined) => Promise<void>;
type Reached = Pick<AuditMark, 'segment' | 'lengthBytes'>;

/** `settleAudit` of a store that is shared; `root` holds the streams of this server. */
export function sharing(root: string, store: Pick<Store, 'auditMarks'>, shared: SharedAudit): Settle {
  const reached = new Map<string, Reached>();
  return async (ids, mark) => {
    if (mark === undefined) return shared.shareAudit(ids, undefined, []);
    const { stream } = mark;
    const from = reached.get(stream) ?? (await store.auditMarks()).find((each) => each.stream === stream);
    let parts: SharedPart[] = [];
    for await (const part of partsOf(root, from, mark)) {
      parts.push(part);
      if (parts.length < PARTS_MAX) continue;
      await shared.shareAudit([], undefined, parts);
      parts = [];
    }
    await shared.shareAudit(ids, mark, parts);
    reached.set(stream, mark);
  };
}

/** The bytes of a stream between two places. Of what somebody took away there is nothing to give; `verify` names it. */
export async function* partsOf(
  root: string,
  from: Reached | undefined,
  to: Reached & { readonly stream: string },
): AsyncGenerator<SharedPart> {
  const { stream } = to;
  const directory = streamDirectory(root, stream);
  const first = Number(from?.segment ?? 1);
  for (let number = first; number <= Number(to.segment); number += 1) {
    const segment = segmentName(number);
    const file = await open(segmentPath(directory, number), 'r').catch(passAbsent);
    if (file === undefined) continue;
    try {
      const endBytes = segment === to.segment ? to.lengthBytes : (await file.stat()).size;
      for (let atBytes = segment === from?.segment ? from.lengthBytes : 0; atBytes < endBytes; ) {
        const wanted = Buffer.allocUnsafe(Math.min(PART_BYTES_MAX, endBytes - atBytes));
        const { bytesRead: lengthBytes } = await file.read(wanted, 0, wanted.length, atBytes);
        if (lengthBytes === 0) break;
        const packed = await pack(wanted.subarray(0, lengthBytes), FAST);
        yield { stream, segment, atBytes, lengthBytes, packed };
        atBytes += lengthBytes;
      }
    } finally {
      await file.close();
    }
  }
}
