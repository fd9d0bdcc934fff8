// How a record becomes one line of a segment, and what the chain's hash is taken over (docs/audit.md). Every line is
// printable ASCII: whatever a caller sent stays inside one JSON string of one line, and says nothing to a terminal.
// hash = SHA-256(hash of the line before, 64 hex digits, then this line without its `,"hash":"…"` member).

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import type { AuditRecord } from '../core/audit-record.ts';
import { AUDIT_TEXT_CHARS_MAX } from '../core/limits.ts';
import { MAIN } from './stream.ts';

export const HASH_CHARS = 64;
/** What stands for "the hash before" at the very first line. */
export const NO_HASH: string = '0'.repeat(HASH_CHARS);
/** A name of the longest legal resource or member has about 300 characters and must never be cut. */
const NAME_CHARS_MAX: number = 2 * AUDIT_TEXT_CHARS_MAX;
const DETAILS_MAX = 16;
const DETAIL_CHARS_MAX = 4096;
/** More than the bounds above can come to, each character escaped. A longer line is not ours. */
export const LINE_BYTES_MAX: number = 512 * 1024;

const PLAIN = /^[ !#-[\]-~]*$/;
const NOT_ASCII = /[\x7f-\uffff]/g;

/** The first line of a segment: where it stands in the chain, and why it was begun where that was not by size. */
export interface SegmentHeader {
  readonly segment: string;
  readonly stream: string;
  /** The segment before, empty for the first. */
  readonly previous: string;
  /** The hash of the last line before this segment. */
  readonly head: string;
  /** The sequence number of the last record before this segment. */
  readonly after: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Evidence: what did not hold when the segment was begun. `verify` names it. */
  readonly broken?: string;
  /** A failure of the disk that breaks no chain. */
  readonly note?: string;
}

/** `text` cut to `charsMax` characters, the last then being an ellipsis. */
export function bound(text: string, charsMax: number = AUDIT_TEXT_CHARS_MAX): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}

/** The same for a resource or a member, which are long by right. */
export function boundName(text: string): string {
  return bound(text, NAME_CHARS_MAX);
}

/** `text`, bounded, as a JSON string of printable ASCII. */
export function quote(text: string, charsMax: number = AUDIT_TEXT_CHARS_MAX): string {
  const bounded = bound(text, charsMax);
  return PLAIN.test(bounded) ? `"${bounded}"` : JSON.stringify(bounded).replace(NOT_ASCII, escapeUnit);
}

/** The same for a resource or a member, which are long by right. */
export function quoteName(text: string): string {
  return quote(text, NAME_CHARS_MAX);
}

/** A text that often is what it was in the record before, and how it was written there. */
interface Again {
  text: string;
  quoted: string;
}

const again = (): Again => ({ text: '', quoted: '""' });
const LAST = {
  operation: again(),
  principal: again(),
  credential: again(),
  resource: again(),
  dialect: again(),
  peer: again(),
  userAgent: again(),
};

/** What `quote` answers. */
function quoteAgain(last: Again, text: string, charsMax?: number): string {
  if (last.text !== text) {
    last.quoted = quote(text, charsMax);
    last.text = text;
  }
  return last.quoted;
}

/** The members of a record's line between its sequence and its hash. Fields that are absent are left out. */
export function recordFields(record: AuditRecord): string {
  let text = `"time":${number(record.time)},"id":${quote(record.id)},"operation":${quoteAgain(LAST.operation, record.operation)}`;
  text += `,"outcome":"${record.outcome}"`;
  if (record.code !== undefined) text += `,"code":"${record.code}"`;
  text += `,"principal":${quoteAgain(LAST.principal, record.principal, NAME_CHARS_MAX)}`;
  if (record.credential !== undefined) text += `,"credential":${quoteAgain(LAST.credential, record.credential)}`;
  text += `,"resource":${quoteAgain(LAST.resource, record.resource, NAME_CHARS_MAX)}`;
  if (record.version !== undefined) text += `,"version":${number(record.version)}`;
  text += `,"dialect":${quoteAgain(LAST.dialect, record.dialect)},"peer":${quoteAgain(LAST.peer, record.peer)}`;
  text += `,"requestId":${quote(record.requestId)}`;
  if (record.userAgent !== undefined) text += `,"userAgent":${quoteAgain(LAST.userAgent, record.userAgent)}`;
  return record.details === undefined ? text : `${text},"details":${details(record.details)}`;
}

/** The line of a record without its closing `}` and its hash. */
export function recordBody(sequence: number, fields: string): string {
  return `{"sequence":${sequence},${fields}`;
}

/** The same of a segment's first line. */
export function headerBody(header: SegmentHeader): string {
  let text = `{"segment":"${header.segment}","format":"coffer-audit-1"`;
  if (header.stream !== MAIN) text += `,"stream":"${header.stream}"`;
  text += `,"previous":"${header.previous}"`;
  text += `,"head":"${header.head}","after":${number(header.after)},"time":${number(header.time)}`;
  if (header.broken !== undefined) text += `,"broken":${quote(header.broken, DETAIL_CHARS_MAX)}`;
  if (header.note !== undefined) text += `,"note":${quote(header.note, DETAIL_CHARS_MAX)}`;
  return text;
}

/** The hash of the line that begins with `body`, in hex. */
export function chainHash(previous: string, body: string): string {
  return hash('sha256', `${previous}${body}}`);
}

/** The whole line, newline included. */
export function sealLine(body: string, lineHash: string): string {
  return `${body},"hash":"${lineHash}"}\n`;
}

function details(facts: Readonly<Record<string, string | number>>): string {
  const members = Object.entries(facts)
    .slice(0, DETAILS_MAX)
    .map(([name, fact]) => `${quote(name)}:${typeof fact === 'number' ? number(fact) : quote(fact, DETAIL_CHARS_MAX)}`);
  return `{${members.join(',')}}`;
}

function number(value: number): string {
  assert(Number.isFinite(value), 'an audit record holds a number that is not finite');
  return String(value);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
