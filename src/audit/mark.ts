// Marks and anchors, both kept in the store under a MAC of the root key. A mark says how far a stream was known to reach:
// one that ends before it was cut, one whose hash differs there was written anew. An anchor says where a stream begins
// since it was pruned: a beginning that is missing without one was removed.

import { timingSafeEqual } from 'node:crypto';
import type { AuditAnchor, AuditMark } from '../core/audit-port.ts';
import { MAIN } from './stream.ts';

/** A place in a stream: behind the record `sequence`, `lengthBytes` into `segment`, where the last hash is `head`. */
export type Position = Omit<AuditMark, 'mac' | 'streams'>;
export type Mac = (text: string) => string;

/** The mark of a position; `streams` are the others that the store knows of. */
export function sealMark(position: Position, streams: readonly string[], mac: Mac): AuditMark {
  const { stream, segment, sequence, lengthBytes, head } = position;
  return { stream, segment, sequence, lengthBytes, head, streams, mac: mac(markText(position, streams)) };
}

/** Whether this server made the mark. */
export function markHolds(mark: AuditMark, mac: Mac): boolean {
  return macHolds(mark.mac, mac(markText(mark, mark.streams)));
}

export function sealAnchor(anchor: Omit<AuditAnchor, 'mac'>, mac: Mac): AuditAnchor {
  const { stream, segment, sequence, head } = anchor;
  return { stream, segment, sequence, head, mac: mac(anchorText(anchor)) };
}

/** Whether this server made the anchor. */
export function anchorHolds(anchor: AuditAnchor, mac: Mac): boolean {
  return macHolds(anchor.mac, mac(anchorText(anchor)));
}

/** In constant time. */
export function macHolds(found: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(found), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The first form is that of a log with one stream; it says the same and its marks go on to hold. */
function markText({ stream, segment, sequence, lengthBytes, head }: Position, streams: readonly string[]): string {
  const place = `${segment}\n${sequence}\n${lengthBytes}\n${head}`;
  if (stream === MAIN && streams.length === 0) return `coffer audit mark 1\n${place}`;
  return `coffer audit mark 2\n${stream}\n${place}\n${streams.join(',')}`;
}

function anchorText({ stream, segment, sequence, head }: Omit<AuditAnchor, 'mac'>): string {
  return `coffer audit anchor 1\n${stream}\n${segment}\n${sequence}\n${head}`;
}
