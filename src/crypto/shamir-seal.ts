// The `shamir` seal: the key that wraps the root key is kept by nobody, but shared out. A store under it is sealed at each
// start until enough of its shares came together. Only what they make can tell whether they were right: the root key opens
// or it does not. The record is that of the file seal, with another type; docs/envelope.md.

import { type KeyObject, randomBytes } from 'node:crypto';
import type { MetaStore } from '../core/ports.ts';
import { combineShares, splitSecret } from '../core/vault/shamir.ts';
import { adoptKey, EnvelopeError, KEY_BYTES, type NamedKey, nameKey, newKey } from './envelope.ts';
import {
  type OpenedSeal,
  openRecord,
  SEAL_META,
  SHARED_SEAL_TYPE,
  sealKeyIdOf,
  sealRecord,
  sealTypeOf,
} from './file-seal.ts';
import { openFingerprintKey } from './fingerprint-key.ts';
import { SealError } from './key-file.ts';
import type { OpenRoot } from './keyring.ts';

const CONFIG_META = 'shamir';

export interface ShamirConfig {
  readonly shares: number;
  readonly threshold: number;
}

/** As it is kept: with the id of the key that it is about, and, while that one is being replaced, of the one before. */
interface StoredConfig extends ShamirConfig {
  readonly sealKeyId?: string;
  readonly before?: ShamirConfig;
}

/** A new key of the seal, and the shares of it. They leave once and are kept nowhere. */
export interface SharedKey {
  readonly key: NamedKey;
  readonly shares: readonly Uint8Array[];
  readonly config: ShamirConfig;
}

/** Whether the store has a seal, and which; undefined for a new store. */
export async function storedSeal(meta: MetaStore): Promise<string | undefined> {
  const record = await meta.meta(SEAL_META);
  return record === undefined ? undefined : sealTypeOf(record);
}

/** How many shares there are and how many it takes; undefined before the store was initialised. */
export async function shamirConfig(meta: MetaStore): Promise<ShamirConfig | undefined> {
  const [stored, record] = [await meta.meta(CONFIG_META), await meta.meta(SEAL_META)];
  if (stored === undefined) return undefined;
  const config = JSON.parse(Buffer.from(stored).toString('utf8')) as StoredConfig;
  const { sealKeyId, before, shares, threshold } = config;
  const isOfAnother = record !== undefined && sealKeyId !== undefined && sealKeyId !== sealKeyIdOf(record);
  return isOfAnother && before !== undefined ? before : { shares, threshold };
}

export function shareOutNewKey(config: ShamirConfig): SharedKey {
  const raw = randomBytes(KEY_BYTES);
  const { shares, threshold } = config;
  const parts = shares === 1 ? [Uint8Array.from(raw)] : splitSecret(raw, shares, threshold, randomBytes);
  return { key: nameKey(adoptKey(raw)), shares: parts, config };
}

/** Seals the root key of a new store under a key that was shared out. */
export async function sealByShares(
  meta: MetaStore,
  { key, config }: Pick<SharedKey, 'key' | 'config'>,
  root: KeyObject = newKey(),
): Promise<void> {
  const before = await shamirConfig(meta);
  const stored: StoredConfig = { ...config, sealKeyId: key.id, ...(before === undefined ? {} : { before }) };
  // Whoever finds the record, the new one or still the old one, knows how many shares it takes.
  await meta.setMeta(CONFIG_META, Buffer.from(JSON.stringify(stored)));
  await meta.setMeta(SEAL_META, sealRecord(SHARED_SEAL_TYPE, key, root));
}

/** The same in place of another key: its shares open the store from then on. False where that one is not the seal's. */
export async function replaceSealKey(
  meta: MetaStore,
  fresh: Pick<SharedKey, 'key' | 'config'>,
  { root, key }: { readonly root: KeyObject; readonly key: NamedKey },
): Promise<boolean> {
  const record = await meta.meta(SEAL_META);
  if (record === undefined || sealKeyIdOf(record) !== key.id) return false;
  await sealByShares(meta, fresh, root);
  return true;
}

/** The key that shares make together; undefined where they cannot belong together. A key of one share is that share. */
export function keyOfShares(shares: readonly Uint8Array[]): NamedKey | undefined {
  const [first] = shares;
  const combined = shares.length === 1 && first?.length === KEY_BYTES ? first : combineShares(shares);
  if (combined === undefined || combined.length !== KEY_BYTES) return undefined;
  return nameKey(adoptKey(Uint8Array.from(combined)));
}

/**
 * The root key of a record that is kept elsewhere than in its store, and the id of the key that its shares make. `name` says
 * what it is the record of. Throws SealError.
 */
export function openSharedRecord(shares: readonly Uint8Array[], record: Uint8Array, name: string): OpenedSeal {
  if (sealTypeOf(record) !== SHARED_SEAL_TYPE)
    throw new SealError(`${name} is sealed by a key file: give that, not shares`);
  const key = keyOfShares(shares);
  const wanted = sealKeyIdOf(record);
  if (key?.id !== wanted) {
    throw new SealError(
      `the shares do not make key ${wanted}, and ${name} opens with that key only: give enough of its shares`,
    );
  }
  return { root: openRecord(SHARED_SEAL_TYPE, key, record), sealKeyId: key.id };
}

export interface OpenedByShares {
  readonly root: KeyObject;
  /** What the shares make together. */
  readonly key: NamedKey;
  readonly config: ShamirConfig;
}

/** The root key that shares open, and the key that they make; undefined where they are not those of this store. */
export async function openByShares(
  meta: MetaStore,
  shares: readonly Uint8Array[],
): Promise<OpenedByShares | undefined> {
  const [record, config] = [await meta.meta(SEAL_META), await shamirConfig(meta)];
  const key = keyOfShares(shares);
  if (record === undefined || config === undefined || key === undefined) return undefined;
  try {
    return { root: openRecord(SHARED_SEAL_TYPE, key, record), key, config };
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined;
    throw error;
  }
}

/** All that the shares of a store open. */
export async function openShamir(
  meta: MetaStore,
  shares: readonly Uint8Array[],
  dataDir: string,
): Promise<OpenRoot | undefined> {
  const found = await openByShares(meta, shares);
  if (found === undefined) return undefined;
  const { root, key, config } = found;
  try {
    const fingerprintKey = await openFingerprintKey(root, meta, dataDir);
    return { root, sealType: SHARED_SEAL_TYPE, sealKeyId: key.id, shares: config, fingerprintKey };
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined;
    throw error;
  }
}
