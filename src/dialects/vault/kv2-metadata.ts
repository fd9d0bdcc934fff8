// The metadata of a secret by version 2 of kv: its settings, its versions without their values, the names in a folder.
// Labels and annotations are one map here; what Google would take as a label is one, the rest are annotations.

import { splitLabels } from '../../core/labels.ts';
import type { Labels, Secret } from '../../core/secret.ts';
import { formatTime } from '../../core/vault/duration.ts';
import { effectiveKv } from '../../core/vault/mounts.ts';
import { deleteSecret, getSecret, updateSecret } from '../../ops/secrets.ts';
import { type Data, mapField } from '../../ops/vault/fields.ts';
import { below } from '../../ops/vault/folders.ts';
import { describeSettings, kvSettings, NO_SETTINGS } from '../../ops/vault/kv-config.ts';
import { listVersions } from '../../ops/versions.ts';
import type { WireResponse } from '../../wire/types.ts';
import { empty, enveloped } from './answer.ts';
import { customMetadata, isMissing, type KvCall, versionMetadata } from './kv-call.ts';
import { VaultError } from './request.ts';

/** Of Vault's: pairs, and bytes of a key and of a value. */
const PAIRS_MAX = 64;
const KEY_BYTES_MAX = 128;
const VALUE_BYTES_MAX = 512;

export function metadata(call: KvCall, path: string): Promise<WireResponse> {
  switch (call.request.verb) {
    case 'list':
      return list(call, path);
    case 'read':
      return read(call, path);
    case 'write':
    case 'patch':
      return write(call, path);
    case 'delete':
      return remove(call, path);
  }
}

async function list(call: KvCall, folder: string): Promise<WireResponse> {
  const keys = below(await call.names(folder));
  if (keys.length === 0) throw new VaultError(404);
  return enveloped(call.request, { data: { keys } });
}

async function read(call: KvCall, path: string): Promise<WireResponse> {
  const ref = call.ref(path);
  if (ref === undefined) throw new VaultError(404);
  const { secret } = await call.call(getSecret, ref);
  const { maxVersions } = effectiveKv(call.settings, secret.kv);
  const { versions } = await call.call(listVersions, { ...ref, pageSize: maxVersions, pageToken: '' });
  const newest = versions[0];
  const oldest = Math.max(0, secret.lastVersion - maxVersions + 1);
  return enveloped(call.request, {
    data: {
      ...describeSettings(secret.kv ?? NO_SETTINGS),
      created_time: formatTime(secret.createdAt),
      current_version: secret.currentVersion,
      custom_metadata: customMetadata(secret),
      oldest_version: secret.lastVersion > maxVersions ? oldest : 0,
      updated_time: formatTime(newest?.createdAt ?? secret.createdAt),
      versions: Object.fromEntries(
        [...versions].reverse().map((version) => [String(version.number), versionMetadata(version)]),
      ),
    },
  });
}

async function write(call: KvCall, path: string): Promise<WireResponse> {
  const ref = call.mustRef(path);
  const { data, verb } = call.request;
  const isPatch = verb === 'patch';
  let before: Secret | undefined;
  try {
    before = (await call.call(getSecret, ref)).secret;
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (isPatch) throw new VaultError(404);
    await call.make(ref);
  }
  const kv = kvSettings(data, before?.kv ?? NO_SETTINGS);
  const custom = customOf(data, isPatch ? (before === undefined ? {} : (customMetadata(before) ?? {})) : {});
  const capability = before === undefined ? ('create' as const) : undefined;
  await call.call(updateSecret, { ...ref, kv, ...(custom === undefined ? {} : splitLabels(custom)) }, capability);
  return empty();
}

/** The pairs that are to be there from now on; undefined: as before. */
function customOf(data: Data, before: Labels): Labels | undefined {
  const given = data['custom_metadata'];
  if (given === undefined) return undefined;
  const removed =
    typeof given === 'object' && given !== null ? Object.entries(given).filter(([, value]) => value === null) : [];
  const kept = Object.fromEntries(removed.map(([key]) => [key, '']));
  const set = mapField({ custom_metadata: { ...(given as object), ...kept } }, 'custom_metadata') ?? {};
  const merged: Record<string, string> = { ...before, ...set };
  for (const [key] of removed) delete merged[key];
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  if (Object.keys(merged).length > PAIRS_MAX)
    throw new VaultError(400, `custom_metadata validation failed: at most ${PAIRS_MAX} keys are allowed`);
  for (const [key, value] of Object.entries(merged)) {
    if (key === '' || bytes(key) > KEY_BYTES_MAX || bytes(value) > VALUE_BYTES_MAX) {
      throw new VaultError(
        400,
        `custom_metadata validation failed: a key has 1 to ${KEY_BYTES_MAX} bytes, a value at most ${VALUE_BYTES_MAX}`,
      );
    }
  }
  return merged;
}

async function remove(call: KvCall, path: string): Promise<WireResponse> {
  const ref = call.ref(path);
  if (ref === undefined) return empty();
  try {
    await call.call(deleteSecret, ref);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return empty();
}
