// `coffer store migrate`: moves a store from one engine to the other, with its audit log, while no server runs. All or
// nothing: a PostgreSQL is filled in one transaction, a data directory under another name until it is whole. Every row
// is read back and held against its source before anything counts.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { writePart } from './audit/mirror.ts';
import { endOf } from './audit/seek.ts';
import { listSegments, segmentName } from './audit/segment.ts';
import { partsOf } from './audit/share.ts';
import { listStreams, streamDirectory } from './audit/stream.ts';
import type { SharedPart } from './core/audit-port.ts';
import { syncDirectory } from './store/directory.ts';
import { lockDirectory } from './store/lock.ts';
import { isPostgres, nameOf, parseDsn } from './store/postgres/dsn.ts';
import { type Connecting, prepareConnecting } from './store/postgres/link.ts';
import { withPassword } from './store/postgres/password.ts';
import { PostgresError } from './store/postgres/problem.ts';
import { StoreError } from './store/store-error.ts';
import { compareTables, copyTables } from './store/transfer/copy.ts';
import { PostgresSide } from './store/transfer/postgres-side.ts';
import { SqliteSide } from './store/transfer/sqlite-side.ts';

const DATABASE = 'coffer.db';

export interface MoveOptions {
  /** A data directory or `postgres://…`, and the other of the two. */
  readonly from: string;
  readonly to: string;
  /** Holds the password of the one that is a PostgreSQL. */
  readonly passwordFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Moved {
  readonly rows: number;
  /** Of the audit log. */
  readonly bytes: number;
}

/** Rejects with StoreError, one line for the operator; both stores are then as they were. */
export async function moveStore(options: MoveOptions): Promise<Moved> {
  const { from, to } = options;
  if (isPostgres(from) === isPostgres(to)) {
    throw new StoreError('a store is moved from a data directory to postgres://…, or back: give one of each');
  }
  const dsn = parseDsn(isPostgres(from) ? from : to);
  const file = options.passwordFile === undefined ? {} : { file: options.passwordFile };
  const connecting = prepareConnecting(withPassword(dsn, { env: options.env, ...file }));
  try {
    return isPostgres(to) ? await toPostgres(resolve(from), connecting) : await fromPostgres(connecting, resolve(to));
  } catch (error) {
    if (!(error instanceof PostgresError) || error.known === undefined) throw error;
    const { problem, remedy } = error.known;
    throw new StoreError(`cannot use ${nameOf(dsn)}: ${problem}: ${remedy}`, { cause: error });
  }
}

async function toPostgres(directory: string, connecting: Connecting): Promise<Moved> {
  if (statSync(join(directory, DATABASE), { throwIfNoEntry: false }) === undefined) {
    throw new StoreError(`${directory} holds no store: name the data directory of a server in --from`);
  }
  const lock = lockDirectory(directory);
  try {
    const source = new SqliteSide(join(directory, DATABASE));
    try {
      const target = await PostgresSide.open(connecting);
      try {
        const rows = await copyTables(source, target, source.tables);
        await target.insertWaiting(source.waiting());
        await compareTables(source, target, source.tables);
        let bytes = 0;
        for await (const part of partsIn(join(directory, 'audit'))) {
          await target.insertPart(part);
          bytes += part.lengthBytes;
        }
        await target.commit();
        return { rows, bytes };
      } finally {
        target.close();
      }
    } finally {
      source.close();
    }
  } finally {
    lock.release();
  }
}

async function fromPostgres(connecting: Connecting, directory: string): Promise<Moved> {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found !== undefined && readdirSync(directory).length > 0) {
    throw new StoreError(`${directory} is not empty: name a new directory in --to`);
  }
  const draft = join(dirname(directory), `.${basename(directory)}.${randomBytes(8).toString('hex')}.moving`);
  const source = await PostgresSide.open(connecting);
  try {
    mkdirSync(draft, { mode: 0o700 });
    const target = new SqliteSide(join(draft, DATABASE));
    let rows: number;
    try {
      rows = await copyTables(source, target, target.tables);
      target.insertWaiting(await source.waiting());
      await compareTables(source, target, target.tables);
    } finally {
      target.close();
    }
    const bytes = await writeSegments(source, join(draft, 'audit'));
    syncDirectory(draft);
    renameSync(draft, directory);
    syncDirectory(dirname(directory));
    return { rows, bytes };
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  } finally {
    source.close();
  }
}

/** All whole lines of a data directory's audit log. */
async function* partsIn(root: string): AsyncGenerator<SharedPart> {
  if (statSync(root, { throwIfNoEntry: false }) === undefined) return;
  for (const stream of await listStreams(root)) {
    const directory = streamDirectory(root, stream);
    const numbers = await listSegments(directory);
    const [first, last] = [numbers[0], numbers.at(-1)];
    if (first === undefined || last === undefined) continue;
    const { lengthBytes } = await endOf(directory, numbers);
    const from = { segment: segmentName(first), lengthBytes: 0 };
    yield* partsOf(root, from, { stream, segment: segmentName(last), lengthBytes });
  }
}

async function writeSegments(source: PostgresSide, root: string): Promise<number> {
  let bytes = 0;
  mkdirSync(root, { mode: 0o700 });
  for await (const part of source.parts()) {
    const directory = streamDirectory(root, part.stream);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (!(await writePart(directory, part))) {
      throw new StoreError(`the audit log of ${part.stream} has a gap in segment ${part.segment}: nothing was moved`);
    }
    bytes += part.lengthBytes;
  }
  return bytes;
}
