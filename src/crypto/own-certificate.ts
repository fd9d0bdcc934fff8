// A certificate of the operator's own (`--tls-cert`, `--tls-key`): answered for the names that stand in it, in place of
// the local CA's. The files are read whole and checked before any of it is used, so that a renewal gone wrong leaves the
// old certificate in place.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { LeafCertificate } from './ca.ts';

/** A chain of certificates has a few kilobytes. */
const FILE_BYTES_MAX = 1024 * 1024;

export interface OwnCertificateFiles {
  /** PEM: the leaf first, then what leads to its root. */
  readonly certFile: string;
  /** PEM, not encrypted. */
  readonly keyFile: string;
}

/** The files cannot be served. The message is one line that names the file and what is wrong with it. */
export class OwnCertificateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OwnCertificateError';
  }
}

interface Loaded {
  readonly leaf: X509Certificate;
  /** The same object for as long as it is the same certificate. */
  readonly served: LeafCertificate;
}

export class OwnCertificate {
  readonly #files: OwnCertificateFiles;
  #loaded: Loaded;

  /** Throws OwnCertificateError. */
  constructor(files: OwnCertificateFiles) {
    this.#files = files;
    this.#loaded = load(files);
  }

  /** Reads the files again. Throws OwnCertificateError, and goes on with what was there. */
  reload(): void {
    this.#loaded = load(this.#files);
  }

  /** What to answer for a host name or an address; undefined where the certificate does not name it. */
  certificateFor(name: string): LeafCertificate | undefined {
    const { leaf, served } = this.#loaded;
    const isNamed = isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name);
    return isNamed === undefined ? undefined : served;
  }

  /** The first host name that it stands for; undefined where it has addresses and wildcards only. */
  hostName(): string | undefined {
    const names = this.#loaded.leaf.subjectAltName?.split(', ') ?? [];
    const plain = /^DNS:([A-Za-z0-9.-]{1,253})$/;
    return names.map((name) => plain.exec(name)?.[1]).find((name) => name !== undefined);
  }

  /** When it ends, in milliseconds since 1970. */
  endsAt(): number {
    return this.#loaded.leaf.validToDate.getTime();
  }
}

function load({ certFile, keyFile }: OwnCertificateFiles): Loaded {
  const cert = read('--tls-cert', certFile);
  const key = read('--tls-key', keyFile);
  const leaf = parseCertificate(certFile, cert);
  if (!leaf.checkPrivateKey(parseKey(keyFile, key))) {
    throw new OwnCertificateError(`--tls-key ${keyFile}: does not belong to the first certificate of ${certFile}`);
  }
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const problem = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new OwnCertificateError(`--tls-cert ${certFile}: cannot be served with its key (${problem})`, { cause });
  }
  return { leaf, served: { cert, key } };
}

function parseCertificate(file: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new OwnCertificateError(`--tls-cert ${file}: begins with no certificate in PEM`, { cause });
  }
}

function parseKey(file: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const isEncrypted = /ENCRYPTED/.test(pem);
    const problem = isEncrypted ? 'is encrypted: give one that is not' : 'holds no private key in PEM';
    throw new OwnCertificateError(`--tls-key ${file}: ${problem}`, { cause });
  }
}

function read(flag: string, file: string): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile() || stat.size > FILE_BYTES_MAX) {
      throw new OwnCertificateError(`${flag} ${file}: is no file of at most ${FILE_BYTES_MAX} bytes`);
    }
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof OwnCertificateError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new OwnCertificateError(`${flag} ${file}: cannot be read: ${code}`, { cause });
  }
}
