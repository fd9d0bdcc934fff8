// Finds the server and the credential: COFFER_ADDR, COFFER_TOKEN and COFFER_DATA first, else what the last server on
// this machine left for its own user. The owner's token goes only to the server that it belongs to: to the address in
// the same state file, to an address given together with COFFER_DATA, or to this machine itself.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ClientError } from './error.ts';

export interface Connection {
  /** `http(s)://host:port`, without a path. */
  readonly address: string;
  /** The bearer token, if one was found. */
  readonly token?: string;
  /** True where the token is the owner's. */
  readonly owner: boolean;
  /** The server's data directory, where it is known. */
  readonly data?: string;
  /** Path of a PEM file with the certificates to trust for `https`. */
  readonly ca?: string;
}

/** What `coffer server` leaves for the commands of its own user. */
interface ServerState {
  readonly address: string;
  readonly data: string;
}

const DEFAULT_ADDRESS = 'http://127.0.0.1:8200';
const STATE_BYTES_MAX = 16 * 1024;
const TOKEN_BYTES_MAX = 8 * 1024;

/**
 * The connection that `env` and the files of this user describe.
 * @throws ClientError where an address is malformed or a file may have been read or written by somebody else.
 */
export function discover(env: NodeJS.ProcessEnv): Connection {
  const given = env['COFFER_ADDR'];
  const explicit = Boolean(given) && Boolean(env['COFFER_DATA'] || env['COFFER_TOKEN']);
  const state = explicit ? undefined : readState(env);
  const address = given ? parseAddress(given, 'COFFER_ADDR') : (state?.address ?? DEFAULT_ADDRESS);
  const data = env['COFFER_DATA'] || state?.data || defaultDataPath(env);
  const ca = env['COFFER_CA'];
  const found = { address, data, ...(ca ? { ca } : {}) };
  const token = env['COFFER_TOKEN'];
  if (token) return { ...found, token: checkToken(token, 'COFFER_TOKEN'), owner: false };
  const belongs = Boolean(env['COFFER_DATA']) || address === state?.address || isLoopback(address);
  const ownerToken = belongs ? readOwnerToken(join(data, 'owner.token')) : undefined;
  return ownerToken === undefined ? { ...found, owner: false } : { ...found, token: ownerToken, owner: true };
}

/** Where a server keeps its data unless told otherwise: the user's data home (XDG base directories). */
export function defaultDataPath(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local', 'share'), 'coffer');
}

/** Where a server leaves its address for the commands of its own user (XDG base directories). */
export function statePath(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state'), 'coffer', 'server.json');
}

function readState(env: NodeJS.ProcessEnv): ServerState | undefined {
  const path = statePath(env);
  const file = readOwnFile(path, STATE_BYTES_MAX);
  if (file === undefined) return undefined;
  const uid = process.getuid?.();
  if ((uid !== undefined && file.uid !== uid) || (file.mode & 0o022) !== 0) {
    throw new ClientError(`${path} can be written by other users: remove it and start the server again`);
  }
  let state: unknown;
  try {
    state = JSON.parse(file.text);
  } catch {
    throw new ClientError(`${path} is not JSON: remove it and start the server again`);
  }
  if (!isState(state)) throw new ClientError(`${path} names no address: remove it and start the server again`);
  return { address: parseAddress(state.address, path), data: state.data };
}

function isState(value: unknown): value is ServerState {
  if (typeof value !== 'object' || value === null) return false;
  const { address, data } = value as Partial<Record<keyof ServerState, unknown>>;
  return typeof address === 'string' && typeof data === 'string' && data !== '';
}

function readOwnerToken(path: string): string | undefined {
  const file = readOwnFile(path, TOKEN_BYTES_MAX);
  if (file === undefined) return undefined;
  if ((file.mode & 0o077) !== 0) {
    throw new ClientError(`${path} can be read by other users, so it is not used: run chmod 600 on it`);
  }
  return checkToken(file.text.trim(), path);
}

function checkToken(token: string, where: string): string {
  if (!/^[\x21-\x7e]{1,8192}$/.test(token)) {
    throw new ClientError(`${where} does not hold a token: it has spaces, control characters or nothing at all`);
  }
  return token;
}

/** Opens once and looks at what was opened, so that the checks and the content are of one and the same file. */
function readOwnFile(path: string, bytesMax: number): { text: string; uid: number; mode: number } | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw new ClientError(`cannot read ${path}: ${code === 'ELOOP' ? 'it is a symbolic link' : code}`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > bytesMax) throw new ClientError(`${path} is not a file of Coffer's: remove it`);
    return { text: readFileSync(fd, 'utf8'), uid: stat.uid, mode: stat.mode };
  } finally {
    closeSync(fd);
  }
}

function parseAddress(text: string, where: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ClientError(`${where} is not an address like http://127.0.0.1:8200`);
  }
  if (url.username || url.password || url.search || url.hash || url.pathname !== '/') {
    throw new ClientError(`${where} must be scheme, host and port only, like http://127.0.0.1:8200`);
  }
  return url.origin;
}

/** True where the address can only be this machine. */
export function isLoopback(address: string): boolean {
  const host = new URL(address).hostname;
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
