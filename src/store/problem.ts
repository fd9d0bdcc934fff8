// What SQLite's result codes mean to a caller and to an operator. Source: https://sqlite.org/rescode.html.
// SQLite's own messages name tables and columns, never values.

import { Fault } from '../core/error.ts';

const PRIMARY_CODE_BITS = 0xff;

/** Primary result codes; an extended code has one of them in its low byte. */
const PERM = 3;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

interface Problem {
  /** For STORE_UNAVAILABLE. */
  readonly problem: string;
  /** What the operator can do where it keeps the server from starting. */
  readonly remedy: string;
}

const DAMAGED: Problem = { problem: 'its file is damaged', remedy: 'restore the data directory from your backup' };
const NOT_WRITABLE: Problem = {
  problem: 'its files cannot be written',
  remedy: 'let the user who runs the server write there, or choose another --data',
};
const HELD: Problem = {
  problem: 'another program holds its file',
  remedy: 'end the program that has coffer.db open, and start again',
};

const problems: ReadonlyMap<number, Problem> = new Map([
  [PERM, NOT_WRITABLE],
  [BUSY, HELD],
  [LOCKED, HELD],
  [READONLY, NOT_WRITABLE],
  [IOERR, { problem: 'the disk fails to read or write', remedy: 'check the disk, then start again' }],
  [CORRUPT, DAMAGED],
  [FULL, { problem: 'the disk is full', remedy: 'free some space, then start again' }],
  [CANTOPEN, NOT_WRITABLE],
  [NOTADB, { ...DAMAGED, problem: 'its file is not a database' }],
]);

/** The primary result code of an error that SQLite gave, undefined for any other error. */
function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & PRIMARY_CODE_BITS;
}

/** What is wrong with disk, file or lock, or undefined where the error is another. */
export function problemOf(error: unknown): Problem | undefined {
  const code = primaryCode(error);
  return code === undefined ? undefined : problems.get(code);
}

export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === BUSY || code === LOCKED;
}

/** The fault of a failed statement: STORE_UNAVAILABLE for the outside world's problems, INTERNAL for a bug. */
export function faultOf(error: unknown): Fault {
  const problem = problemOf(error)?.problem;
  return problem === undefined
    ? new Fault('INTERNAL', {}, { cause: error })
    : new Fault('STORE_UNAVAILABLE', { problem }, { cause: error });
}
