// Leases of certificates: to revoke one is to revoke the certificate, which stays to be seen in the list of what was
// revoked. They are not renewed: a certificate ends when it says.

import { Fault } from '../../core/error.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import { invalid } from './fields.ts';
import { tableOf } from './mount-table.ts';
import { noteRevoked } from './pki-rows.ts';
import type { View } from './view.ts';

/** Ours: leases that are read at once, and how often. */
const PAGE = 10_000;
const PAGES_MAX = 50;

interface Issued {
  readonly serial: string;
  /** Milliseconds since 1970, as is the next. */
  readonly madeAt: number;
  readonly notAfter: number;
  /** The id of its lease. */
  readonly lease?: string;
}

/** What is above a certificate: all that its mount keeps. */
const homeOfEntry = ({ id }: VaultEntry) => id.slice(0, id.indexOf('/cert/') + 1);

/** Revokes a certificate, and ends its lease. Answers since when it is revoked, milliseconds. */
export function revokeCertificate(view: View, entry: VaultEntry): number {
  const { serial, notAfter, lease } = entry.data as unknown as Issued;
  const known = view.get(`${homeOfEntry(entry)}revoked/${serial}`)?.data['revokedAt'];
  if (typeof known === 'number') return known;
  if (lease !== undefined) view.remove(lease);
  return noteRevoked(view, homeOfEntry(entry), serial, notAfter);
}

/** The same of every certificate whose lease lies below a path, which ends in `/`. */
export function revokeLeasedBelow(view: View, prefix: string): void {
  let after = '';
  for (let page = 0; page < PAGES_MAX; page++) {
    const rows = view.below(prefix, PAGE, after);
    for (const { id, data } of rows) {
      if (data['engine'] !== 'pki') continue;
      noteRevoked(view, String(data['home']), String(data['serial']), Number(data['notAfter']));
      view.remove(id);
    }
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.id ?? '';
  }
  throw new Fault('LIMIT_REACHED', { what: 'leases that are revoked at once', limit: PAGE * PAGES_MAX });
}

/** What of this path, which ends in `/`, lies below mounts that lease certificates; or they below it. */
export function pkiPathsBelow(view: View, path: string): readonly string[] {
  const mounts = Object.entries(tableOf(view)).filter(([, { type }]) => type === 'pki');
  return mounts
    .filter(([at]) => at.startsWith(path) || path.startsWith(at) || path === '/')
    .map(([at]) => (path.startsWith(at) ? path : at));
}

/** Of an engine that leases (leases.ts). */
export const CERTIFICATE_LEASES = {
  times: (view: View, entry: VaultEntry) => {
    const { madeAt, notAfter, serial } = entry.data as unknown as Issued;
    const isRevoked = view.get(`${homeOfEntry(entry)}revoked/${serial}`) !== undefined;
    if (isRevoked || notAfter <= view.now) return undefined;
    const ttlSeconds = Math.floor((notAfter - view.now) / 1000);
    return { issuedAt: madeAt, expiresAt: notAfter, renewable: false, ttlSeconds };
  },
  renew: () => {
    throw invalid('lease is not renewable');
  },
  revoke: (view: View, entry: VaultEntry) => void revokeCertificate(view, entry),
};
