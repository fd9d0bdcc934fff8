// Vault's tokens: what is kept of one, and the rules of its time. A token lives while it and all above it do.
// Source: https://developer.hashicorp.com/vault/docs/concepts/tokens and OpenBao's recorded answers.

import type { ProjectId } from '../name.ts';
import type { VaultEntry } from './entry.ts';

/** 32 days: what a token lasts when nobody says otherwise, and at the most. */
export const VAULT_TTL_SECONDS_MAX: number = 32 * 24 * 3600;
/** Ours: tokens between one and the first of its tree. */
export const TOKEN_DEPTH_MAX = 32;
export const TOKENS_PREFIX = 'token/';

export interface VaultToken {
  /** By which others manage it without knowing it. */
  readonly accessor: string;
  readonly project: ProjectId;
  readonly policies: readonly string[];
  readonly displayName: string;
  /** Where it was made, such as `auth/token/create`. */
  readonly path: string;
  readonly meta: Readonly<Record<string, string>> | null;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Seconds it was given when it was made; 0: it does not end. */
  readonly ttlSeconds: number;
  readonly renewable: boolean;
  /** Seconds that each renewal gives; it has no other end. */
  readonly periodSeconds?: number;
  /** Seconds after which it ends, whatever is renewed. */
  readonly explicitMaxSeconds?: number;
  /** Requests left; 0: as many as it likes; -1: none. */
  readonly usesLeft: number;
  /** The role it was made by. */
  readonly role?: string;
  /** The principal of whom it is a credential, where it is not one of its own. */
  readonly member?: string;
  /** The id of the entity that it stands for. */
  readonly entity?: string;
  /** The fingerprint of the client certificate without which it is not renewed. */
  readonly certificate?: string;
  /** The blocks of addresses that it may come from; absent: any. */
  readonly boundCidrs?: readonly string[];
  /** The name of the program it was made for. */
  readonly workload?: string;
  readonly lastRenewedAt?: number;
  /** The wrapping token of an answer, which opens nothing else. */
  readonly wraps?: { readonly path: string; readonly accessor?: string };
}

/** The member that a token is for whom no account stands: by its entity, where it has one. */
export function memberOfToken({ entity, accessor }: VaultToken): string {
  return entity === undefined ? `vaultToken:${accessor}` : `vaultEntity:${entity}`;
}

export function isVaultsOwn(member: string): boolean {
  return /^vault(?:Token|Entity):/.test(member);
}

export interface KnownToken {
  readonly id: string;
  readonly token: VaultToken;
  readonly parent?: string;
  readonly expiresAt?: number;
}

export function tokenId(hash: string): string {
  return TOKENS_PREFIX + hash;
}

/** The token that an entry holds. */
export function tokenOf(entry: VaultEntry): KnownToken {
  const { id, owner, expiresAt, data } = entry;
  return {
    id,
    token: data as unknown as VaultToken,
    ...(owner === undefined ? {} : { parent: owner }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

export function entryOfToken({ id, token, parent, expiresAt }: KnownToken): VaultEntry {
  return {
    id,
    data: token as unknown as VaultEntry['data'],
    ...(parent === undefined ? {} : { owner: parent }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

export function isAlive({ token, expiresAt }: KnownToken, now: number): boolean {
  return token.usesLeft >= 0 && (expiresAt === undefined || now < expiresAt);
}

/** Seconds it has left; 0: it does not end. */
export function secondsLeft({ expiresAt }: Pick<KnownToken, 'expiresAt'>, now: number): number {
  return expiresAt === undefined ? 0 : Math.max(0, Math.ceil((expiresAt - now) / 1000));
}

/** How a renewal moves the end. Milliseconds since 1970, and whether it is sooner than what was asked for. */
export function renewed(
  token: VaultToken,
  askedSeconds: number,
  now: number,
  maxSeconds: number,
): { readonly expiresAt: number; readonly capped: boolean } {
  const wanted = token.periodSeconds ?? (askedSeconds > 0 ? askedSeconds : token.ttlSeconds);
  const limits = [token.createdAt + (token.explicitMaxSeconds ?? Number.POSITIVE_INFINITY) * 1000];
  if (token.periodSeconds === undefined) limits.push(token.createdAt + maxSeconds * 1000);
  const end = now + wanted * 1000;
  const expiresAt = Math.min(end, ...limits);
  return { expiresAt, capped: expiresAt < end };
}
