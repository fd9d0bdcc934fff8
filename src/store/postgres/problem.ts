// What PostgreSQL's error codes and a lost connection mean to a request and to an operator. Source:
// https://www.postgresql.org/docs/15/errcodes-appendix.html. What the server says beside its one line of message (the
// row that failed, the statement) is left out: it holds what is stored.

import { Fault } from '../../core/error.ts';

/**
 * `lost`: the connection is of no use any more, and what was not committed is undone. `again`: undone, and worth the same
 * attempt at once. `refused`: undone, and as wrong the next time.
 */
export type Failing = 'lost' | 'again' | 'refused';

interface Problem {
  /** For STORE_UNAVAILABLE. */
  readonly problem: string;
  /** What the operator can do where it keeps the server from starting. */
  readonly remedy: string;
  readonly failing: Failing;
}

const GONE: Problem = { problem: 'it does not answer', remedy: 'start it, or correct --store', failing: 'lost' };
const RIGHTS: Problem = {
  problem: 'its user may not do what is needed',
  remedy: 'let the user of --store own the database, or grant it CREATE on the schema (docs/postgresql.md)',
  failing: 'refused',
};
const LOGIN: Problem = {
  problem: 'it does not let the user in',
  remedy: 'correct the user and password of --store',
  failing: 'lost',
};
const NO_TLS: Problem = {
  problem: 'it does not speak TLS',
  remedy: 'turn ssl on there, or say sslmode=disable in --store',
  failing: 'lost',
};
const BUSY: Problem = {
  problem: 'another server holds its lock',
  remedy: 'look what the other server waits for, then start again',
  failing: 'again',
};
const FULL: Problem = { problem: 'its disk is full', remedy: 'free some space there', failing: 'refused' };

const PROBLEMS: ReadonlyMap<string, Problem> = new Map([
  ['53300', { ...GONE, problem: 'it has no connection left', remedy: 'raise max_connections or end other clients' }],
  ['53100', FULL],
  ['53200', { ...FULL, problem: 'it has no memory left', remedy: 'give it more' }],
  ['25006', { ...GONE, problem: 'it can only be read', remedy: 'name the primary in --store' }],
  ['42501', RIGHTS],
  ['28000', LOGIN],
  ['28P01', LOGIN],
  ['3D000', { ...LOGIN, problem: 'its database does not exist', remedy: 'create it, or correct --store' }],
  ['55P03', BUSY],
  ['40001', { ...BUSY, problem: 'others change the same rows all the time' }],
  ['40P01', { ...BUSY, problem: 'others change the same rows all the time' }],
  ['57014', { ...BUSY, problem: 'it cut the statement off', remedy: 'raise its statement_timeout' }],
  ['42P01', { ...RIGHTS, problem: 'a table is missing in it', remedy: 'restore it from your backup' }],
  // A pooler handed the connection's prepared statements to somebody else.
  ['26000', { ...GONE, problem: 'a pooler does not keep prepared statements' }],
  ['42P05', { ...GONE, problem: 'a pooler does not keep prepared statements' }],
  ['0A000', { ...GONE, problem: 'its schema was changed' }],
]);

/** A connection that broke, or that nobody could make. */
const LOST_CODE = /^(08...|57P0[1-5]|25P0[34]|E[A-Z_]+|ERR_.*|SELF_SIGNED.*|CERT_.*|DEPTH_.*|UNABLE_.*)$/;
const TLS_CODE = /^(ERR_TLS|SELF_SIGNED|CERT_|DEPTH_|UNABLE_)/;

/** An error of PostgreSQL, or of the connection to it, without what it says of rows. */
export class PostgresError extends Error {
  /** SQLSTATE, or Node's own code; empty where there is none. */
  readonly code: string;
  /** Undefined: the statement is wrong, or broke a rule of the schema. */
  readonly known: Problem | undefined;

  constructor(message: string, code: string, known: Problem | undefined) {
    super(message);
    this.name = 'PostgresError';
    this.code = code;
    this.known = known;
  }

  get failing(): Failing {
    return this.known?.failing ?? 'refused';
  }
}

/** An error that is not one of a statement: something about the server itself. */
export function postgresProblem(problem: string, remedy: string, failing: Failing): PostgresError {
  return new PostgresError(problem, '', { problem, remedy, failing });
}

/** Whatever the driver threw. */
export function errorOf(error: unknown): PostgresError {
  if (error instanceof PostgresError) return error;
  const { message, code } = (error instanceof Error ? error : new Error(String(error))) as NodeJS.ErrnoException;
  // The driver has no code for a connection that ended, nor for a password that is missing or not the server's.
  const known = code === undefined ? byMessage(message) : problemOf(code, message);
  return new PostgresError(message, code ?? '', known);
}

function byMessage(message: string): Problem {
  if (/^SASL/.test(message)) return LOGIN;
  return /SSL connection/.test(message) ? NO_TLS : GONE;
}

function problemOf(code: string, message: string): Problem | undefined {
  if (TLS_CODE.test(code)) {
    return {
      problem: `its certificate is not accepted (${message})`,
      remedy: 'see sslmode and sslrootcert',
      failing: 'lost',
    };
  }
  return PROBLEMS.get(code) ?? (LOST_CODE.test(code) ? GONE : undefined);
}

/** The fault of a failed statement: STORE_UNAVAILABLE for the outside world's problems, INTERNAL for a bug. */
export function faultOf(error: unknown): unknown {
  if (!(error instanceof PostgresError)) return error;
  const { known } = error;
  return known === undefined
    ? new Fault('INTERNAL', {}, { cause: error })
    : new Fault('STORE_UNAVAILABLE', { problem: known.problem }, { cause: error });
}
