// What a client's certificate says of it, once a chain was found from it to a certificate that a role trusts, and whether
// that meets what the role asks for besides.
// Source: https://developer.hashicorp.com/vault/api-docs/auth/cert

import { globMatches } from './glob.ts';

export interface ClientCertificate {
  /** SHA-256 of the whole, in hex. */
  readonly fingerprint: string;
  /** Decimal, as Vault tells it. */
  readonly serial: string;
  readonly commonName: string;
  readonly units: readonly string[];
  readonly dns: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
  /** In hex with colons; empty: it has none. */
  readonly subjectKeyId: string;
  readonly authorityKeyId: string;
  /** By their OIDs: the value in hex, and its text where it is a string. */
  readonly extensions: Readonly<Record<string, { readonly hex: string; readonly text?: string }>>;
}

/** What tells a certificate from every other: what its issuer is known by, and its decimal serial number. */
export interface Issued {
  readonly issuer: string;
  readonly serial: string;
}

/** A presented certificate, and by which roles' trust it was found good. */
export interface VerifiedCertificate extends ClientCertificate {
  /** By the role's name, of each of those roles. */
  readonly roles: Readonly<Record<string, TrustedBy>>;
}

export interface TrustedBy {
  /** Of what the role trusts. */
  readonly fingerprint: string;
  /** From the client's certificate to the one that the role trusts. */
  readonly path: readonly Issued[];
}

/** What an authority took back, as a list of it says. */
export interface Revocations extends Pick<Issued, 'issuer'> {
  readonly serials: readonly string[];
  /** By an authority of that name that a role trusts; `unknown`: no role trusts one. */
  readonly signature: 'good' | 'bad' | 'unknown';
}

/** What a role takes for its trust: its certificates in PEM, and a fingerprint of all of them. */
export interface Trust {
  readonly pem: string;
  readonly fingerprint: string;
}

export interface CertificateReader {
  /** The certificates of a PEM text, as a role keeps them; undefined where it holds none, or one that cannot be read. */
  trust(pem: string): Trust | undefined;
  /** SHA-256 in hex. */
  fingerprint(der: Uint8Array): string;
  /** The list of a PEM text; undefined where it is none, or more than is understood. `roles`: whose trust counts. */
  revocations(pem: string, roles: Readonly<Record<string, Trust>>): Promise<Revocations | undefined>;
  /** The chain's first one, with those of `roles` (their PEM by name) that trust it now; undefined: it cannot be read. */
  verify(
    chain: readonly Uint8Array[],
    roles: Readonly<Record<string, Trust>>,
    now: number,
  ): Promise<VerifiedCertificate | undefined>;
}

type Rules = Readonly<Record<string, unknown>>;

const listOf = (rules: Rules, name: string) => (rules[name] as readonly string[] | undefined) ?? [];

/** Whether the certificate meets all of a role's rules; an empty list asks for nothing. */
export function meets(rules: Rules, certificate: ClientCertificate): boolean {
  const { commonName, units, dns, emails, uris } = certificate;
  const some = (name: string, values: readonly string[]) => {
    const globs = listOf(rules, name);
    return globs.length === 0 || globs.some((glob) => values.some((value) => globMatches(glob, value)));
  };
  return (
    some('allowed_names', [commonName, ...dns, ...emails]) &&
    some('allowed_common_names', [commonName]) &&
    some('allowed_dns_sans', dns) &&
    some('allowed_email_sans', emails) &&
    some('allowed_uri_sans', uris) &&
    some('allowed_organizational_units', units) &&
    listOf(rules, 'required_extensions').every((each) => hasExtension(each, certificate))
  );
}

/** `OID:GLOB` of a text, or `hex:OID:HEX` of the bytes. */
function hasExtension(asked: string, { extensions }: ClientCertificate): boolean {
  const [, hex, oid = '', value = ''] = /^(hex:)?([0-9.]+):(.*)$/s.exec(asked) ?? [];
  const found = Object.hasOwn(extensions, oid) ? extensions[oid] : undefined;
  if (found === undefined) return false;
  if (hex !== undefined) return found.hex === value.toLowerCase();
  return found.text !== undefined && globMatches(value, found.text);
}
