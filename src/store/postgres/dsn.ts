// The address of a PostgreSQL as libpq writes it, with one host or several: postgres://USER:PASSWORD@H1:5432,H2/NAME?…
// Source: https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING. What is not known is refused: an
// option that was meant to protect must not be passed over in silence.

import { isIP } from 'node:net';
import { StoreError } from '../store-error.ts';

export interface PostgresHost {
  /** A name, an address, or the directory of a Unix socket. */
  readonly host: string;
  readonly port: number;
}

/** How much of a certificate is checked; `disable`: plain text. */
export type TlsMode = 'disable' | 'require' | 'verify-ca' | 'verify-full';

/** Where the store is and how to get in; plain data, so that a worker can be told. */
export interface PostgresAddress {
  /** Tried in this order. */
  readonly hosts: readonly PostgresHost[];
  readonly user: string;
  readonly database: string;
  readonly password?: string;
  readonly tls: TlsMode;
  /** The file with the certificates that are trusted; absent: those that Node trusts. */
  readonly rootCertFile?: string;
}

const FORM = /^postgres(?:ql)?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOST = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]*)(?::([0-9]{1,5}))?$/;
const PORT_DEFAULT = 5432;
const HOSTS_MAX = 16;
const MODES: ReadonlySet<string> = new Set(['disable', 'require', 'verify-ca', 'verify-full']);

/** Whether a place of a store is an address of this engine. */
export function isPostgres(text: string): boolean {
  return /^postgres(ql)?:/.test(text);
}

/** Throws StoreError, one line for the operator that never holds the password. */
export function parseDsn(text: string): PostgresAddress {
  const [, user, password, authority = '', name, query = ''] = FORM.exec(text) ?? refuse('is not of that form');
  const options = new Map(new URLSearchParams(query));
  const take = (option: string): string | undefined => {
    const value = options.get(option);
    options.delete(option);
    return value === '' ? undefined : value;
  };
  const hosts = hostsOf(take('host') ?? authority);
  const mode = take('sslmode') ?? (hosts.every(({ host }) => isHere(host)) ? 'disable' : 'verify-full');
  if (!MODES.has(mode)) refuse(`has sslmode=${mode}, which is none of ${[...MODES].join(', ')}`);
  const target = take('target_session_attrs') ?? 'read-write';
  if (target !== 'read-write' && target !== 'primary') refuse('asks for another server than the primary');
  const rootCertFile = take('sslrootcert');
  const given = { user: decoded(user) || take('user'), database: decoded(name) || take('dbname') };
  const [unknown] = options.keys();
  if (unknown !== undefined) refuse(`has an option that is not known, ${unknown}`);
  const { user: known = refuse('names no user'), database = known } = given;
  return {
    hosts,
    user: known,
    database,
    ...(password === undefined ? {} : { password: decoded(password) }),
    tls: mode as TlsMode,
    ...(rootCertFile === undefined ? {} : { rootCertFile }),
  };
}

/** Names the store in messages: no password. */
export function nameOf({ hosts, database }: Pick<PostgresAddress, 'hosts' | 'database'>): string {
  return `PostgreSQL ${hosts.map(({ host, port }) => `${host}:${port}`).join(',')}/${database}`;
}

/** Whether what is said to this host stays on this machine. */
export function isHere(host: string): boolean {
  return (
    host.startsWith('/') || host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
  );
}

function hostsOf(text: string): PostgresHost[] {
  const hosts = text.split(',').map((each) => {
    if (each.startsWith('/')) return { host: each, port: PORT_DEFAULT };
    const [, host = '', port] = HOST.exec(decoded(each)) ?? refuse(`has a host that is none, ${each}`);
    const number = port === undefined ? PORT_DEFAULT : Number(port);
    if (number < 1 || number > 65_535) refuse(`has a port that is none, ${port}`);
    return { host: host.replace(/^\[(.*)\]$/, '$1') || 'localhost', port: number };
  });
  if (hosts.length > HOSTS_MAX) refuse(`names more than ${HOSTS_MAX} hosts`);
  return hosts;
}

function decoded(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return refuse('holds a % that begins no character');
  }
}

function refuse(problem: string): never {
  throw new StoreError(`--store ${problem}: give postgres://USER@HOST:PORT/NAME, with several hosts after commas`);
}
