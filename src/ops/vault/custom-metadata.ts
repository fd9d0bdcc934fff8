// What Vault calls custom metadata: pairs of texts at whoever's pleasure. A patch adds to those that are there, and null
// takes one away. Source: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#create-update-metadata

import type { Labels } from '../../core/secret.ts';
import { type Data, invalid, mapField } from './fields.ts';

/** Of Vault's: pairs, and bytes of a key and of a value. */
const PAIRS_MAX = 64;
const KEY_BYTES_MAX = 128;
const VALUE_BYTES_MAX = 512;

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

/** The pairs that are to be there from now on; undefined: as before. Throws VAULT_REQUEST_INVALID. */
export function customMetadataOf(data: Data, before: Labels): Labels | undefined {
  const given = data['custom_metadata'];
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || Array.isArray(given)) throw invalid('custom_metadata: a map of texts belongs there');
  const removed = Object.entries(given ?? {}).filter(([, value]) => value === null);
  const kept = Object.fromEntries(removed.map(([key]) => [key, '']));
  const set = mapField({ custom_metadata: { ...given, ...kept } }, 'custom_metadata') ?? {};
  const merged: Record<string, string> = { ...before, ...set };
  for (const [key] of removed) delete merged[key];
  if (Object.keys(merged).length > PAIRS_MAX)
    throw invalid(`custom_metadata validation failed: at most ${PAIRS_MAX} keys are allowed`);
  for (const [key, value] of Object.entries(merged)) {
    if (key === '' || bytesOf(key) > KEY_BYTES_MAX || bytesOf(value) > VALUE_BYTES_MAX) {
      throw invalid(
        `custom_metadata validation failed: a key has 1 to ${KEY_BYTES_MAX} bytes, a value at most ${VALUE_BYTES_MAX}`,
      );
    }
  }
  return merged;
}
