// One attempt to decide a group of jobs in one transaction, in three round trips where nothing stands in the way: take
// the writer's lock and load what all of them need; write what they decided; commit. The lock is the row of the stamps,
// so writers of all servers come one after another, each sees every commit before his own, and ordinals are given out in
// the order of commits.

import { randomBytes, randomInt } from 'node:crypto';
import { Fault } from '../../core/error.ts';
import type { Decided, Need, Needs, RowsOf, Settled, TransactionJob } from '../../core/ports.ts';
import { erases, writesOf } from '../changes.ts';
import { type EpochKind, kindsOf } from '../epoch.ts';
import type { Rows, Statement } from '../statement.ts';
import type { Rewrite, Write } from '../write.ts';
import type { Answer } from './batch.ts';
import type { Link } from './link.ts';
import { Loading, type Outcome, rowOf } from './loading.ts';
import { momentOf } from './moment.ts';
import { PostgresError, postgresProblem } from './problem.ts';
import {
  BEGIN,
  COMMIT,
  GUARD,
  ROLLBACK,
  SERVER_COMMIT,
  SERVER_COMMIT_SELECT,
  STAMPS_LOCK,
  STAMPS_UPDATE,
  WAITING_INSERT,
} from './sql.ts';
import { Touched } from './touched.ts';

/** How long a writer waits for those of other servers; then it gives up its place and asks anew. */
const LOCK_WAIT_MS = 3_000;
/** A server that stands still in the middle of its transaction loses it, and with it the lock. */
const STANDSTILL_MS = 4_000;
const STAMP_MAX = 2 ** 47;

export const BEGIN_WRITING: readonly Statement[] = [
  { sql: BEGIN, values: [] },
  { sql: GUARD, values: [String(LOCK_WAIT_MS), String(STANDSTILL_MS)] },
];
export const COMMIT_ALL: Statement = { sql: COMMIT, values: [] };
const ROLL_BACK: Statement = { sql: ROLLBACK, values: [] };
const TAKE_LOCK: Statement = { sql: STAMPS_LOCK, values: [] };

/** What came of a group. */
export interface GroupDone<R> {
  readonly settled: readonly Settled<R>[];
  /** Where the records of what was decided lie, by their ids. */
  readonly ordinals: ReadonlyMap<string, number>;
  readonly erased: boolean;
}

/** What a decision was made on is as it was, and yet its statements fail: it is to be undone alone. */
export class NotApplied extends Error {}

/** The connection was lost in the commit: whether it was done is to be looked up. */
export class InDoubt extends Error {
  readonly commitId: string;
  readonly done: GroupDone<unknown>;

  constructor(commitId: string, done: GroupDone<unknown>, cause: unknown) {
    super('the answer to a commit was lost', { cause });
    this.commitId = commitId;
    this.done = done;
  }
}

/** Rejects with NotApplied, InDoubt or PostgresError; nothing is done then, or, with InDoubt, nobody knows. */
export async function decideGroup<R>(
  link: Link,
  server: string,
  now: number,
  jobs: readonly TransactionJob<R>[],
): Promise<GroupDone<R>> {
  return new GroupTransaction(link, server, now).run(jobs);
}

/** Whether that commit of this server was done. It waits for the lock, so it is over one way or the other. */
export async function isCommitted(link: Link, server: string, commitId: string): Promise<boolean> {
  const select = { sql: SERVER_COMMIT_SELECT, values: [server] };
  const answers = await link.run([...BEGIN_WRITING, TAKE_LOCK, select, ROLL_BACK]);
  return answers[3]?.rows[0]?.[0] === commitId;
}

class GroupTransaction {
  readonly #link: Link;
  readonly #server: string;
  readonly #now: number;
  readonly #touched = new Touched();
  readonly #kinds = new Set<EpochKind>();
  readonly #ordinals = new Map<string, number>();
  #loaded: ReadonlyMap<string, Outcome> = new Map();
  /** Written by the next round trip. */
  #statements: Statement[] = [];
  #checks: ((answer: Answer) => void)[] = [];
  #erased = false;

  constructor(link: Link, server: string, now: number) {
    this.#link = link;
    this.#server = server;
    this.#now = now;
  }

