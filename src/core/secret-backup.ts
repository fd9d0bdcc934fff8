// What a backup of one secret is: its name in the clear, and the rest sealed by the server, which alone can open it. The
// name is part of what is sealed for, so that it cannot be changed. Ours: Azure says only that a backup is a text.
// Inside: the length of a header in JSON (4 bytes), the header, and the payloads one after another.

import { Fault } from './error.ts';
import { parseSecretName, type SecretName } from './name.ts';
import type { Labels, Secret, Version } from './secret.ts';

const FORMAT = 1;
const LENGTH_BYTES = 4;

/** A version without what belongs to its place. */
export interface BackedUpVersion extends Omit<Version, 'secretUid' | 'fingerprint' | 'etag'> {
  /** Of its payload; 0: it is destroyed. */
  readonly bytes: number;
}

export interface SecretBackup {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly lastVersion: number;
  readonly currentVersion: number;
  readonly previousVersion: number;
  readonly versions: readonly BackedUpVersion[];
}

/** For what a backup of this name is sealed. */
export function backupPurpose(name: SecretName): string {
  return `backup of the secret ${name}`;
}

/** `sealed` behind the name. */
export function writeBackupBlob(name: SecretName, sealed: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(name);
  const blob = new Uint8Array(2 + text.length + sealed.length);
  blob.set([FORMAT, text.length]);
  blob.set(text, 2);
  blob.set(sealed, 2 + text.length);
  return blob;
}

/** The parts of a blob; throws BACKUP_BLOB_INVALID for what cannot be one. */
export function readBackupBlob(blob: Uint8Array): { readonly name: SecretName; readonly sealed: Uint8Array } {
  const [format, length = 0] = blob;
  if (format !== FORMAT || blob.length <= 2 + length) throw new Fault('BACKUP_BLOB_INVALID');
  let name: SecretName;
  try {
    name = parseSecretName(new TextDecoder('utf-8', { fatal: true }).decode(blob.subarray(2, 2 + length)));
  } catch {
    throw new Fault('BACKUP_BLOB_INVALID');
  }
  return { name, sealed: blob.subarray(2 + length) };
}

/** The bytes that are sealed. */
export function packBackup(
  { labels, annotations, ...secret }: Secret,
  versions: readonly [Version, Uint8Array][],
): Uint8Array {
  const { lastVersion, currentVersion, previousVersion } = secret;
  const header: SecretBackup = {
    ...{ labels, annotations, lastVersion, currentVersion, previousVersion },
    versions: versions.map(([{ secretUid: _s, fingerprint: _f, etag: _e, ...version }, payload]) => ({
      ...version,
      bytes: payload.length,
    })),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const total = versions.reduce((sum, [, payload]) => sum + payload.length, 0);
  const packed = new Uint8Array(LENGTH_BYTES + text.length + total);
  new DataView(packed.buffer).setUint32(0, text.length);
  packed.set(text, LENGTH_BYTES);
  let at = LENGTH_BYTES + text.length;
  for (const [, payload] of versions) {
    packed.set(payload, at);
    at += payload.length;
  }
  return packed;
}

/** What `packBackup` packed: nobody else can have sealed it. */
export function unpackBackup(packed: Uint8Array): {
  readonly backup: SecretBackup;
  readonly payloads: readonly Uint8Array[];
} {
  const length = new DataView(packed.buffer, packed.byteOffset).getUint32(0);
  let at = LENGTH_BYTES + length;
  const backup = JSON.parse(new TextDecoder().decode(packed.subarray(LENGTH_BYTES, at))) as SecretBackup;
  const payloads = backup.versions.map(({ bytes }) => {
    at += bytes;
    return packed.subarray(at - bytes, at);
  });
  return { backup, payloads };
}
