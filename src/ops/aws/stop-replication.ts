// A replica that becomes a secret of its own region, with the same versions and the same ARN: StopReplicationToReplica. The
// values are sealed anew for their new place, so whoever asks must be able to read them.
// Source: the API reference, StopReplicationToReplica.

import { arnSuffix, homeOf, versionIdOf } from '../../core/aws/secret.ts';
import { Fault } from '../../core/error.ts';
import { secretEvent } from '../../core/events.ts';
import type { Grant } from '../../core/iam/policy.ts';
import { BACKUP_OF_SECRET_BYTES_MAX, BACKUP_OF_SECRET_VERSIONS_MAX } from '../../core/limits.ts';
import type { Keyring, PayloadRow } from '../../core/ports.ts';
import type { Project, Secret, Uid, Version } from '../../core/secret.ts';
import { wantKeys, wrappedBy } from '../customer-keys.ts';
import { demand } from '../demand.ts';
import { type NewSealed, sealNew } from '../new-version.ts';
import { type Operation, operation, secretFacts } from '../operation.ts';
import { clearName, eventOf, placeOf, secretTarget } from '../secrets.ts';
import { payloadPlace } from '../versions.ts';
import { Stale } from '../writer.ts';
import type { AwsRef, AwsResult } from './ref.ts';

interface Prepared {
  /** Of the secret that was copied, as it was. */
  readonly etag: string;
  readonly lastVersion: number;
  readonly secretUid: Uid;
  readonly versions: readonly { readonly version: Version; readonly sealed?: NewSealed }[];
}

/** The versions for their new place, each under the id that AWS's clients know it by. */
function copies(
  keyring: Keyring,
  grant: Grant,
  project: Project,
  rows: readonly PayloadRow[],
  made: { readonly secretUid: Uid; uid(): Uid; keyOf(version: Version): ReturnType<typeof wrappedBy> },
): Prepared['versions'] {
  let bytes = 0;
  return rows.map(({ version: before, sealed }) => {
    const { secretUid } = made;
    const attributes = { ...before.attributes, requestToken: versionIdOf(before) };
    const version = { ...before, uid: made.uid(), secretUid, attributes };
    if (sealed === undefined) return { version };
    // Each stays under the key that it is under.
    const key = made.keyOf(before);
    const place = { ...payloadPlace(project.uid, before), ...key };
    const payload = keyring.open(grant, project.wrappedKey, place, sealed);
    bytes += payload.reveal().length;
    if (bytes > BACKUP_OF_SECRET_BYTES_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'bytes of one replica', limit: BACKUP_OF_SECRET_BYTES_MAX });
    }
    return { version, sealed: sealNew(keyring, project, { payload, secretUid, uid: version.uid, ...key }) };
  });
}

export const stopReplication: Operation<AwsRef, AwsResult> = operation({
  name: 'secrets.stopReplication',
  help: 'make a secret of its own of a replica',
  kind: 'write',
  permission: 'secretmanager.versions.access',
  target: (command: AwsRef) => secretTarget(command),
  needs: ({ project, key, from }) =>
    ({ taken: { need: 'secret', project, location: from.region, key, deleted: true } }) as const,
  prepareNeeds: (command) =>
    ({ versions: { need: 'payloads', ...placeOf(command), limit: BACKUP_OF_SECRET_VERSIONS_MAX + 1 } }) as const,
  prepare: (input, keyring, { grant }): { carried: Prepared } => {
    const secret = input.secret(input.command);
    const { versions } = input.rows;
    if (grant === undefined) throw new TypeError('secrets.stopReplication without a grant');
    if (versions.length > BACKUP_OF_SECRET_VERSIONS_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'versions of one replica', limit: BACKUP_OF_SECRET_VERSIONS_MAX });
    }
    const secretUid = arnSuffix(secret.uid) + input.entropy.uid().slice(arnSuffix(secret.uid).length);
    const project = input.project(input.command.project);
    const held = versions.filter(({ sealed }) => sealed !== undefined);
    wantKeys(
      input,
      project,
      held.map(({ version }) => version),
    );
    const keyOf = (version: Version) => wrappedBy(input, project, version);
    const made = { secretUid, uid: () => input.entropy.uid(), keyOf };
    const copied = copies(keyring, grant, project, versions, made);
    return { carried: { etag: secret.etag, lastVersion: secret.lastVersion, secretUid, versions: copied } };
  },
  decide: (input) => {
    const { command, prepared, entropy, now } = input;
    const project = input.project(command.project);
    const before = input.secret(command);
    const { region } = command.from;
    for (const permission of ['secretmanager.secrets.update', 'secretmanager.secrets.create'] as const) {
      demand(input, permission, secretTarget(command));
    }
    if ((homeOf(before) ?? region) === region) {
      throw new Fault('AWS_REQUEST_INVALID', { problem: `Secret ${before.name} is no replica in ${region}.` });
    }
    if (before.etag !== prepared.etag || before.lastVersion !== prepared.lastVersion) throw new Stale();
    const cleared = clearName(input, secretFacts(project, before.name, region), input.rows.taken);
    const { home: _home, replicas = [], ...kept } = before.aws ?? { changedAt: now };
    const left = replicas.filter((replica) => replica.region !== region);
    const primary: Secret = { ...before, aws: { changedAt: 0, ...before.aws, replicas: left }, etag: entropy.etag() };
    const secret: Secret = {
      ...before,
      ...{
        uid: prepared.secretUid,
        location: region,
        etag: entropy.etag(),
        aws: { ...kept, changedAt: now },
        tags: {},
      },
    };
    return {
      result: { project, secret },
      changes: [
        ...cleared,
        { change: 'secret.update', secret: primary },
        { change: 'secret.insert', secret },
        ...prepared.versions.map(
          ({ version, sealed }) =>
            ({
              change: 'version.insert',
              version,
              ...(sealed === undefined ? {} : { sealed: sealed.sealed }),
            }) as const,
        ),
      ],
      events: [
        secretEvent('SECRET_UPDATE', eventOf(input, project, primary)),
        secretEvent('SECRET_CREATE', eventOf(input, project, secret)),
      ],
      details: { region, versions: prepared.versions.length },
    };
  },
});
