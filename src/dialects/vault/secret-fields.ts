// The fields of a request that are secrets: tokens, secret ids, passwords. They are taken out here and go on as hashes, so
// that no text of one leaves the thread that answers.

import { CERT_LIST_ROUTE } from '../../ops/vault/cert-revoked.ts';
import type { Entered, VaultDoor } from '../../ops/vault/door.ts';
import { GITHUB_LOGIN_ROUTE } from '../../ops/vault/github.ts';
import type { Hashes } from '../../ops/vault/route.ts';
import type { FoundRoute } from '../../ops/vault/routes.ts';
import { type Data, VaultError, type VaultRequest } from './request.ts';

export interface SecretFields {
  readonly hashes: Hashes;
  /** The fields without them. */
  readonly rest: Data;
  /** The text of the token, or of the secret id, that the caller chose. */
  readonly chosen?: string;
  /** What the caller is known by at GitHub. */
  readonly credential?: string;
  /** What the client presented, DER, still to be judged. */
  readonly certificates?: readonly Uint8Array[];
  /** A list of revoked certificates, PEM, that whoever is somebody gives. */
  readonly revoked?: string;
  /** It has still to be hashed. */
  readonly password?: { readonly user: string; readonly text: string };
}

const PASSWORD_CHARS_MAX = 1024;
const TRUST_CHARS_MAX: number = 256 * 1024;
const LIST_CHARS_MAX: number = 1024 * 1024;
const WITH_TOKENS = /^(?:auth\/token|sys\/(?:wrapping\/(?!wrap$)|capabilities))/;

const given = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export function secretFields(
  door: VaultDoor,
  request: VaultRequest,
  entered: Entered,
  found: FoundRoute | undefined,
): SecretFields {
  const { path, data } = request;
  const route = found?.route.path ?? '';
  // Shares go nowhere but to whoever holds the seal.
  if (found?.route.ceremony !== undefined) return { hashes: {}, rest: {} };
  if (route.startsWith('approle!')) return secretId(door, data, route);
  if (route === 'cert!login') return { hashes: {}, rest: data, certificates: request.wire.peer.certificates?.() ?? [] };
  if (route === CERT_LIST_ROUTE) return revoked(data, entered);
  if (route.startsWith('cert!')) return trusted(door, data);
  if (route === GITHUB_LOGIN_ROUTE) return elsewhere(data);
  if (route.startsWith('userpass!')) return password(data, found?.params ?? {});
  const isBatch = path.endsWith('-self') && entered.token?.token.accessor === '';
  const batch = isBatch && entered.token !== undefined ? { batch: entered.token } : {};
  const self = { ...batch, ...presentedBy(door, request) };
  return WITH_TOKENS.test(path) ? tokens(door, data, self) : { hashes: self, rest: data };
}

/** That a field was there at all is what a handler may know. */
function tokens(door: VaultDoor, { token, id, ...rest }: Data, self: Hashes): SecretFields {
  const [text, chosen] = [given(token), given(id)];
  const batch = text === undefined ? undefined : door.batch(text);
  return {
    hashes: {
      ...self,
      ...(text === undefined ? {} : { token: door.digest(text) }),
      ...(batch === undefined ? {} : { batch }),
      ...(chosen === undefined ? {} : { id: door.digest(chosen) }),
    },
    rest: {
      ...rest,
      ...(text === undefined ? {} : { token: 'given' }),
      ...(chosen === undefined ? {} : { id: chosen.replaceAll(/[A-Za-z0-9_-]/g, 'x') }),
    },
    ...(chosen === undefined ? {} : { chosen }),
  };
}

/** The fields of a role, what it trusts taken out. */
function trusted(door: VaultDoor, { certificate, ...rest }: Data): SecretFields {
  const text = given(certificate);
  if (text === undefined) return { hashes: {}, rest };
  const trust = text.length > TRUST_CHARS_MAX ? undefined : door.trust(text);
  if (trust === undefined) throw new VaultError(400, 'failed to parse certificate');
  return { hashes: { trust }, rest };
}

/** To read a list takes time, so that nobody's is read. */
function revoked({ crl, ...rest }: Data, { caller }: Entered): SecretFields {
  const text = given(crl);
  if (text === undefined || text.length > LIST_CHARS_MAX || caller.vault.policies.length === 0) {
    return { hashes: {}, rest: text === undefined ? rest : { ...rest, crl: 'given' } };
  }
  return { hashes: {}, rest: { ...rest, crl: 'given' }, revoked: text };
}

/** By which certificate a renewal comes. */
function presentedBy(door: VaultDoor, { path, wire }: VaultRequest): Hashes {
  const own = path.startsWith('auth/token/renew') ? wire.peer.certificates?.()[0] : undefined;
  return own === undefined ? {} : { presented: door.fingerprint(own) };
}

function secretId(door: VaultDoor, { secret_id: sent, ...rest }: Data, route: string): SecretFields {
  const text = given(sent);
  if (text === undefined) return { hashes: {}, rest };
  const isNew = route.endsWith('/custom-secret-id');
  return { hashes: { secretId: door.secretIdHash(text) }, rest, ...(isNew ? { chosen: text } : {}) };
}

function elsewhere({ token, ...rest }: Data): SecretFields {
  const text = given(token);
  return { hashes: {}, rest, ...(text === undefined ? {} : { credential: text }) };
}

function password({ password: sent, ...rest }: Data, params: FoundRoute['params']): SecretFields {
  const text = given(sent);
  if (text === undefined) return { hashes: {}, rest };
  if (text.length > PASSWORD_CHARS_MAX)
    throw new VaultError(400, `a password has at most ${PASSWORD_CHARS_MAX} characters`);
  return { hashes: {}, rest, password: { user: `${params['uid']}/${(params['user'] ?? '').toLowerCase()}`, text } };
}