  async run<R>(jobs: readonly TransactionJob<R>[]): Promise<GroupDone<R>> {
    await this.#begin(jobs);
    const settled: Settled<R>[] = [];
    for (const job of jobs) settled.push(await this.#settle(job));
    const done = { settled, ordinals: this.#ordinals, erased: this.#erased };
    if (settled.every(({ ok }) => !ok)) {
      await this.#link.run([ROLL_BACK]);
      return done;
    }
    const commitId = randomBytes(16).toString('hex');
    await this.#write(this.#closing(commitId));
    await this.#commit(commitId, done);
    return done;
  }

  async #begin(jobs: readonly TransactionJob<unknown>[]): Promise<void> {
    const needs = new Map<string, Need>();
    for (const job of jobs) for (const name in job.needs) needs.set(keyOf(job.needs[name]), job.needs[name] as Need);
    const loading = new Loading([...needs.values()]);
    const [, , stamps, ...answers] = await this.#link.run([...BEGIN_WRITING, TAKE_LOCK, ...loading.statements()]);
    momentOf(stamps?.rows ?? []);
    loading.take(answers);
    while (!loading.isDone) loading.take(await this.#link.run(loading.statements()));
    const { outcomes } = loading;
    this.#loaded = new Map([...needs.keys()].map((key, at) => [key, outcomes[at] as Outcome]));
  }

  async #settle<R>(job: TransactionJob<R>): Promise<Settled<R>> {
    let decided: Decided<R>;
    try {
      decided = job.decide(await this.#rowsFor(job.needs));
    } catch (error) {
      if (error instanceof PostgresError || error instanceof NotApplied) throw error;
      return { ok: false, error };
    }
    try {
      await this.#apply(decided);
    } catch (error) {
      throw notApplied(error);
    }
    return { ok: true, decided };
  }

  async #rowsFor(needs: Needs): Promise<RowsOf<Needs>> {
    const names = Object.keys(needs);
    const wanted = names.map((name) => needs[name] as Need);
    let rows = wanted.map((need) => rowOf(this.#loaded.get(keyOf(need))));
    if (wanted.some((need, at) => this.#touched.concerns(need, rows[at]))) {
      await this.#write();
      const loading = new Loading(wanted);
      while (!loading.isDone) loading.take(await this.#link.run(loading.statements()));
      rows = loading.outcomes.map(rowOf);
    }
    return Object.fromEntries(names.map((name, at) => [name, rows[at]])) as RowsOf<Needs>;
  }

  async #apply({ changes, record }: Decided<unknown>): Promise<void> {
    for (const change of changes) {
      for (const step of writesOf(change)) {
        for (const write of 'query' in step ? await this.#follow(step) : [step]) this.#add(write, change.change);
      }
      this.#touched.add(change);
      for (const kind of kindsOf(change)) this.#kinds.add(kind);
      this.#erased ||= erases(change);
    }
    const values = [record.id, JSON.stringify(record), this.#server, this.#now];
    this.#statements.push({ sql: WAITING_INSERT, values });
    this.#checks.push(({ rows }) => this.#ordinals.set(record.id, Number(rows[0]?.[0])));
  }

  /** What follows from rows that only the database knows. */
  async #follow({ query, writes }: Rewrite): Promise<readonly Write[]> {
    const rows: Rows[] = [];
    this.#statements.push(query);
    this.#checks.push((answer) => rows.push(answer.rows));
    await this.#write();
    return writes(rows[0] ?? []);
  }

  #add({ sql, values, touches }: Write, change: string): void {
    this.#statements.push({ sql, values });
    this.#checks.push(({ tag }) => {
      const touched = rowsOf(tag);
      if (touches !== 'one row' || touched === 1) return;
      throw new Fault('INTERNAL', { problem: `${change} touched ${touched} rows instead of one` });
    });
  }

  /** Sends what is to be written by now, with `last` behind it. */
  async #write(last: readonly Statement[] = []): Promise<void> {
    const [statements, checks] = [[...this.#statements, ...last], this.#checks];
    this.#statements = [];
    this.#checks = [];
    if (statements.length === 0) return;
    try {
      const answers = await this.#link.run(statements);
      for (const [at, each] of checks.entries()) each(answers[at] as Answer);
    } catch (error) {
      throw notApplied(error);
    }
  }

  /** Turns the stamps of what was changed, and notes which commit this is. */
  #closing(commitId: string): Statement[] {
    const stamp = (isTurned: boolean) => (isTurned ? newStamp() : null);
    const stamps = [stamp(this.#kinds.has('authority')), stamp(this.#kinds.has('secrets')), stamp(this.#erased)];
    const note = { sql: SERVER_COMMIT, values: [this.#server, commitId] };
    return stamps.every((each) => each === null) ? [note] : [{ sql: STAMPS_UPDATE, values: stamps }, note];
  }

  async #commit(commitId: string, done: GroupDone<unknown>): Promise<void> {
    let tag: string | undefined;
    try {
      tag = (await this.#link.run([COMMIT_ALL]))[0]?.tag;
    } catch (error) {
      if (error instanceof PostgresError && error.failing === 'lost') throw new InDoubt(commitId, done, error);
      throw error;
    }
    if (tag !== COMMIT) throw postgresProblem('it undid the transaction', 'start again', 'again');
  }
}

/** What is wrong with the decision itself; a failure of another kind is thrown on as it is. */
function notApplied(error: unknown): unknown {
  const isOther = error instanceof PostgresError && error.failing !== 'refused';
  if (isOther || error instanceof NotApplied) return error;
  return new NotApplied('a decision could not be applied', { cause: error });
}

/** A stamp unlike any other. */
export function newStamp(): number {
  return randomInt(STAMP_MAX);
}

/** How many rows a statement touched. */
export function rowsOf(tag: string | undefined): number {
  return Number(tag?.slice(tag.lastIndexOf(' ') + 1));
}

function keyOf(need: Need | undefined): string {
  return JSON.stringify(need);
}
