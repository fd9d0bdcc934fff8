// The mark: how far the log was known to reach, kept in the store under a MAC of the root key. A log that ends before
// it was cut; a log whose hash differs there was written anew; a mark whose MAC fails was forged.

import { timingSafeEqual } from 'node:crypto';
import type { AuditMark } from '../core/ports.ts';

/** A place in the log: behind the record `sequence`, `lengthBytes` into `segment`, where the last hash is `head`. */
export type Position = Omit<AuditMark, 'mac'>;
export type Mac = (text: string) => string;

/** The mark of a position. */
export function sealMark(position: Position, mac: Mac): AuditMark {
  const { segment, sequence, lengthBytes, head } = position;
  return { segment, sequence, lengthBytes, head, mac: mac(markText(position)) };
}

/** Whether this server made the mark. */
export function markHolds(mark: AuditMark, mac: Mac): boolean {
  const wanted = Buffer.from(mac(markText(mark)));
  const found = Buffer.from(mark.mac);
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

function markText({ segment, sequence, lengthBytes, head }: Position): string {
  return `coffer audit mark 1\n${segment}\n${sequence}\n${lengthBytes}\n${head}`;
}
