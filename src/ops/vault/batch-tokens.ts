// Batch tokens: all that a token is, sealed into its own text and kept nowhere. Nobody but the server can read one. Each is
// opened once and then known by its hash, as the tokens of the store are.
// Source: https://developer.hashicorp.com/vault/docs/concepts/tokens#batch-tokens

import type { Keyring } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import type { KnownToken } from '../../core/vault/token.ts';
import { invalid } from './fields.ts';

const PREFIX = 'hvb.';
const SCOPE = 'vault batch token';
/** Ours: sealed, it comes to a third more, and has to fit into a header. */
const CHARS_MAX = 4096;
/** Tokens that a thread knows opened; some kilobytes each. */
const KNOWN_MAX = 1000;

/** Throws VAULT_REQUEST_INVALID where it says more than a header can take. */
export function checkBatchToken(token: KnownToken): void {
  const { length } = new TextEncoder().encode(JSON.stringify(token));
  if (length > CHARS_MAX) {
    throw invalid(`a batch token holds at most ${CHARS_MAX} bytes: give it fewer policies or less metadata`);
  }
}

export function sealedToken(keyring: Pick<Keyring, 'sealText'>, token: KnownToken): Redacted<string> {
  return new Redacted(PREFIX + keyring.sealText(SCOPE, JSON.stringify(token)));
}

export class BatchTokens {
  readonly #keyring: Pick<Keyring, 'openText'>;
  readonly #digest: (text: string) => string;
  /** By the hash of their texts; those that came first go first. */
  readonly #known = new Map<string, KnownToken>();

  constructor(keyring: Pick<Keyring, 'openText'>, digest: (text: string) => string) {
    this.#keyring = keyring;
    this.#digest = digest;
  }

  /** The batch token of a text; undefined where this server did not seal it. Whether it still lives is not looked at. */
  open(text: string): KnownToken | undefined {
    if (!text.startsWith(PREFIX)) return undefined;
    const hash = this.#digest(text);
    const known = this.#known.get(hash);
    if (known !== undefined) return known;
    const opened = this.#keyring.openText(SCOPE, text.slice(PREFIX.length));
    if (opened === undefined) return undefined;
    const token = JSON.parse(opened) as KnownToken;
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value as string);
    this.#known.set(hash, token);
    return token;
  }
}
