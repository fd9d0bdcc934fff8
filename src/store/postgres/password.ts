// Where the password of a store comes from when it does not stand in its address: a file of its own, the environment, or
// libpq's password file. Source: https://www.postgresql.org/docs/15/libpq-pgpass.html. A file that others can read is
// refused: libpq passes it over, and the server would be turned away without knowing why.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../store-error.ts';
import type { PostgresAddress } from './dsn.ts';

const READABLE_BY_OTHERS = 0o077;
const LINE = /^((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):(.*)$/;

export interface PasswordSources {
  /** Holds the password in its one line. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The address with its password, where one is found. Throws StoreError for a file that cannot be used. */
export function withPassword(address: PostgresAddress, { file, env }: PasswordSources): PostgresAddress {
  if (address.password !== undefined) return address;
  const password =
    (file === undefined ? undefined : readPrivate(file).trimEnd()) ?? env['PGPASSWORD'] ?? fromPassFile(address, env);
  return password === undefined ? address : { ...address, password };
}

function fromPassFile({ hosts, database, user }: PostgresAddress, env: PasswordSources['env']): string | undefined {
  const named = env['PGPASSFILE'];
  const path = named ?? join(env['HOME'] ?? '/', '.pgpass');
  if (named === undefined && statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const lines = readPrivate(path)
    .split('\n')
    .flatMap((line) => {
      const [, ...fields] = LINE.exec(line) ?? [];
      return line.startsWith('#') || fields.length === 0
        ? []
        : [fields.map((field) => field.replaceAll(/\\(.)/g, '$1'))];
    });
  for (const { host, port } of hosts) {
    const wanted = [host.startsWith('/') ? 'localhost' : host, String(port), database, user];
    const found = lines.find((fields) => wanted.every((each, at) => fields[at] === '*' || fields[at] === each));
    if (found !== undefined) return found[4];
  }
  return undefined;
}

function readPrivate(path: string): string {
  try {
    if ((statSync(path).mode & READABLE_BY_OTHERS) !== 0) {
      throw new StoreError(`others can read the password in ${path}: run chmod 600 ${path}`);
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`cannot read the password in ${path} (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
}
