// A database of its own on the one PostgreSQL of a test file: made in some tens of milliseconds, gone with the server.

import pg from 'pg';
import { parseDsn } from '../../src/store/postgres/dsn.ts';
import { type Connecting, prepareConnecting } from '../../src/store/postgres/link.ts';
import type { Postgres } from './postgres.ts';

let databases = 0;

/** The address of a new, empty database: `postgres://…`, with the password. */
export async function newDatabase({ host, port, user, password, database }: Postgres): Promise<string> {
  databases += 1;
  const name = `place_${process.pid}_${databases}`;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  } finally {
    await client.end();
  }
  return `postgres://${user}:${password}@${host}:${port}/${name}`;
}

/** How the store's own tests get to it. */
export function connectingTo(dsn: string): Connecting {
  return prepareConnecting(parseDsn(dsn));
}

/** Runs SQL there as another program would. */
export async function runSql(dsn: string, sql: string, values: readonly unknown[] = []): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    return (await client.query({ text: sql, values: [...values], rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}
