// Keys as Vault shows them: PEM (RFC 7468), the base64 of DER, and the bare 32 bytes of an Ed25519 key, which are the end
// of its SubjectPublicKeyInfo.

const LINE_CHARS = 64;
const ED25519_BYTES = 32;

export function pem(label: string, der: Uint8Array): string {
  const body =
    Buffer.from(der)
      .toString('base64')
      .match(new RegExp(`.{1,${LINE_CHARS}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...body, `-----END ${label}-----`, ''].join('\n');
}

/** The base64 of what a PEM holds. */
export function pemBody(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('-----'))
    .join('');
}

/** Of an Ed25519 key in PEM: its 32 bytes in base64. */
export function rawPublicKey(text: string): string {
  return Buffer.from(pemBody(text), 'base64').subarray(-ED25519_BYTES).toString('base64');
}
