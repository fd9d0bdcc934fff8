// A version more, under the token of its request and with staging labels: PutSecretValue, and UpdateSecret, which changes
// what is said of the secret too. A request that comes again with the same value changes nothing.
// Source: the Secrets Manager API reference, PutSecretValue and UpdateSecret.

import type { AwsSettings } from '../../core/aws/secret.ts';
import { attachStage, CURRENT, PENDING } from '../../core/aws/stages.ts';
import { secretEvent, versionEvent } from '../../core/events.ts';
import type { Keyring } from '../../core/ports.ts';
import type { Redacted } from '../../core/redacted.ts';
import type { Secret, Version } from '../../core/secret.ts';
import { namedKey, wrappingFor } from '../customer-keys.ts';
import { demand } from '../demand.ts';
import { type NewSealed, sealNew, withVersion } from '../new-version.ts';
import { type Decision, type Input, type Operation, operation } from '../operation.ts';
import { eventOf, type SecretRef, secretTarget } from '../secrets.ts';
import { Stale } from '../writer.ts';
import { type AwsRef, type AwsResult, idNeed, repeated } from './ref.ts';

/** A value as AWS's API takes it. */
export interface AwsValue {
  /** Names the version. */
  readonly token: string;
  readonly payload: Redacted<Uint8Array>;
  readonly isBinary?: true;
}

export interface PutVersion extends AwsRef, AwsValue {
  /** Absent: AWSCURRENT. */
  readonly stages?: readonly string[];
}

/** Absent: stays. */
export interface AmendSecret extends AwsRef, Pick<AwsSettings, 'description' | 'kmsKeyId' | 'type'> {
  readonly value?: AwsValue;
}

type ValueNeeds = { readonly existing: ReturnType<typeof idNeed> };

/** The payload, sealed for the secret that was found. */
export function sealFor<C extends SecretRef>(
  input: Input<C, Record<never, never>>,
  keyring: Keyring,
  { payload }: AwsValue,
  secret: Secret = input.secret(input.command),
): NewSealed {
  const project = input.project(input.command.project);
  const made = { payload, secretUid: secret.uid, uid: input.entropy.uid() };
  return sealNew(keyring, project, { ...made, ...wrappingFor(input, project, secret) });
}

/** What making ready an amendment makes. */
interface Amendment {
  readonly sealed?: NewSealed;
  readonly customerKey?: string;
}

/** The secret under the key that a request names for it; where it names none, under the one that it is under. */
function underKey(before: Secret, { kmsKeyId }: Pick<AmendSecret, 'kmsKeyId'>, { customerKey }: Amendment): Secret {
  if (kmsKeyId === undefined) return before;
  const { customerKey: _before, ...aws } = { changedAt: 0, ...before.aws };
  return { ...before, aws: { ...aws, kmsKeyId, ...(customerKey === undefined ? {} : { customerKey }) } };
}

/** The secret with its new version, which is later than every change before it. */
export function labelled(
  before: Secret,
  { now, entropy, prepared }: Pick<Input<unknown, Record<never, never>, NewSealed>, 'now' | 'entropy' | 'prepared'>,
  { token, isBinary }: Omit<AwsValue, 'payload'>,
  stages: readonly string[],
): { readonly secret: Secret; readonly version: Version } {
  const later = Math.max(now, (before.aws?.changedAt ?? 0) + 1);
  const attributes = { requestToken: token, ...(isBinary ? { kind: 'binary' as const } : {}) };
  const { secret, version } = withVersion(
    before,
    { now: later, entropy, prepared },
    { clientChecksum: false, candidate: true, attributes },
  );
  const { lastVersion } = secret;
  // The first is the current one, whatever it is called; one that was reserved is the pending one.
  const first = before.currentVersion === 0 ? [CURRENT] : [];
  const reserved = before.aws?.reserved?.versionId === token ? [PENDING] : [];
  const labels = [...new Set([...stages, ...reserved, ...first])];
  const started: Secret = { ...before, lastVersion, aws: { ...before.aws, changedAt: later } };
  return { secret: labels.reduce((moved, label) => attachStage(moved, label, lastVersion), started), version };
}

