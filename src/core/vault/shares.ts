// What is asked of shares: how many there are to be, and one of them as a holder sends it.
// Source: https://developer.hashicorp.com/vault/api-docs/system/init and rekey.

import { Fault } from '../error.ts';

const SHARES_MAX = 255;
/** The key itself, or a value for each of its bytes with the place of the share behind them. */
const SHARE_BYTES: readonly number[] = [32, 33];
const SHARE_CHARS_MAX = 128;

const wrong = (problem: string) => new Fault('VAULT_REQUEST_INVALID', { problem });

/** Fields that would have keys sealed for somebody, or sent elsewhere. */
const NOT_THERE = ['pgp_keys', 'root_token_pgp_key', 'pgp_key', 'recovery_shares', 'stored_shares', 'backup'];
const NOTHING = new Set<unknown>([undefined, null, 0, 1, '', false]);

/** Throws for fields that ask for what is not there. */
export function refuseUnsupported(fields: Readonly<Record<string, unknown>>): void {
  for (const name of NOT_THERE) {
    const value = fields[name];
    if (!NOTHING.has(value) && !(Array.isArray(value) && value.length === 0)) throw wrong(`${name} is not supported`);
  }
}

/** How many shares there are to be, and how many it is to take; throws where that cannot be. */
export function parseShareCounts(fields: Readonly<Record<string, unknown>>): {
  readonly shares: number;
  readonly threshold: number;
} {
  const [shares, threshold] = [Number(fields['secret_shares'] ?? 0), Number(fields['secret_threshold'] ?? 0)];
  const whole = Number.isInteger(shares) && Number.isInteger(threshold);
  if (!whole || shares < 1 || shares > SHARES_MAX) throw wrong(`shares must be from 1 to ${SHARES_MAX}`);
  if (threshold < 1 || threshold > shares) throw wrong('threshold must be from 1 to the number of shares');
  if (shares > 1 && threshold === 1) throw wrong('threshold must be greater than one for multiple shares');
  refuseUnsupported(fields);
  return { shares, threshold };
}

/** A share in hex or base64. */
export function parseShare(value: unknown): Uint8Array {
  if (typeof value !== 'string' || value === '') {
    throw wrong("'key' must be specified in request body as JSON, or 'reset' set to true");
  }
  const share = bytesOf(value);
  if (share !== undefined && SHARE_BYTES.includes(share.length)) return share;
  throw wrong("'key' must be a valid hex or base64 string of a share");
}

function bytesOf(text: string): Uint8Array | undefined {
  if (text.length > SHARE_CHARS_MAX) return undefined;
  if (/^(?:[0-9a-fA-F]{2})+$/.test(text)) {
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Shares as they leave: in hex and in base64. */
export function writtenShares(shares: readonly Uint8Array[]): {
  readonly keys: readonly string[];
  readonly keys_base64: readonly string[];
} {
  return {
    keys: shares.map((share) => Array.from(share, (byte) => byte.toString(16).padStart(2, '0')).join('')),
    keys_base64: shares.map((share) => btoa(String.fromCharCode(...share))),
  };
}
