// The secret of an entry: sealed for the entry's own path, so that it opens at no other.

import type { Keyring, PayloadPlace } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import type { Project } from '../../core/secret.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';

const encoder = new TextEncoder();

/** Where the secret of an entry belongs: sealed with it, so that it opens at no other path. */
export function placeOf(keyring: Keyring, project: Project, id: string, uid: string): PayloadPlace {
  const secretUid = keyring.fingerprint(new Redacted(encoder.encode(id))).slice(0, 32);
  return { projectUid: project.uid, secretUid, versionUid: uid };
}

/** The part of an entry that holds a secret. */
export function sealEntry(
  keyring: Keyring,
  project: Project,
  id: string,
  uid: string,
  payload: Redacted<Uint8Array>,
): Pick<VaultEntry, 'data' | 'sealed'> {
  return { data: { uid }, sealed: keyring.seal(project.wrappedKey, placeOf(keyring, project, id, uid), payload) };
}
