// The local certificate authority: made at first start, and the certificates of the names that this server answers to.
// Its key rests sealed under the root key; its certificate is public. It never signs for a name outside its list, so
// stealing a connection of any other name through it is impossible. Leaves live in memory only.

import { createPrivateKey, generateKeyPairSync, hash, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock, MetaStore } from '../core/ports.ts';
import type { Issuer, Validity } from './certificate.ts';
import { EnvelopeError } from './envelope.ts';
import type { Keyring } from './keyring.ts';
import { Lru } from './lru.ts';

const META_KEY = 'ca';
const RECORD_FORMAT = 1;
const RECORD_HEADER_BYTES = 3;
const HOUR_MS = 3_600_000;
const DAY_MS: number = 24 * HOUR_MS;
const AUTHORITY_DAYS = 3650;
/** A CA this close to its end is replaced at start, before the leaves it may still sign become short-lived. */
const AUTHORITY_DAYS_LEFT_MIN = 30;
/** Well under the 397 days that clients take at most (CA/Browser Forum Baseline Requirements 6.3.2). */
const LEAF_DAYS = 90;
/** For clients whose clock is behind ours. */
const BACKDATING_MS = HOUR_MS;
/** Names outside the fixed few come by region, and a client chooses which: bounded, the least used one goes. */
const LEAVES_MAX_DEFAULT = 256;
const LOOPBACK = ['localhost', '127.0.0.1', '::1'] as const;
const WILDCARD_ADDRESSES: readonly string[] = ['0.0.0.0', '::'];
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

export interface AuthorityOptions {
  readonly meta: MetaStore;
  readonly keyring: Pick<Keyring, 'sealBytes' | 'openBytes'>;
  readonly clock: Clock;
  /** The host names and addresses that the server was told to serve, besides localhost. */
  readonly hosts: readonly string[];
  /** True for the names that a dialect owns; asked in lower case. */
  readonly allows: (name: string) => boolean;
  /** How many leaves are kept. */
  readonly leavesMax?: number;
}

/** A certificate and its private key, both PEM: what a TLS handshake is answered with. */
export interface LeafCertificate {
  readonly cert: string;
  readonly key: string;
}

interface Leaf {
  readonly certificate: Promise<LeafCertificate>;
  readonly renewAt: number;
}

/** The stored CA does not open. The message is one line for the operator. */
export class AuthorityError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AuthorityError';
  }
}

export class CertificateAuthority {
  readonly #issuer: Issuer;
  readonly #certificate: X509Certificate;
  readonly #clock: Clock;
  readonly #ownNames: readonly string[];
  readonly #allows: (name: string) => boolean;
  readonly #leaves: Lru<string, Leaf>;
  /** One key for all leaves: they live in the same memory, and making one costs more than signing with it. */
  #leafKey: KeyObject | undefined;

  constructor(issuer: Issuer, options: AuthorityOptions) {
    this.#issuer = issuer;
    this.#certificate = new X509Certificate(issuer.certificate);
    this.#clock = options.clock;
    this.#allows = options.allows;
    this.#ownNames = ownNames(options.hosts);
    this.#leaves = new Lru(options.leavesMax ?? LEAVES_MAX_DEFAULT);
  }

  /** The CA's certificate, for clients to trust. */
  certificatePem(): string {
    return this.#certificate.toString();
  }

  /**
   * What a TLS handshake for `servername` is answered with. Without a name, or with one that is not
   * ours, it is the certificate of localhost and the hosts served, which a client that asked for another name refuses.
   */
  certificateFor(servername: string | undefined): Promise<LeafCertificate> {
    const name = servername?.toLowerCase() ?? '';
    const minted = HOST_NAME.test(name) && isIP(name) === 0 && !this.#ownNames.includes(name) && this.#allows(name);
    return minted ? this.#leafOf(name, [name]) : this.#leafOf('', this.#ownNames);
  }

