// The `shamir` seal: the key that wraps the root key is kept by nobody, but shared out. A store under it is sealed at each
// start until enough of its shares came together. Only what they make can tell whether they were right: the root key opens
// or it does not. The record is that of the file seal, with another type; docs/envelope.md.

import { randomBytes } from 'node:crypto';
import type { MetaStore } from '../core/ports.ts';
import { combineShares, splitSecret } from '../core/vault/shamir.ts';
import { adoptKey, EnvelopeError, KEY_BYTES, nameKey, newKey } from './envelope.ts';
import { openRecord, SEAL_META, sealRecord, sealTypeOf } from './file-seal.ts';
import { openFingerprintKey } from './fingerprint-key.ts';
import type { OpenRoot } from './keyring.ts';

const SEAL_TYPE = 'shamir';
const CONFIG_META = 'shamir';

export interface ShamirConfig {
  readonly shares: number;
  readonly threshold: number;
}

/** Whether the store has a seal, and which; undefined for a new store. */
export async function storedSeal(meta: MetaStore): Promise<string | undefined> {
  const record = await meta.meta(SEAL_META);
  return record === undefined ? undefined : sealTypeOf(record);
}

/** How many shares there are and how many it takes; undefined before the store was initialised. */
export async function shamirConfig(meta: MetaStore): Promise<ShamirConfig | undefined> {
  const stored = await meta.meta(CONFIG_META);
  return stored === undefined ? undefined : (JSON.parse(Buffer.from(stored).toString('utf8')) as ShamirConfig);
}

/** Gives a new store its root key, and the shares that open it. They leave once and are kept nowhere. */
export async function initialiseShamir(meta: MetaStore, config: ShamirConfig): Promise<readonly Uint8Array[]> {
  const raw = randomBytes(KEY_BYTES);
  const { shares, threshold } = config;
  const parts = shares === 1 ? [Uint8Array.from(raw)] : splitSecret(raw, shares, threshold, randomBytes);
  const record = sealRecord(SEAL_TYPE, nameKey(adoptKey(raw)), newKey());
  // Whoever finds the record knows how many shares it takes.
  await meta.setMeta(CONFIG_META, Buffer.from(JSON.stringify(config)));
  await meta.setMeta(SEAL_META, record);
  return parts;
}

/** What the shares open; undefined where they are not those of this store. */
export async function openShamir(
  meta: MetaStore,
  shares: readonly Uint8Array[],
  dataDir: string,
): Promise<OpenRoot | undefined> {
  const record = await meta.meta(SEAL_META);
  const config = await shamirConfig(meta);
  if (record === undefined || config === undefined) return undefined;
  const combined = config.shares === 1 ? shares[0] : combineShares(shares);
  if (combined === undefined || combined.length !== KEY_BYTES) return undefined;
  const sealKey = nameKey(adoptKey(Uint8Array.from(combined)));
  try {
    const root = openRecord(SEAL_TYPE, sealKey, record);
    return {
      ...{ root, sealType: SEAL_TYPE, sealKeyId: sealKey.id, shares: config },
      fingerprintKey: await openFingerprintKey(root, meta, dataDir),
    };
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined;
    throw error;
  }
}
