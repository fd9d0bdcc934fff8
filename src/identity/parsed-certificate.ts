// What Node's own certificates do not tell: extensions, parts of the subject, bounds of an authority. Loading the library
// takes a tenth of a second, so import this file only when a certificate came.

import 'reflect-metadata';
import { hash } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Issued } from '../core/vault/client-certificate.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...['2.5.29.14', '2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.35', '2.5.29.37', '2.5.29.31', '2.5.29.32'],
  ...['1.3.6.1.5.5.7.1.1', '2.5.29.18'],
]);
const NAME_CONSTRAINTS = '2.5.29.30';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USE = '2.5.29.37.0';
const SOUND_HASHES: ReadonlySet<string> = new Set(['SHA-256', 'SHA-384', 'SHA-512']);
/** Tags of ASN.1's strings that are bytes of text: UTF8String, PrintableString, IA5String, VisibleString. */
const STRING_TAGS: ReadonlySet<number> = new Set([0x0c, 0x13, 0x16, 0x1a]);
const LIST_MAX = 200;

/** What tells an authority by its name. */
export function nameId(name: x509.Name): string {
  return hash('sha256', new Uint8Array(name.toArrayBuffer()), 'hex');
}

/** Decimal, as Vault tells serial numbers. */
export function serialText(hex: string): string {
  return BigInt(`0x${hex}`).toString();
}

const colons = (hex: string | undefined) => (hex ?? '').toLowerCase().replace(/(..)(?!$)/g, '$1:');

export class ParsedCertificate {
  readonly #certificate: x509.X509Certificate;

  /** Throws where it is no certificate. */
  constructor(der: Uint8Array) {
    this.#certificate = new x509.X509Certificate(new Uint8Array(der));
  }

  get issued(): Issued {
    const { issuerName, serialNumber } = this.#certificate;
    return { issuer: nameId(issuerName), serial: serialText(serialNumber) };
  }

  get commonName(): string {
    return this.#certificate.subjectName.getField('CN').at(-1) ?? '';
  }

  get units(): readonly string[] {
    return this.#certificate.subjectName.getField('OU').slice(0, LIST_MAX);
  }

  get dns(): readonly string[] {
    return this.#names('dns');
  }

  get emails(): readonly string[] {
    return this.#names('email');
  }

  get uris(): readonly string[] {
    return this.#names('url');
  }

  get subjectKeyId(): string {
    return colons(this.#certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId);
  }

  get authorityKeyId(): string {
    return colons(this.#certificate.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId);
  }

  /** Infinity where it has no bound. */
  get pathLengthMax(): number {
    return this.#certificate.getExtension(x509.BasicConstraintsExtension)?.pathLength ?? Number.POSITIVE_INFINITY;
  }

  get constrainsNames(): boolean {
    return this.#certificate.getExtension(NAME_CONSTRAINTS) !== null;
  }

  get hasUnknownCritical(): boolean {
    return this.#certificate.extensions.some(({ critical, type }) => critical && !KNOWN.has(type));
  }

  /** True where it says nothing of its use, or that clients may prove themselves by it. */
  get isForClients(): boolean {
    const usages = this.#certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages.map(String);
    return usages === undefined || usages.includes(CLIENT_AUTH) || usages.includes(ANY_USE);
  }

  get isSoundlySigned(): boolean {
    const { name, hash } = this.#certificate.signatureAlgorithm as { name: string; hash?: { name: string } };
    return /^(?:Ed25519|Ed448|EdDSA)$/i.test(name) || SOUND_HASHES.has(hash?.name ?? '');
  }

  get extensions(): Readonly<Record<string, { readonly hex: string; readonly text?: string }>> {
    return Object.fromEntries(
      this.#certificate.extensions.map(({ type, value }) => {
        const bytes = new Uint8Array(value);
        const text = textOf(bytes);
        return [type, { hex: Buffer.from(bytes).toString('hex'), ...(text === undefined ? {} : { text }) }] as const;
      }),
    );
  }

  #names(kind: string): readonly string[] {
    const items = this.#certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
    return items
      .filter(({ type }) => type === kind)
      .map(({ value }) => value)
      .slice(0, LIST_MAX);
  }
}

/** The text of an extension that is one string, of which the length takes one byte or two. */
function textOf(bytes: Uint8Array): string | undefined {
  const [tag = 0, length = 0, more = 0] = bytes;
  if (!STRING_TAGS.has(tag)) return undefined;
  const [from, size] = length < 0x80 ? [2, length] : length === 0x81 ? [3, more] : [0, -1];
  if (size !== bytes.length - from) return undefined;
  return Buffer.from(bytes.subarray(from)).toString('utf8');
}
