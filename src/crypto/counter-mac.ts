// What signs the counter of a store, in the store and beside its key file, and the note that a restore leaves: a MAC under
// a key that only the root key yields.

import { createHmac, type KeyObject } from 'node:crypto';
import { deriveKey } from './envelope.ts';

/** HMAC-SHA256 in hex, under a key drawn from `root`. */
export function counterMac(root: KeyObject): (text: string) => string {
  const key = deriveKey(root, 'coffer store counter v1');
  return (text) => createHmac('sha256', key).update(text).digest('hex');
}
