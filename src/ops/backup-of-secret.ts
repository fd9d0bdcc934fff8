// The backup of one secret with all its versions: a text that only this server can open, and from which the secret comes
// back under its name, with the same versions, in whichever project. Making one reads every value, and takes the grant.

import { Fault } from '../core/error.ts';
import { secretEvent } from '../core/events.ts';
import { BACKUP_OF_SECRET_BYTES_MAX, BACKUP_OF_SECRET_VERSIONS_MAX } from '../core/limits.ts';
import { type ProjectRef, type SecretName, secretKey } from '../core/name.ts';
import type { Keyring } from '../core/ports.ts';
import { Redacted } from '../core/redacted.ts';
import type { Project, Secret, Version } from '../core/secret.ts';
import { backupPurpose, packBackup, type SecretBackup, unpackBackup, writeBackupBlob } from '../core/secret-backup.ts';
import { wantKeys, wrappedBy } from './customer-keys.ts';
import { demand } from './demand.ts';
import { type NewSealed, sealNew } from './new-version.ts';
import { type Operation, operation, secretFacts } from './operation.ts';
import {
  blankSecret,
  clearName,
  eventOf,
  placeOf,
  type SecretRef,
  type SecretResult,
  secretTarget,
} from './secrets.ts';
import { payloadPlace, type VersionResult } from './versions.ts';

export interface BackedUpSecret extends SecretResult {
  readonly blob: Uint8Array;
}

export interface RestoreBackup {
  readonly project: ProjectRef;
  /** As the blob says it. */
  readonly name: SecretName;
  readonly sealed: Uint8Array;
}

export const backUpSecret: Operation<SecretRef, BackedUpSecret> = operation({
  name: 'secrets.backup',
  help: 'read a secret with all its versions into a backup that this server alone can open',
  kind: 'read',
  permission: 'secretmanager.versions.access',
  target: (command) => secretTarget(command),
  needs: (command) =>
    ({ versions: { need: 'payloads', ...placeOf(command), limit: BACKUP_OF_SECRET_VERSIONS_MAX + 1 } }) as const,
  decide: (input) => {
    const secret = input.secret(input.command);
    const project = input.project(input.command.project);
    demand(input, 'coffer.secrets.backup', secretTarget(input.command));
    const { versions } = input.rows;
    if (versions.length === 0) throw new Fault('SECRET_NOT_FOUND', secretFacts(project, secret.name));
    if (versions.length > BACKUP_OF_SECRET_VERSIONS_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'versions of one backup', limit: BACKUP_OF_SECRET_VERSIONS_MAX });
    }
    const held = versions.filter(({ sealed }) => sealed !== undefined).map(({ version }) => version);
    wantKeys(input, project, held);
    const keys = new Map(held.map((version) => [version.uid, wrappedBy(input, project, version)]));
    return { result: { project, secret, versions, keys }, details: { versions: versions.length } };
  },
  finish: ({ project, secret, versions, keys }, _command, { keyring, grant }) => {
    if (grant === undefined) throw new TypeError('secrets.backup without a grant');
    let left = BACKUP_OF_SECRET_BYTES_MAX;
    const opened = versions.map(({ version: before, sealed }): [Version, Uint8Array] => {
      const version = withoutKey(before);
      if (sealed === undefined) return [version, NOTHING];
      const place = { ...payloadPlace(project.uid, version), ...keys.get(version.uid) };
      const payload = keyring.open(grant, project.wrappedKey, place, sealed).reveal();
      left -= payload.length;
      if (left < 0) {
        throw new Fault('LIMIT_REACHED', { what: 'bytes of one backup', limit: BACKUP_OF_SECRET_BYTES_MAX });
      }
      return [version, payload];
    });
    const packed = packBackup(secret, opened);
    const blob = writeBackupBlob(secret.name, keyring.sealBytes(backupPurpose(secret.name), packed));
    packed.fill(0);
    return { project, secret, blob };
  },
});

/** A version as it is in a backup, which the server seals by a key of its own. */
function withoutKey({ attributes, ...version }: Version): Version {
  if (attributes === undefined) return version;
  const { customerKey: _key, ...kept } = attributes;
  return Object.keys(kept).length === 0 ? version : { ...version, attributes: kept };
}

/** Of a version that is destroyed; no other has an empty payload. */
const NOTHING = new Uint8Array(0);

interface Prepared {
  readonly secretUid: string;
  readonly backup: SecretBackup;
  /** In the order of its versions; of a destroyed one, nothing. */
  readonly sealed: readonly (NewSealed | undefined)[];
}

const payloadOf = (made: NewSealed | undefined) => (made === undefined ? {} : { sealed: made.sealed });

/** Sealed anew, for the place that they will have. */
function sealAll(keyring: Keyring, project: Project, { name, sealed }: RestoreBackup, secretUid: string): Prepared {
  let packed: Uint8Array;
  try {
    packed = keyring.openBytes(backupPurpose(name), sealed);
  } catch {
    throw new Fault('BACKUP_BLOB_INVALID');
  }
  const { backup, payloads } = unpackBackup(packed);
  const all = backup.versions.map(({ uid }, index) => {
    const payload = payloads[index] ?? NOTHING;
    if (payload.length === 0) return undefined;
    return sealNew(keyring, project, { payload: new Redacted(payload), secretUid, uid });
  });
  packed.fill(0);
  return { secretUid, backup, sealed: all };
}

export const restoreBackup: Operation<RestoreBackup, VersionResult> = operation({
  name: 'secrets.restoreBackup',
  help: 'make a secret again with all its versions from a backup of it',
  kind: 'write',
  permission: 'coffer.secrets.restore',
  target: ({ project, name }) => ({ project, creates: `secrets/${name}`, asked: `projects/${project}` }),
  needs: ({ project, name }) =>
    ({ existing: { need: 'secret', project, key: secretKey(name), deleted: true, spelled: true } }) as const,
  prepare: (input, keyring): { carried: Prepared } => {
    const project = input.project(input.command.project);
    return { carried: sealAll(keyring, project, input.command, input.entropy.uid()) };
  },
  carried: ({ sealed: _opened, ...command }) => command,
  decide: (input) => {
    const { command, now, entropy } = input;
    const { secretUid, backup, sealed } = input.prepared;
    const project = input.project(command.project);
    const { name } = command;
    const cleared = clearName(input, secretFacts(project, name), input.rows.existing);
    const { versions: kept, ...numbers } = backup;
    const blank = blankSecret(project, name, { uid: secretUid, createdAt: now, etag: entropy.etag() });
    const secret: Secret = { ...blank, ...numbers };
    const versions = kept.map(({ bytes: _bytes, ...version }, index): Version => {
      const fingerprint = sealed[index]?.fingerprint;
      return { ...version, secretUid, ...(fingerprint === undefined ? {} : { fingerprint }), etag: entropy.etag() };
    });
    const version = versions.find(({ number }) => number === secret.currentVersion) ?? versions.at(-1);
    if (version === undefined) throw new Fault('BACKUP_BLOB_INVALID');
    return {
      result: { project, secret, version },
      changes: [
        ...cleared,
        { change: 'secret.insert', secret },
        ...versions.map(
          (each, index) => ({ change: 'version.insert', version: each, ...payloadOf(sealed[index]) }) as const,
        ),
      ],
      events: [secretEvent('SECRET_CREATE', eventOf(input, project, secret))],
      details: { versions: versions.length },
    };
  },
});
