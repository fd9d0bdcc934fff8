// Certificates that clients present: the chain from one to what a role trusts, built and checked here link by link
// (RFC 5280 section 6, without what is not understood: a certificate with such a critical extension is refused, and so is an
// authority with constraints on names). And what one says of its subject.

import { hash, X509Certificate } from 'node:crypto';
import type { CertificateReader, ClientCertificate, Trust, TrustedBy } from '../core/vault/client-certificate.ts';

/** Ours: certificates of one role, and links of a chain. */
const TRUSTED_MAX = 50;
const LINKS_MAX = 8;
/** NIST SP 800-131A: shorter keys are no longer believed. */
const MODULUS_BITS_MIN = 2048;
const PARSED_MAX = 1000;
const EXTENSIONS_MAX = 50;
const TEXT_CHARS_MAX = 1024;

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----/g;

export function createCertificateReader(): CertificateReader {
  const parsed = new Map<string, readonly Link[]>();
  const anchorsOf = ({ pem, fingerprint }: Trust, Parser: Parse) => {
    const known = parsed.get(fingerprint) ?? certificatesIn(pem).map((each) => link(each, Parser));
    if (parsed.size >= PARSED_MAX) parsed.clear();
    parsed.set(fingerprint, known);
    return known;
  };
  return {
    trust: (pem) => {
      try {
        const found = certificatesIn(pem);
        if (found.length === 0 || found.length > TRUSTED_MAX) return undefined;
        const text = found.map((each) => each.toString()).join('');
        return { pem: text, fingerprint: hash('sha256', text, 'hex') };
      } catch {
        return undefined;
      }
    },
    fingerprint: (der) => hash('sha256', der, 'hex'),
    revocations: async (pem, roles) => {
      const { readList } = await import('./parsed-list.ts');
      const texts = new Set(Object.values(roles).map((trust) => trust.pem));
      return readList(
        pem,
        [...texts].flatMap((text) => certificatesIn(text).filter(({ ca }) => ca)),
      );
    },
    verify: async (sent, roles, now) => {
      const { ParsedCertificate } = await import('./parsed-certificate.ts');
      let presented: Link[];
      try {
        presented = sent.slice(0, LINKS_MAX).map((der) => link(new X509Certificate(der), ParsedCertificate));
      } catch {
        return undefined;
      }
      const [own] = presented;
      if (own === undefined) return undefined;
      const chain = linked(presented, now);
      const paths = new Map<string, TrustedBy | undefined>();
      const found = Object.entries(roles).flatMap(([name, trust]): [string, TrustedBy][] => {
        const { fingerprint } = trust;
        if (!paths.has(fingerprint)) {
          const path = pathTo(chain, anchorsOf(trust, ParsedCertificate), now);
          paths.set(
            fingerprint,
            path === undefined ? undefined : { fingerprint, path: path.map(({ parsed }) => parsed.issued) },
          );
        }
        const known = paths.get(fingerprint);
        return known === undefined ? [] : [[name, known]];
      });
      return { ...factsOf(own), roles: Object.fromEntries(found) };
    },
  };
}

type Parsed = import('./parsed-certificate.ts').ParsedCertificate;
type Parse = new (der: Uint8Array) => Parsed;

interface Link {
  readonly certificate: X509Certificate;
  readonly parsed: Parsed;
}

function link(certificate: X509Certificate, Parser: Parse): Link {
  return { certificate, parsed: new Parser(certificate.raw) };
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  return (pem.match(PEM) ?? []).map((each) => new X509Certificate(each));
}

function isTimely({ certificate }: Link, now: number): boolean {
  return certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime();
}

/** A signature by it is still believed. */
function hasStrongKey({ certificate }: Link): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  const bits = asymmetricKeyDetails?.modulusLength ?? MODULUS_BITS_MIN;
  return asymmetricKeyType !== 'rsa' || bits >= MODULUS_BITS_MIN;
}

/** As much of a chain as leads on, each by a signature of the next. Whoever sends more pays for no more than that. */
function linked(presented: readonly Link[], now: number): readonly Link[] {
  const end = presented.findIndex((child, below) => {
    const issuer = presented[below + 1];
    return issuer === undefined || !child.parsed.isSoundlySigned || !issued(issuer, child, now, below);
  });
  return presented.slice(0, end + 1);
}

/** From the client to what trusts it: it was named itself, or certified by an authority among them. Undefined: none does. */
function pathTo(chain: readonly Link[], anchors: readonly Link[], now: number): readonly Link[] | undefined {
  const [own] = chain;
  if (own === undefined || !isTimely(own, now) || own.parsed.hasUnknownCritical || !own.parsed.isForClients)
    return undefined;
  const isNamed = anchors.some(({ certificate }) => !certificate.ca && certificate.raw.equals(own.certificate.raw));
  if (isNamed) return [own];
  for (const [below, child] of chain.entries()) {
    if (!child.parsed.isSoundlySigned) continue;
    const anchor = anchors.find((authority) => issued(authority, child, now, below));
    if (anchor !== undefined) return [...chain.slice(0, below + 1), anchor];
  }
  return undefined;
}

/** `below`: intermediate authorities between the client and this one. */
function issued(issuer: Link, child: Link, now: number, below: number): boolean {
  const { certificate, parsed } = issuer;
  // Names and the use of the key first: they cost nothing.
  return (
    certificate.ca &&
    child.certificate.checkIssued(certificate) &&
    isTimely(issuer, now) &&
    !parsed.hasUnknownCritical &&
    !parsed.constrainsNames &&
    below <= parsed.pathLengthMax &&
    hasStrongKey(issuer) &&
    child.certificate.verify(certificate.publicKey)
  );
}

function factsOf({ certificate, parsed }: Link): ClientCertificate {
  const { commonName, units, dns, emails, uris, subjectKeyId, authorityKeyId, extensions } = parsed;
  return {
    fingerprint: hash('sha256', certificate.raw, 'hex'),
    serial: BigInt(`0x${certificate.serialNumber}`).toString(),
    commonName: commonName.slice(0, TEXT_CHARS_MAX),
    ...{ units, dns, emails, uris, subjectKeyId, authorityKeyId },
    extensions: Object.fromEntries(Object.entries(extensions).slice(0, EXTENSIONS_MAX)),
  };
}
