// Keys as AWS KMS has them: made, shown, enabled, disabled, and deleted after a time in which that can be taken back. Nobody
// seals or opens with one by an API: they wrap the data keys of secrets. Source: the KMS API reference.

import { AWS_RING, type AwsKeyId, type AwsKeySettings, keyIdOf, keyStateOf } from '../../core/aws/kms.ts';
import { Fault } from '../../core/error.ts';
import { type Key, NEW_KEY_SETTINGS } from '../../core/keys/key.ts';
import type { ProjectRef } from '../../core/name.ts';
import type { Project } from '../../core/secret.ts';
import { customerKeyRow, keyMeant } from '../customer-keys.ts';
import { newKey } from '../keys.ts';
import { foundKey, type KeyRef, keyNeed, keyTarget, makeReady, ringTarget, versionOf } from '../keys-found.ts';
import { type Input, type Operation, operation, type Target } from '../operation.ts';
import { type Asking, checkKeyPolicy, checkNewKeyPolicy } from './key-policy.ts';
import { AUDITED_CHARS_MAX } from './resource-policies.ts';

const DAY_MS = 24 * 3600 * 1000;
const TYPE = 'aes256-gcm96';

export interface KmsKeyRef {
  readonly project: ProjectRef;
  readonly region: string;
  readonly id: AwsKeyId;
}

export interface KmsKey {
  readonly project: Project;
  readonly key: Key;
}

export interface CreateKmsKey extends Partial<Pick<SetKmsKeyPolicy, 'policy' | 'unsafe'>> {
  readonly project: ProjectRef;
  readonly region: string;
  readonly description?: string;
}

const NEWEST = 0;

export const createKmsKey: Operation<CreateKmsKey, KmsKey> = operation({
  name: 'kmsKeys.create',
  help: "make a key of AWS's API, which wraps the data keys of secrets",
  kind: 'write',
  permission: 'coffer.keys.create',
  target: ({ project }: CreateKmsKey) => ringTarget({ project, ring: AWS_RING }),
  prepare: (input, keyring) => {
    const place = { keyUid: input.entropy.uid(), number: 1 };
    return makeReady(keyring, input.project(input.command.project), place, { type: TYPE });
  },
  decide: (input) => {
    const { prepared, now } = input;
    const { region, description, policy, unsafe = false } = input.command;
    const project = input.project(input.command.project);
    const aws: AwsKeySettings = {
      region,
      ...(description === undefined ? {} : { description }),
      ...(policy === undefined ? {} : { policy }),
    };
    const place = { ring: AWS_RING, name: keyIdOf(prepared.keyUid), type: TYPE } as const;
    const key = newKey(project, place, { ...NEW_KEY_SETTINGS, aws }, prepared, now);
    if (policy !== undefined) checkNewKeyPolicy(input, project, key, unsafe);
    return {
      result: { project, key },
      changes: [
        { change: 'key.insert', key },
        { change: 'keyVersion.insert', version: versionOf(prepared, now) },
      ],
      version: 1,
      details: { key: key.name, region },
    };
  },
});

/** A key that was named by its id; by an alias it is known only once the project is. */
export function kmsTarget({ project, id }: KmsKeyRef): Target {
  if (id.key !== undefined) return keyTarget({ project, ring: AWS_RING, name: id.key });
  const below = `keyRings/${AWS_RING}/aliases/${id.alias}`;
  return { project, below, asked: `projects/${project}/${below}` };
}

/**
 * The key that is meant, on which its policy lets the caller do this, the name of an action without `kms:`. Throws Wanting,
 * KEY_NOT_FOUND, AWS_ALIAS_NOT_FOUND or PERMISSION_DENIED.
 */
export function foundKmsKey(
  input: Asking & Pick<Input<KmsKeyRef, Record<never, never>>, 'command' | 'project' | 'rows'>,
  action: string,
): KmsKey {
  const { project: asked, region, id } = input.command;
  const project = input.project(asked);
  const name = keyMeant(project, region, id);
  if (name === undefined && id.alias !== undefined) throw new Fault('AWS_ALIAS_NOT_FOUND', { alias: id.alias });
  const found = name === undefined ? undefined : customerKeyRow(input, project, { name, version: NEWEST });
  if (found?.key.aws?.region !== region) throw new Fault('KEY_NOT_FOUND', { key: name ?? id.key ?? '' });
  checkKeyPolicy(input, project, found.key, action);
  return { project, key: found.key };
}

export const getKmsKey: Operation<KmsKeyRef, KmsKey> = operation({
  name: 'kmsKeys.get',
  help: "show a key of AWS's API",
  kind: 'read',
  permission: 'coffer.keys.get',
  target: kmsTarget,
  decide: (input) => ({ result: foundKmsKey(input, 'DescribeKey') }),
});

export const getKmsKeyPolicy: Operation<KmsKeyRef, KmsKey> = operation({
  name: 'kmsKeys.getPolicy',
  help: "show the policy of a key of AWS's API",
  kind: 'read',
  permission: 'coffer.keys.get',
  target: kmsTarget,
  decide: (input) => ({ result: foundKmsKey(input, 'GetKeyPolicy') }),
});

