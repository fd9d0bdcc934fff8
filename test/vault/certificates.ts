// Client certificates of any kind for tests, good ones and bad ones, and requests that present them.

import 'reflect-metadata';
import { KeyObject, type webcrypto } from 'node:crypto';
import https from 'node:https';
import * as x509 from '@peculiar/x509';

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 3_600_000;

export interface Made {
  readonly pem: string;
  /** PKCS #8 in PEM. */
  readonly key: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly certificate: x509.X509Certificate;
}

export interface Wanted {
  readonly subject: string;
  /** Absent: it signs itself. */
  readonly issuer?: Made;
  readonly ca?: { readonly pathLength?: number };
  readonly names?: ConstructorParameters<typeof x509.SubjectAlternativeNameExtension>[0];
  readonly usages?: readonly string[];
  readonly extensions?: readonly x509.Extension[];
  readonly days?: readonly [from: number, to: number];
  readonly hash?: 'SHA-1' | 'SHA-256';
  /** Certifies this key in place of a new one. */
  readonly keys?: webcrypto.CryptoKeyPair;
}

export async function certificate(wanted: Wanted): Promise<Made> {
  const { subject, issuer, ca, names, usages, extensions = [], days = [-1, 30], hash = 'SHA-256' } = wanted;
  const keys = wanted.keys ?? (await crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']));
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: `0${Math.floor(Math.random() * 2 ** 40)
      .toString(16)
      .padStart(11, '7')}`,
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore: new Date(Date.now() + days[0] * DAY_MS),
    notAfter: new Date(Date.now() + days[1] * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: { ...SIGNING, hash },
    extensions: [
      new x509.BasicConstraintsExtension(ca !== undefined, ca?.pathLength, true),
      ...(ca === undefined ? [] : [new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)]),
      ...(names === undefined ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ...(usages === undefined ? [] : [new x509.ExtendedKeyUsageExtension([...usages])]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...extensions,
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { pem: `${made.toString('pem')}\n`, key, keys, certificate: made };
}

/** A list of those that an authority took back, by its own key or another's. */
export async function revocationList(
  issuer: Made,
  revoked: readonly Made[],
  { days = 3, keys = issuer.keys, extensions = [] as readonly x509.Extension[] } = {},
): Promise<string> {
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.certificate.subject,
    thisUpdate: new Date(Date.now() - 10 * DAY_MS),
    nextUpdate: new Date(Date.now() + days * DAY_MS),
    entries: revoked.map(({ certificate: { serialNumber } }) => ({ serialNumber, revocationDate: new Date() })),
    extensions: [...extensions],
    signingKey: keys.privateKey,
    signingAlgorithm: SIGNING,
  });
  return list.toString('pem').replaceAll(' CRL-----', ' X509 CRL-----');
}

export interface Presented {
  /** The first is the client's own, then what it sends along. */
  readonly chain: readonly Made[];
  readonly token?: string;
  readonly headers?: Record<string, string>;
}

/** Asks by TLS, in a session of its own. Rejects where the handshake does. */
export function askPresenting(
  address: string,
  path: string,
  body: object,
  { chain, token, headers = {} }: Presented,
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any answer, asserted on by the test
): Promise<{ status: number; json: any }> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const request = https.request({
      ...{ hostname, port, path: `/v1/${path}`, method: 'POST', agent: false, rejectUnauthorized: false },
      ...(chain.length === 0 ? {} : { cert: chain.map(({ pem }) => pem).join(''), key: chain[0]?.key }),
      headers: { ...headers, ...(token === undefined ? {} : { 'x-vault-token': token }) },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, json: text === '' ? {} : JSON.parse(text) }),
      );
    });
    request.end(JSON.stringify(body));
  });
}

export function extension(oid: string, isCritical: boolean, der: Uint8Array<ArrayBuffer>): x509.Extension {
  return new x509.Extension(oid, isCritical, der);
}