  #leafOf(key: string, names: readonly string[]): Promise<LeafCertificate> {
    const now = this.#clock.now();
    const known = this.#leaves.get(key);
    if (known !== undefined && now < known.renewAt) return known.certificate;
    const validity = this.#leafValidity(now);
    const leaf = { certificate: this.#mint(names, validity), renewAt: now + (validity.notAfter - now) / 2 };
    this.#leaves.set(key, leaf);
    // Handshakes that wait for it fail together; the next one tries again.
    leaf.certificate.catch(() => {
      if (this.#leaves.get(key) === leaf) this.#leaves.delete(key);
    });
    return leaf.certificate;
  }

  async #mint(names: readonly string[], validity: Validity): Promise<LeafCertificate> {
    const { makeLeaf } = await import('./certificate.ts');
    this.#leafKey ??= generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const cert = await makeLeaf(this.#issuer, this.#leafKey, names, validity);
    const key = this.#leafKey.export({ type: 'pkcs8', format: 'pem' });
    return { cert, key };
  }

  #leafValidity(now: number): Validity {
    return {
      notBefore: Math.max(now - BACKDATING_MS, this.#certificate.validFromDate.getTime()),
      notAfter: Math.min(now - BACKDATING_MS + LEAF_DAYS * DAY_MS, this.#certificate.validToDate.getTime()),
    };
  }
}

/** Opens the CA of this store, or makes one where there is none or its time is up. Throws AuthorityError. */
export async function openAuthority(options: AuthorityOptions): Promise<CertificateAuthority> {
  const stored = await options.meta.meta(META_KEY);
  if (stored !== undefined) {
    const issuer = openRecord(stored, options.keyring);
    const endsAt = new X509Certificate(issuer.certificate).validToDate.getTime();
    if (endsAt - options.clock.now() > AUTHORITY_DAYS_LEFT_MIN * DAY_MS)
      return new CertificateAuthority(issuer, options);
  }
  return new CertificateAuthority(await makeIssuer(options), options);
}

async function makeIssuer({ meta, keyring, clock }: AuthorityOptions): Promise<Issuer> {
  const { makeAuthority } = await import('./certificate.ts');
  const notBefore = clock.now() - BACKDATING_MS;
  const id = randomBytes(4).toString('hex');
  const made = await makeAuthority(id, { notBefore, notAfter: notBefore + AUTHORITY_DAYS * DAY_MS });
  const sealedKey = keyring.sealBytes(keyPurpose(made.certificate), made.key);
  const header = Buffer.alloc(RECORD_HEADER_BYTES);
  header[0] = RECORD_FORMAT;
  header.writeUInt16BE(made.certificate.length, 1);
  await meta.setMeta(META_KEY, Buffer.concat([header, made.certificate, sealedKey]));
  return { certificate: made.certificate, key: adoptPrivateKey(made.key) };
}

/** The record: a format byte, the certificate's length as 16 bits, the certificate in DER, its key, sealed. */
function openRecord(record: Uint8Array, keyring: AuthorityOptions['keyring']): Issuer {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  try {
    if (bytes[0] !== RECORD_FORMAT || bytes.length < RECORD_HEADER_BYTES) throw new EnvelopeError('not a CA record');
    const keyAt = RECORD_HEADER_BYTES + bytes.readUInt16BE(1);
    const certificate = bytes.subarray(RECORD_HEADER_BYTES, keyAt);
    const key = keyring.openBytes(keyPurpose(certificate), bytes.subarray(keyAt));
    return { certificate, key: adoptPrivateKey(key) };
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    throw new AuthorityError(
      `the local CA in the store does not open, so its stored bytes were changed (${error.message}): ` +
        'restore the data directory from your backup',
      { cause: error },
    );
  }
}

/** The sealed key names its certificate, so neither can be exchanged without the other. */
function keyPurpose(certificate: Uint8Array): string {
  return `local CA key of certificate ${hash('sha256', certificate, 'hex')}`;
}

function adoptPrivateKey(der: Uint8Array): KeyObject {
  const key = createPrivateKey({
    key: Buffer.from(der.buffer, der.byteOffset, der.byteLength),
    format: 'der',
    type: 'pkcs8',
  });
  der.fill(0);
  return key;
}

function ownNames(hosts: readonly string[]): readonly string[] {
  const names = hosts.map((host) => host.toLowerCase()).filter((host) => !WILDCARD_ADDRESSES.includes(host));
  return [...new Set([...LOOPBACK, ...names.filter((host) => isIP(host) !== 0 || HOST_NAME.test(host))])];
}
