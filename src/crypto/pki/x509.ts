// Makes the certificates and revocation lists of a PKI mount (RFC 5280). What may stand in them was judged before; here a
// text that the library would read as anything but a text is refused.
// Loading the X.509 library takes a tenth of a second, so import this file only when something must be made.

import 'reflect-metadata';
import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type {
  CertificateSpec,
  MadeCertificate,
  PkiSubject,
  PkiUsage,
  RevocationList,
  RevocationListSpec,
} from '../../core/vault/pki.ts';
import { newSerial } from '../certificate.ts';

const CRL_NUMBER = '2.5.29.20';
/** Reason: unspecified. Without any, the library writes an empty list of extensions, which is no DER of an entry. */
const REASON = new x509.Extension('2.5.29.21', false, Buffer.of(0x0a, 1, 0));
const FLAGS: Readonly<Record<PkiUsage, x509.KeyUsageFlags>> = {
  DigitalSignature: x509.KeyUsageFlags.digitalSignature,
  ContentCommitment: x509.KeyUsageFlags.nonRepudiation,
  KeyEncipherment: x509.KeyUsageFlags.keyEncipherment,
  DataEncipherment: x509.KeyUsageFlags.dataEncipherment,
  KeyAgreement: x509.KeyUsageFlags.keyAgreement,
  CertSign: x509.KeyUsageFlags.keyCertSign,
  CRLSign: x509.KeyUsageFlags.cRLSign,
  EncipherOnly: x509.KeyUsageFlags.encipherOnly,
  DecipherOnly: x509.KeyUsageFlags.decipherOnly,
};
const CURVES = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
} as const;

/** How a key of this kind signs, as WebCrypto names it. */
function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  if (asymmetricKeyType === 'ed25519') return { name: 'Ed25519' };
  return { name: 'ECDSA', ...CURVES[asymmetricKeyDetails?.namedCurve as keyof typeof CURVES] };
}

const signing = (key: KeyObject) => key.toCryptoKey(algorithmOf(key), false, ['sign']);
const verifying = (key: KeyObject) => key.toCryptoKey(algorithmOf(key), true, ['verify']);

function nameOf({ commonName, organization, ou, country, locality, province }: PkiSubject): x509.JsonName {
  const all = (name: string, texts: readonly string[]) =>
    texts.filter((text) => text !== '').map((text) => ({ [name]: [text] }));
  const name = [
    ...[...all('C', country), ...all('ST', province), ...all('L', locality)],
    ...[...all('O', organization), ...all('OU', ou), ...all('CN', [commonName])],
  ];
  // The library takes a text that begins so for the DER of a value.
  const isOdd = name.some((each) => Object.values(each).some(([text]) => text?.startsWith('#')));
  if (isOdd) throw new TypeError('a part of a name begins with #');
  return name;
}

/** A certificate of `publicKey` by `key`, whose own certificate is `issuer`; without one it is signed by itself. */
export async function makeCertificate(
  key: KeyObject,
  issuer: string | undefined,
  publicKey: KeyObject,
  spec: CertificateSpec,
): Promise<MadeCertificate> {
  const serial = newSerial();
  const subject = nameOf(spec.subject);
  const certified = verifying(publicKey);
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject,
    issuer: issuer === undefined ? subject : new x509.X509Certificate(issuer).subjectName,
    notBefore: new Date(spec.notBefore),
    notAfter: new Date(spec.notAfter),
    publicKey: certified,
    signingKey: signing(key),
    signingAlgorithm: algorithmOf(key),
    extensions: [
      ...extensionsOf(spec),
      await x509.SubjectKeyIdentifierExtension.create(certified),
      await x509.AuthorityKeyIdentifierExtension.create(verifying(createPublicKey(key))),
    ],
  });
  return { pem: made.toString('pem'), serial };
}

function extensionsOf({ authority, usages, extendedUsages, dnsNames, addresses, urls }: CertificateSpec) {
  const flags = usages.reduce((all, usage) => all | FLAGS[usage], 0 as x509.KeyUsageFlags);
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const { issuing, crl, ocsp } = urls;
  return [
    new x509.BasicConstraintsExtension(authority !== undefined, authority?.pathLength, true),
    ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
    ...(extendedUsages.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...extendedUsages])]),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ...(issuing.length + ocsp.length === 0
      ? []
      : [new x509.AuthorityInfoAccessExtension({ caIssuers: uris(issuing), ocsp: uris(ocsp) })]),
    ...(crl.length === 0 ? [] : [new x509.CRLDistributionPointsExtension([...crl])]),
  ];
}

const uris = (texts: readonly string[]) => texts.map((text) => new x509.GeneralName('url', text));

/** The list, with its number (RFC 5280 section 5.2.3). */
export async function makeRevocationList(
  key: KeyObject,
  issuer: string,
  { thisUpdate, nextUpdate, revoked }: RevocationListSpec,
): Promise<RevocationList> {
  const list = await x509.X509CrlGenerator.create({
    issuer: new x509.X509Certificate(issuer).subjectName,
    thisUpdate: new Date(thisUpdate),
    nextUpdate: new Date(nextUpdate),
    entries: revoked.map(({ serial, revokedAt }) => ({
      serialNumber: serial,
      revocationDate: new Date(revokedAt),
      extensions: [REASON],
    })),
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(verifying(createPublicKey(key))),
      new x509.Extension(CRL_NUMBER, false, integer(thisUpdate)),
    ],
    signingKey: signing(key),
    signingAlgorithm: algorithmOf(key),
  });
  // The library's own label is one that OpenSSL does not read.
  return { der: new Uint8Array(list.rawData), pem: list.toString('pem').replaceAll(' CRL-----', ' X509 CRL-----') };
}

/** A DER INTEGER of a number that is not negative. */
function integer(value: number): Buffer {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = Buffer.from(Number.parseInt(even[0] as string, 16) >= 8 ? `00${even}` : even, 'hex');
  return Buffer.concat([Buffer.of(2, bytes.length), bytes]);
}

/** What tells two lists apart. */
export function nameOfList({ thisUpdate, nextUpdate, revoked }: RevocationListSpec, issuer: string): string {
  return hash('sha256', JSON.stringify([issuer, thisUpdate, nextUpdate, revoked]), 'hex');
}