/** What adds the version, or what is there where the request comes again. */
function put(
  input: Input<SecretRef, ValueNeeds, unknown>,
  before: Secret,
  prepared: NewSealed,
  { stages, ...value }: Omit<AwsValue, 'payload'> & { readonly stages: readonly string[] },
): Decision<AwsResult> {
  const project = input.project(input.command.project);
  if (prepared.secretUid !== before.uid) throw new Stale();
  const existing = repeated(before, input.rows.existing, prepared, value);
  if (existing !== undefined) {
    return { result: { project, secret: before, version: existing }, version: existing.number };
  }
  const { now, entropy } = input;
  const { secret, version } = labelled(before, { now, entropy, prepared }, value, stages);
  return {
    result: { project, secret, version },
    changes: [
      { change: 'version.insert', version, sealed: prepared.sealed },
      { change: 'secret.update', secret },
    ],
    events: [versionEvent('SECRET_VERSION_ADD', { ...eventOf(input, project, secret), version })],
    version: version.number,
  };
}

const withoutPayload = ({ payload: _sealed, ...value }: AwsValue) => value;

export const putVersion: Operation<PutVersion, AwsResult> = operation({
  name: 'versions.put',
  help: 'add a version under the token of its request, with staging labels',
  kind: 'write',
  permission: 'secretmanager.versions.add',
  target: (command) => secretTarget(command),
  needs: (command): ValueNeeds => ({ existing: idNeed(command, command.token) }),
  prepare: (input, keyring) => ({ carried: sealFor(input, keyring, input.command) }),
  carried: ({ payload: _sealed, ...command }) => command,
  decide: (input) => {
    const { token, isBinary, stages = [CURRENT] } = input.command;
    const value = { token, stages, ...(isBinary ? { isBinary } : {}) };
    return put(input, input.secret(input.command), input.prepared, value);
  },
});

export const amendSecret: Operation<AmendSecret, AwsResult> = operation({
  name: 'secrets.amend',
  help: 'change what is said of a secret, and add a version that becomes the current one',
  kind: 'write',
  permission: 'secretmanager.secrets.update',
  target: (command) => secretTarget(command),
  needs: (command): ValueNeeds => ({ existing: idNeed(command, command.value?.token ?? '') }),
  prepare: (input, keyring): { carried: Amendment } => {
    const { value, kmsKeyId, from } = input.command;
    const before = input.secret(input.command);
    const key = namedKey(input, input.project(input.command.project), from.region, kmsKeyId);
    if (value === undefined) return { carried: key };
    demand(input, 'secretmanager.versions.add', secretTarget(input.command));
    return { carried: { ...key, sealed: sealFor(input, keyring, value, underKey(before, input.command, key)) } };
  },
  carried: ({ value, ...command }) => (value === undefined ? command : { ...command, value: withoutPayload(value) }),
  decide: (input) => {
    const { description, type, value } = input.command;
    const before = underKey(input.secret(input.command), input.command, input.prepared);
    const project = input.project(input.command.project);
    const secret: Secret = {
      ...before,
      aws: {
        ...{ changedAt: 0, ...before.aws },
        ...(description === undefined ? {} : { description }),
        ...(type === undefined ? {} : { type }),
      },
    };
    const { sealed: prepared } = input.prepared;
    if (value !== undefined && prepared !== undefined) {
      demand(input, 'secretmanager.versions.add', secretTarget(input.command));
      return put(input, secret, prepared, { ...value, stages: [CURRENT] });
    }
    const changed: Secret = { ...secret, etag: input.entropy.etag() };
    return {
      result: { project, secret: changed },
      changes: [{ change: 'secret.update', secret: changed }],
      events: [secretEvent('SECRET_UPDATE', eventOf(input, project, changed))],
    };
  },
});
