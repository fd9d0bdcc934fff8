// What a PKI mount keeps: its authority with the sealed key, addresses, roles, certificates by their serial numbers, and
// which of them were revoked. All of it lies below the mount's uid and goes with the mount; a certificate is kept until
// three days past its end, so that whoever looks for it late still finds it.

import { Fault } from '../../core/error.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import { type Mount, mountsId, pkiHome } from '../../core/vault/mounts.ts';
import type { PkiUrls } from '../../core/vault/pki.ts';
import { VAULT_TTL_SECONDS_MAX } from '../../core/vault/token.ts';
import type { Data } from './fields.ts';
import { invalid } from './fields.ts';
import { tableOf } from './mount-table.ts';
import type { View } from './view.ts';

/** Past its end, milliseconds. */
const KEPT_MS: number = 72 * 3_600_000;

type Params = Readonly<Record<string, string>>;

export const homeOf = ({ uid = '' }: Params): string => pkiHome(uid);
export const caId = (params: Params): string => `${homeOf(params)}ca`;
export const urlsId = (params: Params): string => `${homeOf(params)}urls`;
export const rolesOf = (params: Params): string => `${homeOf(params)}role/`;
export const roleIdOf = (params: Params): string => rolesOf(params) + (params['role'] ?? '');
export const certsOf = (params: Params): string => `${homeOf(params)}cert/`;
export const revokedOf = (params: Params): string => `${homeOf(params)}revoked/`;

/** The entries that a certificate is made by. */
export function basisIds(params: Params, project: string): readonly string[] {
  return [mountsId(project), caId(params), urlsId(params), roleIdOf(params)];
}

export interface PkiMount {
  readonly path: string;
  readonly mount: Mount;
  /** Seconds. */
  readonly defaultSeconds: number;
  readonly maxSeconds: number;
}

/** The mount that the path fell under, as it is now. */
export function pkiMount(view: View, params: Params): PkiMount {
  const { mount: path = '', uid } = params;
  const table = tableOf(view);
  const mount = Object.hasOwn(table, path) ? table[path] : undefined;
  if (mount?.uid !== uid || mount?.type !== 'pki') throw new Fault('ROUTE_NOT_FOUND', { method: 'any', path });
  const maxSeconds = mount.config.maxSeconds || VAULT_TTL_SECONDS_MAX;
  const defaultSeconds = Math.min(mount.config.defaultSeconds || VAULT_TTL_SECONDS_MAX, maxSeconds);
  return { path, mount, defaultSeconds, maxSeconds };
}

export interface Authority {
  readonly entry: VaultEntry;
  /** PEM. */
  readonly certificate: string;
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  readonly notAfter: number;
}

export function authorityOf(view: View, params: Params): Authority | undefined {
  const entry = view.get(caId(params));
  return entry === undefined ? undefined : { ...(entry.data as unknown as Omit<Authority, 'entry'>), entry };
}

export function neededAuthority(view: View, params: Params): Authority {
  const authority = authorityOf(view, params);
  if (authority === undefined) {
    throw invalid('no default issuer currently configured: make a root by root/generate/internal first');
  }
  return authority;
}

const NO_URLS: PkiUrls = { issuing: [], crl: [], ocsp: [] };

export function urlsOf(view: View, params: Params): PkiUrls {
  return (view.get(urlsId(params))?.data as PkiUrls | undefined) ?? NO_URLS;
}

/** `01:ab:…`, as Vault writes a serial number. */
export function spelledSerial(serial: string): string {
  return serial.replaceAll(/(..)(?=.)/g, '$1:');
}

/** Hex without anything between; undefined where it is no serial number. */
export function parsedSerial(text: string): string | undefined {
  const serial = text.toLowerCase().replaceAll(/[:-]/g, '');
  return /^[0-9a-f]{2,40}$/.test(serial) ? serial : undefined;
}

/** Keeps a certificate until it can no longer matter. */
export function keepCertificate(view: View, params: Params, made: Data): VaultEntry {
  const { serial, notAfter } = made as { readonly serial: string; readonly notAfter: number };
  const entry = { id: certsOf(params) + serial, expiresAt: notAfter + KEPT_MS, data: made };
  view.put(entry);
  return entry;
}

/** Notes that a certificate, which was not yet, is revoked from now on. */
export function noteRevoked(view: View, home: string, serial: string, notAfter: number): number {
  const id = `${home}revoked/${serial}`;
  view.put({ id, expiresAt: notAfter + KEPT_MS, data: { serial, revokedAt: view.now } });
  return view.now;
}