/** A change of a key: its settings after it. Throws AWS_KEY_STATE. */
type Turn<C> = (aws: AwsKeySettings, command: C, now: number, key: Key) => AwsKeySettings;

function turning<C extends KmsKeyRef>(
  [verb, action]: readonly [verb: string, action: string],
  help: string,
  permission: 'coffer.keys.update' | 'coffer.keys.delete',
  turn: Turn<C>,
): Operation<C, KmsKey> {
  return operation({
    name: `kmsKeys.${verb}`,
    help,
    kind: 'write',
    permission,
    explores: true,
    target: kmsTarget,
    decide: (input: Input<C, Record<never, never>>) => {
      const { project, key: before } = foundKmsKey(input, action);
      const aws = turn(before.aws as AwsKeySettings, input.command, input.now, before);
      const { nextRotationAt: _due, ...kept } = before;
      const due = aws.deletionAt === undefined ? {} : { nextRotationAt: aws.deletionAt };
      const key: Key = { ...kept, aws, updatedAt: input.now, ...due };
      return {
        result: { project, key },
        changes: [{ change: 'key.update', key }],
        details: { key: key.name, state: keyStateOf(key) },
      };
    },
  });
}

/** Throws AWS_KEY_STATE for a key that waits to be deleted. */
function checkStays(key: Key): void {
  if (key.aws?.deletionAt !== undefined) throw new Fault('AWS_KEY_STATE', { key: key.name, state: 'pending deletion' });
}

export const enableKmsKey: Operation<KmsKeyRef, KmsKey> = turning(
  ['enable', 'EnableKey'],
  "let a key of AWS's API be used again",
  'coffer.keys.update',
  ({ isDisabled: _was, ...aws }, _command, _now, key) => {
    checkStays(key);
    return aws;
  },
);

export const disableKmsKey: Operation<KmsKeyRef, KmsKey> = turning(
  ['disable', 'DisableKey'],
  "keep a key of AWS's API from being used: what it wraps cannot be read",
  'coffer.keys.update',
  (aws, _command, _now, key) => {
    checkStays(key);
    return { ...aws, isDisabled: true };
  },
);

export interface ScheduleKeyDeletion extends KmsKeyRef {
  readonly days: number;
}

export const scheduleKmsKeyDeletion: Operation<ScheduleKeyDeletion, KmsKey> = turning(
  ['scheduleDeletion', 'ScheduleKeyDeletion'],
  "delete a key of AWS's API after some days, in which it cannot be used and that can be taken back",
  'coffer.keys.delete',
  (aws, { days }, now, key) => {
    checkStays(key);
    return { ...aws, deletionAt: now + days * DAY_MS };
  },
);

export const cancelKmsKeyDeletion: Operation<KmsKeyRef, KmsKey> = turning(
  ['cancelDeletion', 'CancelKeyDeletion'],
  "take back that a key of AWS's API is deleted; it stays disabled",
  'coffer.keys.delete',
  ({ deletionAt, ...aws }, _command, _now, key) => {
    if (deletionAt === undefined) throw new Fault('AWS_KEY_STATE', { key: key.name, state: 'not pending deletion' });
    return { ...aws, isDisabled: true };
  },
);

export interface SetKmsKeyPolicy extends KmsKeyRef {
  readonly policy: string;
  /** Even one by which whoever sets it could not set another. */
  readonly unsafe: boolean;
}

export const setKmsKeyPolicy: Operation<SetKmsKeyPolicy, KmsKey> = operation({
  name: 'kmsKeys.setPolicy',
  help: "set the policy of a key of AWS's API, which narrows whom IAM lets use it",
  kind: 'write',
  permission: 'coffer.keys.update',
  explores: true,
  target: kmsTarget,
  decide: (input: Input<SetKmsKeyPolicy, Record<never, never>>) => {
    const { project, key: before } = foundKmsKey(input, 'PutKeyPolicy');
    const { policy, unsafe } = input.command;
    const key: Key = { ...before, aws: { ...(before.aws as AwsKeySettings), policy }, updatedAt: input.now };
    checkNewKeyPolicy(input, project, key, unsafe);
    return {
      result: { project, key },
      changes: [{ change: 'key.update', key }],
      details: { key: key.name, awsPolicy: policy.slice(0, AUDITED_CHARS_MAX) },
    };
  },
});

export const purgeKmsKey: Operation<KeyRef, undefined> = operation({
  name: 'kmsKeys.purge',
  help: "remove a key of AWS's API whose time is over, and with it whatever it wraps",
  kind: 'write',
  permission: 'system',
  target: (command: KeyRef) => keyTarget(command),
  needs: (command) => ({ found: keyNeed(command) }) as const,
  decide: (input) => {
    const { key } = foundKey(input, input.rows.found);
    const { deletionAt = Number.POSITIVE_INFINITY } = key.aws ?? {};
    if (deletionAt > input.now) throw new Fault('KEY_NOT_FOUND', { key: key.name });
    const before = input.project(input.command.project);
    const awsAliases = (before.settings.awsAliases ?? []).filter((alias) => alias.key !== key.name);
    const project = { ...before, settings: { ...before.settings, awsAliases } };
    return {
      result: undefined,
      changes: [
        { change: 'key.delete', uid: key.uid },
        { change: 'project.update', project },
      ],
    };
  },
});
