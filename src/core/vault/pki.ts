// What the PKI engine asks of cryptography. The key of an authority rests sealed like a secret of its project; it is opened
// to certify, for a grant, or to sign a list of what was revoked, and stays where that is done.
// Source: RFC 5280; https://developer.hashicorp.com/vault/api-docs/secret/pki

import type { Grant } from '../iam/policy.ts';
import type { Maybe, PayloadPlace } from '../ports.ts';
import type { Redacted } from '../redacted.ts';
import type { SealedPayload } from '../secret.ts';

export const PKI_KEYS = {
  rsa: ['rsa-2048', 'rsa-3072', 'rsa-4096'],
  ec: ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521'],
  ed25519: ['ed25519'],
} as const;

export type PkiKeyType = (typeof PKI_KEYS)[keyof typeof PKI_KEYS][number];

export interface PkiKey {
  /** PKCS #8, DER. */
  readonly private: Redacted<Uint8Array>;
  /** SubjectPublicKeyInfo, PEM. */
  readonly public: string;
}

/** Of a subject's name; lists keep their order. */
export interface PkiSubject {
  readonly commonName: string;
  readonly organization: readonly string[];
  readonly ou: readonly string[];
  readonly country: readonly string[];
  readonly locality: readonly string[];
  readonly province: readonly string[];
}

export interface PkiUrls {
  readonly issuing: readonly string[];
  readonly crl: readonly string[];
  readonly ocsp: readonly string[];
}

export const PKI_USAGES = [
  ...(['DigitalSignature', 'ContentCommitment', 'KeyEncipherment', 'DataEncipherment', 'KeyAgreement'] as const),
  ...(['CertSign', 'CRLSign', 'EncipherOnly', 'DecipherOnly'] as const),
] as const;
export type PkiUsage = (typeof PKI_USAGES)[number];

export interface CertificateSpec {
  readonly subject: PkiSubject;
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  /** Milliseconds since 1970, as is the next. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly usages: readonly PkiUsage[];
  /** OIDs. */
  readonly extendedUsages: readonly string[];
  /** Of an authority. */
  readonly authority?: { readonly pathLength?: number };
  readonly urls: PkiUrls;
}

export interface MadeCertificate {
  readonly pem: string;
  /** Hex, without anything between. */
  readonly serial: string;
}

/** An authority by its certificate, and its key as it rests. */
export interface SealedIssuer {
  /** PEM. */
  readonly certificate: string;
  readonly projectKey: Uint8Array;
  readonly place: PayloadPlace;
  readonly sealed: SealedPayload;
}

export interface Revoked {
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly revokedAt: number;
}

export interface RevocationListSpec {
  /** Milliseconds since 1970, as is the next. The number of the list is this too. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly revoked: readonly Revoked[];
}

export interface RevocationList {
  readonly der: Uint8Array;
  readonly pem: string;
}

export interface PkiCrypto {
  /** Of RSA it takes its turn off the loop. */
  makeKey(type: PkiKeyType): Maybe<PkiKey>;
  /** The private half in PEM, as PKCS #8 or as its type has it (PKCS #1, SEC 1). */
  privatePem(key: PkiKey, traditional: boolean): Redacted<string>;
  selfSign(key: PkiKey, spec: CertificateSpec): Promise<MadeCertificate>;
  /** Demands a grant that opens. Throws PAYLOAD_CORRUPT where the key was changed. */
  certify(grant: Grant, issuer: SealedIssuer, publicKey: string, spec: CertificateSpec): Promise<MadeCertificate>;
  /** Anybody may have it, so it takes no grant; the same list is signed once in a thread. */
  revocationList(issuer: SealedIssuer, spec: RevocationListSpec): Promise<RevocationList>;
}
