// The auth methods of a project: where a caller without a token gets one. `token/` is always there.

import type { VaultEntry } from './entry.ts';
import type { MountConfig } from './mounts.ts';

/** Of `token/`, which is the same everywhere. */
export const TOKEN_ACCESSOR = 'auth_token_00000001';

export const AUTH_TYPES = ['approle', 'cert', 'github', 'userpass'] as const;
export type AuthType = (typeof AUTH_TYPES)[number];

export interface AuthMount {
  readonly type: AuthType;
  /** 32 hex digits: its entries lie below it. */
  readonly uid: string;
  readonly accessor: string;
  readonly description: string;
  readonly config: MountConfig & { readonly tokenType: string };
  readonly local: boolean;
  readonly sealWrap: boolean;
}

/** By path, which ends in `/`; without `token/`. */
export type AuthTable = Readonly<Record<string, AuthMount>>;

/** The table from the entry that holds the project's mounts. */
export function authTable(entry: VaultEntry | undefined): AuthTable {
  return (entry?.data['auth'] as AuthTable | undefined) ?? {};
}

/** The method that a path below `auth/` falls under. */
export function authMountOf(
  table: AuthTable,
  rest: string,
): { readonly path: string; readonly mount: AuthMount } | undefined {
  for (let end = rest.indexOf('/') + 1; end > 0; end = rest.indexOf('/', end) + 1) {
    const path = rest.slice(0, end);
    const mount = Object.hasOwn(table, path) ? table[path] : undefined;
    if (mount !== undefined) return { path, mount };
  }
  return undefined;
}
