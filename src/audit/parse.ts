// Reads lines of a segment back. A segment may have been edited by anybody, so nothing of a line is taken on trust:
// what has not the shape of a record or a header is undefined, never a half-filled one.

import type { AuditRecord, ChainedRecord, Outcome } from '../core/audit-record.ts';
import { FAULT_CODES, type FaultCode } from '../core/error.ts';
import type { SegmentHeader } from './line.ts';
import { MAIN } from './stream.ts';

const OUTCOMES: ReadonlySet<unknown> = new Set<Outcome>(['allowed', 'denied', 'failed']);
const CODES: ReadonlySet<unknown> = new Set<FaultCode>(FAULT_CODES);
const HASH = /^[0-9a-f]{64}$/;
const RECORD_START = Buffer.from('{"sequence":');
const TIME_START = Buffer.from(',"time":');
const ZERO = 48;

/** The record of a line of a stream, without its hash. */
export function parseRecord(line: string, stream: string): ChainedRecord | undefined {
  const fields = parseObject(line);
  if (fields === undefined) return undefined;
  const { sequence, time, version, details, code, credential, userAgent, outcome } = fields;
  const { id, operation, principal, resource, dialect, peer, requestId } = fields;
  if (!isCount(sequence) || !isNumber(time) || !OUTCOMES.has(outcome)) return undefined;
  if (!isText(id) || !isText(operation) || !isText(principal) || !isText(resource)) return undefined;
  if (!isText(dialect) || !isText(peer) || !isText(requestId)) return undefined;
  if (version !== undefined && !isNumber(version)) return undefined;
  if (code !== undefined && !CODES.has(code)) return undefined;
  if (credential !== undefined && !isText(credential)) return undefined;
  if (userAgent !== undefined && !isText(userAgent)) return undefined;
  if (details !== undefined && !isDetails(details)) return undefined;
  return {
    stream,
    sequence,
    id,
    time,
    operation,
    outcome: outcome as Outcome,
    ...(code === undefined ? {} : { code: code as FaultCode }),
    principal,
    ...(credential === undefined ? {} : { credential }),
    resource,
    ...(version === undefined ? {} : { version }),
    dialect,
    peer,
    requestId,
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(details === undefined ? {} : { details }),
  };
}

/** The header of a segment's first line. */
export function parseHeader(line: string): SegmentHeader | undefined {
  const fields = parseObject(line);
  if (fields === undefined) return undefined;
  const { segment, format, stream = MAIN, previous, head, after, time, broken, note } = fields;
  if (format !== 'coffer-audit-1' || !isText(segment) || !isText(stream) || !isText(previous)) return undefined;
  if (!isText(head) || !HASH.test(head) || !isCount(after) || !isNumber(time)) return undefined;
  if ((broken !== undefined && !isText(broken)) || (note !== undefined && !isText(note))) return undefined;
  return {
    segment,
    stream,
    previous,
    head,
    after,
    time,
    ...(broken === undefined ? {} : { broken }),
    ...(note === undefined ? {} : { note }),
  };
}

/** The sequence number that a line begins with, read without parsing the line; undefined where there is none. */
export function sequenceAt(block: Buffer, start: number): number | undefined {
  return startsWith(block, start, RECORD_START) ? digitsAt(block, start + RECORD_START.length) : undefined;
}

/** The time of the record that begins at `start`, read the same way. */
export function timeAt(block: Buffer, start: number): number | undefined {
  if (!startsWith(block, start, RECORD_START)) return undefined;
  const comma = block.indexOf(0x2c, start);
  return startsWith(block, comma, TIME_START) ? digitsAt(block, comma + TIME_START.length) : undefined;
}

function startsWith(block: Buffer, start: number, prefix: Buffer): boolean {
  for (let index = 0; index < prefix.length; index += 1) {
    if (block[start + index] !== prefix[index]) return false;
  }
  return true;
}

function digitsAt(block: Buffer, start: number): number | undefined {
  let value = 0;
  let at = start;
  for (let digit = (block[at] ?? 0) - ZERO; digit >= 0 && digit <= 9; digit = (block[at] ?? 0) - ZERO) {
    value = value * 10 + digit;
    at += 1;
  }
  return at > start && Number.isSafeInteger(value) ? value : undefined;
}

type Fields = Readonly<Partial<Record<keyof AuditRecord | keyof SegmentHeader | 'sequence' | 'format', unknown>>>;

function parseObject(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDetails(value: unknown): value is Readonly<Record<string, string | number>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((fact) => isText(fact) || isNumber(fact))
  );
}
