// The one key of a store under which values get their fingerprints. It rests in the store as the server's own bytes,
// wrapped by the root key, and is made at the first start that has none: it is drawn apart from the root key, so that
// a new root key would leave every fingerprint as it is. Its record stands in docs/envelope.md.

import type { KeyObject } from 'node:crypto';
import type { MetaStore } from '../core/ports.ts';
import {
  adoptKey,
  associatedData,
  EnvelopeError,
  type NamedKey,
  nameKey,
  newKey,
  openNamed,
  sealNamed,
} from './envelope.ts';
import { SealError } from './key-file.ts';

const META_KEY = 'fingerprint';
const PURPOSE = 'fingerprint key';

/** Opens the store's fingerprint key, or makes it. Throws SealError where its stored bytes were changed. */
export async function openFingerprintKey(root: KeyObject, meta: MetaStore, dataDir: string): Promise<KeyObject> {
  const data = associatedData('coffer bytes v1', [PURPOSE]);
  const stored = await meta.meta(META_KEY);
  if (stored !== undefined) return unwrap(nameKey(root), data, stored, dataDir);
  const key = newKey();
  const raw = key.export();
  await meta.setMeta(META_KEY, sealNamed(nameKey(root), data, raw));
  raw.fill(0);
  return key;
}

function unwrap(root: NamedKey, data: Buffer, stored: Uint8Array, dataDir: string): KeyObject {
  try {
    return adoptKey(openNamed(root, data, stored));
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    throw new SealError(
      `the fingerprint key of the store in ${dataDir} does not open (${error.message}): ` +
        'restore the data directory from your backup',
      { cause: error },
    );
  }
}
