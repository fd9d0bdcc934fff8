// A signed line of text: what it is, words without spaces, and the MAC of all that.

import { timingSafeEqual } from 'node:crypto';

export type Mac = (text: string) => string;

export function signNote(kind: string, words: readonly string[], mac: Mac): string {
  const body = [kind, ...words].join(' ');
  return `${body} ${mac(body)}\n`;
}

/** The words of a note of this kind and this many words; undefined where it is none, or was changed. */
export function readNote(text: string, kind: string, count: number, mac: Mac): readonly string[] | undefined {
  const parts = text.split(' ');
  const given = Buffer.from((parts.pop() ?? '').replace(/\n$/, ''));
  const wanted = Buffer.from(mac(parts.join(' ')));
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  return parts[0] === kind && parts.length === count + 1 ? parts.slice(1) : undefined;
}
