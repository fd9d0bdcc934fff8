// Material that leaves: single keys in the form that is asked for, and whole keys as a backup. Only of a key that says so,
// only for a permission of its own, and each time with a record.

import { Fault } from '../core/error.ts';
import type { Key, KeyVersion } from '../core/keys/key.ts';
import type { KeyForm, PlainKey } from '../core/keys/port.ts';
import { checkUse } from '../core/keys/rules.ts';
import { isAsymmetric, type KeyUse, traitsOf } from '../core/keys/type.ts';
import type { Redacted } from '../core/redacted.ts';
import { foundKey, type KeyRef, keyNeed, keyTarget, opened, versionsNeed } from './keys-found.ts';
import { type Operation, operation } from './operation.ts';

/** Which of a version's keys: itself, its public half, or the one that its MACs are made with. */
export type ExportedPart = 'key' | 'public' | 'mac';

export interface ExportKey extends KeyRef {
  readonly part: ExportedPart;
  /** `default`: itself where it is a text of bytes, else as the type is traditionally written. */
  readonly form: 'default' | 'raw' | 'pkcs8';
  /** What the key must be good for. */
  readonly use?: KeyUse;
  /** Absent: every version that may still be used. */
  readonly version?: number | 'latest';
}

export interface ExportedVersion {
  readonly number: number;
  /** Of a public half: SubjectPublicKeyInfo in PEM. */
  readonly publicKey?: string;
  /** Empty where the version is a public half alone. */
  readonly key?: Redacted<Uint8Array>;
}

export interface ExportedKey {
  readonly key: Key;
  readonly versions: readonly ExportedVersion[];
}

export const exportKey: Operation<ExportKey, ExportedKey> = operation({
  name: 'keys.export',
  help: 'take the material of a key out',
  kind: 'read',
  permission: 'coffer.keys.export',
  target: (command: ExportKey) => keyTarget(command),
  needs: (command) => ({ found: keyNeed(command), versions: versionsNeed(command) }) as const,
  decide: (input) => {
    const { part, form } = input.command;
    const { key } = foundKey(input, input.rows.found);
    if (part !== 'public' && !key.exportable) throw new Fault('KEY_NOT_EXPORTABLE', { key: key.name });
    const { use } = input.command;
    if (use !== undefined) checkUse(key, use);
    const written = formOf(key, part, form);
    const versions = wantedVersions(key, input.rows.versions, input.command.version);
    return { result: { key, versions, written }, details: { part, versions: versions.length } };
  },
  finish: ({ key, versions, written }, { part }, at) => ({
    key,
    versions: versions.map((version): ExportedVersion => {
      const { number, publicKey } = version;
      if (part === 'public') return { number, ...(publicKey === undefined ? {} : { publicKey }) };
      const open = opened(at, key, version, number);
      return { number, key: part === 'mac' ? open.exportMacKey() : open.export(written) };
    }),
  }),
});

/** Throws KEY_USE_UNSUPPORTED for a part that no key of the type has, and INVALID_FIELD for a form that it has not. */
function formOf({ type }: Key, part: ExportedPart, form: ExportKey['form']): KeyForm {
  const { kind } = traitsOf(type);
  if (part === 'public') {
    if (!isAsymmetric(type)) throw new Fault('KEY_USE_UNSUPPORTED', { type, use: 'export' });
    return 'pkcs8';
  }
  const isBytes = part === 'mac' || !isAsymmetric(type);
  if (form === 'default') return isBytes || kind === 'eddsa' ? 'raw' : 'traditional';
  if (isBytes ? form === 'raw' : kind === 'eddsa' || form !== 'raw') return form;
  throw new Fault('INVALID_FIELD', { field: 'format', problem: `a key of ${type} is not written so` });
}

/** The versions that are asked for. Throws KEY_VERSION_TOO_OLD or KEY_VERSION_NOT_FOUND. */
export function wantedVersions(
  key: Key,
  versions: readonly KeyVersion[],
  asked: number | 'latest' | undefined,
): readonly KeyVersion[] {
  const least = Math.max(key.minDecryptionVersion, key.minAvailableVersion);
  if (asked === undefined) return versions.filter(({ number }) => number >= least);
  const version = asked === 'latest' ? key.latestVersion : asked;
  if (version < least) throw new Fault('KEY_VERSION_TOO_OLD', { version, least });
  const found = versions.filter(({ number }) => number === version);
  if (found.length === 0) throw new Fault('KEY_VERSION_NOT_FOUND', { key: key.name, version });
  return found;
}

/** A version in its plain form. */
export interface PlainVersion {
  readonly number: number;
  readonly createdAt: number;
  readonly plain: PlainKey;
  readonly publicKey?: string;
}

export interface KeyBackup {
  readonly key: Key;
  readonly versions: readonly PlainVersion[];
}

export const backupKey: Operation<KeyRef, KeyBackup> = operation({
  name: 'keys.backup',
  help: 'take a whole key out, so that it can be made anew elsewhere',
  kind: 'write',
  permission: 'coffer.keys.export',
  target: (command: KeyRef) => keyTarget(command),
  needs: (command) => ({ found: keyNeed(command), versions: versionsNeed(command) }) as const,
  decide: (input) => {
    const { key: before } = foundKey(input, input.rows.found);
    if (!before.exportable) throw new Fault('KEY_NOT_EXPORTABLE', { key: before.name });
    if (!before.plaintextBackup) throw new Fault('KEY_BACKUP_FORBIDDEN', { key: before.name });
    const key: Key = { ...before, backup: { time: input.now, version: before.latestVersion }, updatedAt: input.now };
    const { versions } = input.rows;
    return {
      result: { key, versions },
      changes: [{ change: 'key.update', key }],
      details: { versions: versions.length },
    };
  },
  finish: ({ key, versions }, _command, at) => ({
    key,
    versions: versions.map((version): PlainVersion => {
      const { number, createdAt, publicKey } = version;
      const open = opened(at, key, version, number);
      const macKey = open.exportMacKey();
      const plain = isAsymmetric(key.type) ? { jwk: open.exportJwk(), macKey } : { raw: open.export('raw'), macKey };
      return { number, createdAt, plain, ...(publicKey === undefined ? {} : { publicKey }) };
    }),
  }),
});
