// Makes certificates: the local CA's own, and the leaves it signs (RFC 5280, as strict verifiers hold it).
// Loading the X.509 library takes a tenth of a second, so import this file only when a certificate must be made.

import 'reflect-metadata';
import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const SERIAL_BYTES = 16;

export interface Validity {
  /** Milliseconds since 1970, as is the next. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A certificate in DER, and the private key of what it certifies, in PKCS #8 DER. */
export interface Certified {
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
}

export interface Issuer {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly key: KeyObject;
}

/** A CA that signs leaves only (path length 0), with an EC P-256 key. `id` tells two CAs of one machine apart. */
export async function makeAuthority(id: string, validity: Validity): Promise<Certified> {
  const keys = await crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: [`Coffer local CA ${id}`] }],
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    keys,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { certificate: new Uint8Array(certificate.rawData), key };
}

/** A server's certificate in PEM for `names` (host names and addresses) and the public part of `key`. */
export async function makeLeaf(
  issuer: Issuer,
  key: KeyObject,
  names: readonly string[],
  validity: Validity,
): Promise<string> {
  const authority = new x509.X509Certificate(issuer.certificate);
  const publicKey = createPublicKey(key).toCryptoKey(SIGNING, true, ['verify']);
  const authorityKey = createPublicKey(issuer.key).toCryptoKey(SIGNING, true, ['verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: [{ CN: ['Coffer server'] }],
    issuer: authority.subject,
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    publicKey,
    signingKey: issuer.key.toCryptoKey(SIGNING, false, ['sign']),
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKey),
    ],
  });
  return certificate.toString('pem');
}

const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

/** A self-signed certificate in PEM of a key that signs tokens: a frame for its public half, trusted by nobody as such. */
export async function certifySigner(key: KeyObject, name: string, validity: Validity): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: [name] }],
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    keys: {
      privateKey: key.toCryptoKey(RS256, false, ['sign']),
      publicKey: createPublicKey(key).toCryptoKey(RS256, true, ['verify']),
    },
    signingAlgorithm: RS256,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  return certificate.toString('pem');
}

/** 128 random bits in hex, of which the first two are fixed: the number is positive and keeps its length in DER. */
export function newSerial(): string {
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial.toString('hex');
}
