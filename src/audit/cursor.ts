// Where a page of a query ended: for each stream the record up to which it was looked at, and which changes were shown
// before they reached the log. It gives no right to anything, so it carries no MAC; what nobody gave out is refused.

import { hash } from 'node:crypto';
import { Fault } from '../core/error.ts';
import { AUDIT_CURSOR_CHARS_MAX } from '../core/limits.ts';

/** Changes of one cursor that were shown and are not in the log. */
export const SHOWN_MAX = 100;
const SHOWN_CHARS = 8;
const FORM = /^(forward|back)\|([a-z0-9:,]*)\|([A-Za-z0-9_-]*)$/;
const PLACE = /^([a-z][a-z0-9]{0,15}):(\d{1,15})$/;

export interface Cursor {
  /** `forward`: what follows the places; `back`: what is at or before them. */
  readonly direction: 'forward' | 'back';
  /** The sequence of a record, by stream. */
  readonly places: ReadonlyMap<string, number>;
  /** Of each change that was shown: what `shownKey` says of its id. */
  readonly shown: ReadonlySet<string>;
}

/** A short name of a record's id. */
export function shownKey(id: string): string {
  return Buffer.from(hash('sha256', id, 'buffer').subarray(0, 6)).toString('base64url');
}

export function formatCursor({ direction, places, shown }: Cursor): string {
  const list = [...places].map(([stream, sequence]) => `${stream}:${sequence}`).join(',');
  return Buffer.from(`${direction}|${list}|${[...shown].join('')}`, 'latin1').toString('base64url');
}

/** Throws INVALID_FIELD for a text that `formatCursor` did not make. */
export function parseCursor(text: string): Cursor {
  const [, direction, list = '', shown = ''] = FORM.exec(decode(text)) ?? [];
  const places = list === '' ? [] : list.split(',').map((place) => PLACE.exec(place));
  if (direction === undefined || places.includes(null) || shown.length % SHOWN_CHARS !== 0) throw strange();
  return {
    direction: direction as Cursor['direction'],
    places: new Map(places.map((place) => [place?.[1] ?? '', Number(place?.[2])])),
    shown: new Set(shown.match(/.{8}/g) ?? []),
  };
}

/** The text that a cursor's base64url stands for, empty where it is none or too long. */
export function decode(text: string): string {
  return text.length > AUDIT_CURSOR_CHARS_MAX ? '' : Buffer.from(text, 'base64url').toString('latin1');
}

export function strange(): Fault {
  return new Fault('INVALID_FIELD', { field: 'after', problem: 'is not what a page or a part of this log gave' });
}
