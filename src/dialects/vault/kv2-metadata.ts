// The metadata of a secret by version 2 of kv: its settings, its versions without their values, the names in a folder.
// Labels and annotations are one map here; what Google would take as a label is one, the rest are annotations.

import { splitLabels } from '../../core/labels.ts';
import type { Secret } from '../../core/secret.ts';
import { formatTime } from '../../core/vault/duration.ts';
import { effectiveKv } from '../../core/vault/mounts.ts';
import { deleteSecret, getSecret, updateSecret } from '../../ops/secrets.ts';
import { customMetadataOf } from '../../ops/vault/custom-metadata.ts';
import { below } from '../../ops/vault/folders.ts';
import { describeSettings, kvSettings, NO_SETTINGS } from '../../ops/vault/kv-config.ts';
import { listVersions } from '../../ops/versions.ts';
import type { WireResponse } from '../../wire/types.ts';
import { empty, enveloped } from './answer.ts';
import { customMetadata, isMissing, type KvCall, versionMetadata } from './kv-call.ts';
import { VaultError } from './request.ts';

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
  const custom = customMetadataOf(data, isPatch ? (before === undefined ? {} : (customMetadata(before) ?? {})) : {});
  const capability = before === undefined ? ('create' as const) : undefined;
  await call.call(updateSecret, { ...ref, kv, ...(custom === undefined ? {} : splitLabels(custom)) }, capability);
  return empty();
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
