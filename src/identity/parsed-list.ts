// A list of revoked certificates, read and its signature looked at. Only whole lists of one authority are understood: one
// that says what changed since another, or that speaks for several authorities, is refused (RFC 5280 section 5.2).
// Loading the library takes a tenth of a second, so import this file only when a list came.

import 'reflect-metadata';
import type { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Revocations } from '../core/vault/client-certificate.ts';
import { nameId, serialText } from './parsed-certificate.ts';

const PEM = /-----BEGIN (?:X509 )?CRL-----([A-Za-z0-9+/=\s]+)-----END (?:X509 )?CRL-----/;
/** Of what may be critical: the distribution point alone; a change list and entries of another issuer are not understood. */
const KNOWN: ReadonlySet<string> = new Set(['2.5.29.20', '2.5.29.28', '2.5.29.35']);
/** Ours: with some three thousand certificates, of up to ten parts each, a list takes a tenth of a second. */
const NODES_MAX = 30_000;
const CERTIFICATE_ISSUER = '2.5.29.29';

/** Undefined where it is no list, or one that is not understood. `authorities`: certificates whose signatures count. */
export async function readList(pem: string, authorities: readonly X509Certificate[]): Promise<Revocations | undefined> {
  const [, base64] = PEM.exec(pem) ?? [];
  if (base64 === undefined) return undefined;
  try {
    const list = new x509.X509Crl(new Uint8Array(Buffer.from(base64, 'base64')), {
      berOptions: { maxNodes: NODES_MAX },
    });
    const isForeign = list.entries.some(({ extensions }) => extensions.some(({ type }) => type === CERTIFICATE_ISSUER));
    if (isForeign || list.extensions.some(({ critical, type }) => critical && !KNOWN.has(type))) return undefined;
    const issuer = nameId(list.issuerName);
    const named = authorities
      .map(({ raw }) => new x509.X509Certificate(new Uint8Array(raw)))
      .filter(({ subjectName }) => nameId(subjectName) === issuer);
    const good = await Promise.all(named.map((authority) => isBy(list, authority)));
    const signature = named.length === 0 ? 'unknown' : good.includes(true) ? 'good' : 'bad';
    return { issuer, signature, serials: list.entries.map(({ serialNumber }) => serialText(serialNumber)) };
  } catch {
    return undefined;
  }
}

async function isBy(list: x509.X509Crl, authority: x509.X509Certificate): Promise<boolean> {
  try {
    return await list.verify({ publicKey: authority });
  } catch {
    return false;
  }
}
