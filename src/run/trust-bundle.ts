// What the child trusts during a run: the system's certificate authorities, those that the user added by environment,
// and Coffer's own. Most variables replace the default set, so the bundle must hold all of it; Node's adds.

import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

/** Where Linux distributions, BSDs and macOS keep the system's set as one PEM file. */
const SYSTEM_BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const USER_VARIABLES: readonly string[] = [
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'AWS_CA_BUNDLE',
  'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
  'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE',
  'NODE_EXTRA_CA_CERTS',
];
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

export interface TrustBundle {
  /** Everything, for variables that replace. */
  readonly all: string;
  /** Coffer's authority and the user's own NODE_EXTRA_CA_CERTS, for the variable that adds. */
  readonly extra: string;
}

/**
 * Puts the bundle together; `authority` is the PEM of the server's own certificate authority, `serverCa` the path of the
 * one that its address is trusted by, `own` the PEM of this run's.
 */
export function trustBundle(
  env: NodeJS.ProcessEnv,
  authority: string,
  serverCa?: string,
  own: string = '',
): TrustBundle {
  const ours = [...certificatesIn(serverCa), authority, own].filter((each) => each !== '');
  const system = systemCertificates();
  const user = USER_VARIABLES.flatMap((name) => certificatesIn(env[name]));
  const nodeExtra = certificatesIn(env['NODE_EXTRA_CA_CERTS']);
  return { all: pem([...system, ...user, ...ours]), extra: pem([...nodeExtra, ...ours]) };
}

function systemCertificates(): readonly string[] {
  for (const path of SYSTEM_BUNDLES) {
    const found = certificatesIn(path);
    if (found.length > 0) return found;
  }
  return rootCertificates;
}

function certificatesIn(path: string | undefined): string[] {
  if (!path) return [];
  try {
    return readFileSync(path, 'latin1').match(CERTIFICATE) ?? [];
  } catch {
    // A variable that names no readable file adds nothing, as the libraries themselves have it.
    return [];
  }
}

function pem(certificates: readonly string[]): string {
  return `${[...new Set(certificates.map((certificate) => certificate.trim()))].join('\n')}\n`;
}
