// Secrets: the named, ordered series of versions. Order of the checks is Google's: permission, existence, etag, fields.

import { arnSuffix, type SeenFrom } from '../core/aws/secret.ts';
import { Fault, type FaultData } from '../core/error.ts';
import { type EventOfSecret, secretEvent, topicEvent } from '../core/events.ts';
import { EMPTY_POLICY } from '../core/iam/policy.ts';
import { parseAnnotations, parseLabels } from '../core/labels.ts';
import { RECOVERY_SECONDS_MAX } from '../core/limits.ts';
import {
  GLOBAL,
  type Location,
  locationPart,
  type ProjectRef,
  parseProjectRef,
  type SecretKey,
  type SecretName,
  secretKey,
} from '../core/name.ts';
import type { Change, SecretPlace } from '../core/ports.ts';
import { changeKey, changeKeys, parseReplication } from '../core/replication.ts';
import {
  changeRotation,
  type Expiration,
  parseDestroyTtl,
  parseExpiration,
  type RotationChange,
} from '../core/schedule.ts';
import type { Labels, Project, Replication, Rotation, Secret, StoredEvent, Version } from '../core/secret.ts';
import { checkTopicNames, isTopicName, parseAliases } from '../core/secret-fields.ts';
import type { TagValueRef } from '../core/tag.ts';
import type { KvSettings } from '../core/vault/mounts.ts';
import { tagsNeed, tagsOfNewSecret } from './bound-tags.ts';
import { nativeFields, nativeSecret } from './native-ref.ts';
import { type Input, type Operation, operation, secretFacts, type Target } from './operation.ts';
import { censusNeed, type Guarded, guardFields, guardOf, guardReaders } from './reader-guard.ts';

export interface SecretRef {
  readonly project: ProjectRef;
  /** Absent: global. */
  readonly location?: Location;
  readonly key: SecretKey;
  /** The key is a name as Azure spells it; the secret that is meant may have another. */
  readonly spelled?: true;
  /** The name that it must have; absent: any that is spelled alike. */
  readonly name?: SecretName;
  /** As AWS's API names it, and sees it from a region. */
  readonly from?: SeenFrom;
}

/** A secret with the project it lives in, which dialects name it by. */
export interface SecretResult {
  readonly project: Project;
  readonly secret: Secret;
}

/** What a secret is made of; what is absent is empty or off. */
export interface CreateSecret {
  readonly project: ProjectRef;
  /** Absent: global. */
  readonly location?: Location;
  readonly name: SecretName;
  /** Absent: none was sent, which is right for a regional secret alone. Empty locations mean `automatic`. */
  readonly replication?: Replication;
  /** The customer-managed key of a regional secret. */
  readonly kmsKey?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly tags?: Labels;
  readonly versionAliases?: Readonly<Record<string, number>>;
  readonly expiration?: Expiration;
  readonly versionDestroyTtlSeconds?: number;
  /** Full names, `projects/P/topics/T`. */
  readonly topics?: readonly string[];
  /** Milliseconds since 1970. */
  readonly nextRotationAt?: number;
  readonly rotationPeriodSeconds?: number;
  /** What the decoder found wrong; thrown once the caller may know. */
  readonly invalid?: FaultData;
}

/** Absent: stays. Null, or an empty collection: cleared. Else replaced whole. All of it happens, or nothing. */
export interface UpdateSecret extends SecretRef, RotationChange {
  readonly etag?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly versionAliases?: Readonly<Record<string, number>>;
  readonly expiration?: Expiration | null;
  readonly versionDestroyTtlSeconds?: number | null;
  readonly topics?: readonly string[];
  readonly kv?: KvSettings;
  /** Keys alone can change: kind and locations must be those it has. */
  readonly replication?: Replication;
  /** The customer-managed key of a regional secret. */
  readonly kmsKey?: string | null;
  /** What the decoder found wrong; thrown after permission, existence and etag. */
  readonly invalid?: FaultData;
}

export interface DeleteSecret extends SecretRef, Guarded {
  readonly etag?: string;
  /** How long it can be restored; absent or 0: it is gone at once. */
  readonly recoverySeconds?: number;
}

/** The target of an operation on one secret, or on a version of it as it was asked for. */
export function secretTarget(
  { project, location = GLOBAL, key, name, spelled, from }: SecretRef,
  version?: string,
): Target {
  const asked = `projects/${project}/${locationPart(location)}secrets/${key}`;
  // Field by field: every request for a secret comes by.
  const found: { -readonly [K in keyof Target]: Target[K] } = { project, location, secret: key, asked };
  if (name !== undefined) found.name = name;
  if (spelled !== undefined) found.spelled = spelled;
  if (from !== undefined) found.from = from;
  if (version === undefined) return found;
  found.version = version;
  found.asked = `${asked}/versions/${version}`;
  return found;
}

/** A secret that was found, as a command names it. */
export function refOf({ project, secret: { location, name } }: SecretResult): SecretRef {
  return { project: parseProjectRef(project.id), location, key: secretKey(name) };
}

/** Where a need finds the secret. */
export function placeOf({ project, location = GLOBAL, key, spelled, from }: SecretRef): SecretPlace {
  const place: SecretPlace = { project, location, key };
  if (spelled === undefined && from === undefined) return place;
  return { ...place, ...(spelled === undefined ? {} : { spelled }), ...(from === undefined ? {} : { from }) };
}

/** Throws ETAG_MISMATCH where the caller named an etag that is not the current one. */
export function checkEtag(given: string | undefined, current: string): void {
  if (given !== undefined && given !== current) throw new Fault('ETAG_MISMATCH');
}

/** What an event of a secret is made of. */
export function eventOf(
  input: Pick<Input<unknown, Record<never, never>>, 'entropy' | 'now'>,
  project: Project,
  secret: Secret,
): EventOfSecret {
  return { uid: input.entropy.uid(), now: input.now, project, secret };
}

/** The full names to load: what is no name of a topic exists nowhere and is refused before it is missed. */
const topicsNeed = (topics: readonly string[] = []) =>
  ({ need: 'topicsNamed', names: topics.filter(isTopicName) }) as const;

/** The topics with their projects' ids; throws INVALID_FIELD or TOPIC_NOT_FOUND. */
function existingTopics(asked: readonly string[], found: readonly (string | undefined)[]): readonly string[] {
  checkTopicNames(asked);
  const topics = asked.map((topic, index) => {
    const name = found[index];
    if (name === undefined) throw new Fault('TOPIC_NOT_FOUND', { topic });
    return name;
  });
  checkTopicNames(topics);
  return topics;
}

/** A test message to each topic that was set, as the real service sends one. */
function topicEvents(about: () => EventOfSecret, topics: readonly string[]): readonly StoredEvent[] {
  return topics.length === 0 ? [] : [topicEvent(about(), topics)];
}

/** A secret of that name with nothing in it, and nothing set. */
export function blankSecret(
  project: Project,
  name: SecretName,
  made: Pick<Secret, 'uid' | 'createdAt' | 'etag'> & { readonly location?: Location },
): Secret {
  return {
    projectUid: project.uid,
    location: GLOBAL,
    name,
    labels: {},
    annotations: {},
    tags: {},
    replication: { locations: [] },
    versionAliases: {},
    topics: [],
    policy: EMPTY_POLICY,
    lastVersion: 0,
    currentVersion: 0,
    previousVersion: 0,
    ...made,
  };
}

type CreateNeeds = {
  readonly existing: { readonly need: 'secret' } & SecretPlace;
  readonly topics: { readonly need: 'topicsNamed'; readonly names: readonly string[] };
  readonly tags: { readonly need: 'tagValuesNamed'; readonly tags: readonly TagValueRef[] };
};

function newSecret(input: Input<CreateSecret, CreateNeeds>, project: Project, tags: Labels): Secret {
  const { command, now, entropy } = input;
  const { location = GLOBAL, name, labels = {}, annotations = {}, versionAliases = {} } = command;
  const { expiration, versionDestroyTtlSeconds: destroyTtl } = command;
  const topics = existingTopics(command.topics ?? [], input.rows.topics);
  const rotation = changeRotation(undefined, command, topics, now);
  return {
    ...blankSecret(project, name, { uid: entropy.uid(), location, createdAt: now, etag: entropy.etag() }),
    replication: parseReplication(location, command.replication, command.kmsKey),
    labels: parseLabels(labels),
    annotations: parseAnnotations(annotations),
    versionAliases: parseAliases(versionAliases, 0),
    tags,
    ...(expiration === undefined ? {} : { expiresAt: parseExpiration(expiration, now) }),
    ...(destroyTtl === undefined ? {} : { versionDestroyTtlSeconds: parseDestroyTtl(destroyTtl) }),
    topics,
    ...(rotation === undefined ? {} : { rotation }),
  };
}

/** What makes room for a new secret of that name; throws SECRET_EXISTS, or SECRET_DELETED while the old can come back. */
export function clearName(
  { now }: { readonly now: number },
  facts: ReturnType<typeof secretFacts>,
  existing: Secret | undefined,
): readonly Change[] {
  if (existing === undefined) return [];
  if (existing.purgeAt === undefined) throw new Fault('SECRET_EXISTS', facts);
  if (existing.purgeAt > now) {
    throw new Fault('SECRET_DELETED', { ...facts, purgeTime: new Date(existing.purgeAt).toISOString() });
  }
  // Its time is over, and the sweep has not come by yet.
  return [{ change: 'secret.delete', uid: existing.uid }];
}

function createTarget({ project, location, name }: CreateSecret): Target {
  return {
    project,
    creates: `${locationPart(location)}secrets/${name}`,
    asked: `projects/${project}${locationPart(location) === '' ? '' : `/locations/${location}`}`,
  };
}

export const createSecret: Operation<CreateSecret, SecretResult> = operation({
  name: 'secrets.create',
  help: 'make a secret without any version',
  kind: 'write',
  permission: 'secretmanager.secrets.create',
  target: createTarget,
  needs: ({ project, location = GLOBAL, name, topics, tags }): CreateNeeds => ({
    existing: { need: 'secret', project, location, key: secretKey(name), deleted: true },
    topics: topicsNeed(topics),
    tags: tagsNeed(tags),
  }),
  decide: (input) => {
    const { name, location, invalid } = input.command;
    const project = input.project(input.command.project);
    const { existing } = input.rows;
    const cleared = clearName(input, secretFacts(project, name, location), existing);
    if (invalid !== undefined) throw new Fault(invalid.code, invalid.facts);
    const { tags: asked = {} } = input.command;
    const { tags, bound } = tagsOfNewSecret(input, createTarget(input.command), asked, input.rows.tags);
    const secret = newSecret(input, project, tags);
    const about = () => eventOf(input, project, secret);
    return {
      result: { project, secret },
      changes: [
        ...cleared,
        { change: 'secret.insert', secret },
        ...bound.map(
          ({ value }) => ({ change: 'tagBinding.insert', secretUid: secret.uid, valueId: value.id }) as const,
        ),
      ],
      events: [...topicEvents(about, secret.topics), secretEvent('SECRET_CREATE', about())],
    };
  },
});

export const getSecret: Operation<SecretRef, SecretResult> = operation({
  name: 'secrets.get',
  help: 'show what a secret is, without its values',
  kind: 'read',
  permission: 'secretmanager.secrets.get',
  target: (command) => secretTarget(command),
  decide: (input) => ({
    result: { secret: input.secret(input.command), project: input.project(input.command.project) },
  }),
});

/** The fields that the commands leave as they are, with those that it sets. */
function updated(before: Secret, command: UpdateSecret, topics: readonly string[], now: number): Secret {
  const { labels, annotations, versionAliases, replication, kmsKey, kv } = command;
  const { expiresAt, versionDestroyTtlSeconds, rotation: _before, ...rest } = before;
  const expiry = command.expiration === undefined ? expiresAt : expiryOf(command.expiration, now);
  const ttl = command.versionDestroyTtlSeconds;
  const destroyTtl = ttl === undefined ? versionDestroyTtlSeconds : ttl === null ? undefined : parseDestroyTtl(ttl);
  const rotation: Rotation | undefined = changeRotation(before.rotation, command, topics, now);
  return {
    ...rest,
    ...(labels === undefined ? {} : { labels: parseLabels(labels) }),
    ...(annotations === undefined ? {} : { annotations: parseAnnotations(annotations, before.annotations) }),
    ...(versionAliases === undefined ? {} : { versionAliases: parseAliases(versionAliases, before.lastVersion) }),
    ...(replication === undefined ? {} : { replication: changeKeys(before.replication, before.location, replication) }),
    ...(kmsKey === undefined ? {} : { replication: changeKey(before.location, kmsKey ?? undefined) }),
    ...(kv === undefined ? {} : { kv }),
    ...(expiry === undefined ? {} : { expiresAt: expiry }),
    ...(destroyTtl === undefined ? {} : { versionDestroyTtlSeconds: destroyTtl }),
    topics,
    ...(rotation === undefined ? {} : { rotation }),
  };
}

function expiryOf(expiration: Expiration | null, now: number): number | undefined {
  return expiration === null ? undefined : parseExpiration(expiration, now);
}

export const updateSecret: Operation<UpdateSecret, SecretResult> = operation({
  name: 'secrets.update',
  help: 'replace or clear settings of a secret',
  kind: 'write',
  permission: 'secretmanager.secrets.update',
  target: (command) => secretTarget(command),
  needs: ({ topics }) => ({ topics: topicsNeed(topics) }) as const,
  decide: (input) => {
    const { etag, invalid, topics: asked } = input.command;
    const before = input.secret(input.command);
    const project = input.project(input.command.project);
    checkEtag(etag, before.etag);
    if (invalid !== undefined) throw new Fault(invalid.code, invalid.facts);
    const set = asked === undefined ? [] : existingTopics(asked, input.rows.topics);
    const topics = asked === undefined ? before.topics : set;
    const secret: Secret = { ...updated(before, input.command, topics, input.now), etag: input.entropy.etag() };
    const about = () => eventOf(input, project, secret);
    return {
      result: { project, secret },
      changes: [{ change: 'secret.update', secret }],
      events: [...topicEvents(about, set), secretEvent('SECRET_UPDATE', about())],
    };
  },
});

/** A secret as it is now deleted, or was when it went, and its current version where it has one. */
export interface DeletedSecret extends SecretResult {
  readonly version?: Version;
}

export const deleteSecret: Operation<DeleteSecret, DeletedSecret> = operation({
  name: 'secrets.delete',
  help: 'delete a secret and every version of it, at once and for good unless it is to stay recoverable for a while',
  kind: 'write',
  permission: 'secretmanager.secrets.delete',
  census: true,
  api: {
    method: 'POST',
    path: '/secrets:delete',
    fields: {
      ...nativeFields,
      etag: { type: 'string', help: 'act only if this is the current etag', max: 64 },
      ...guardFields,
    },
    command: ({ etag, force, ...ref }) => ({
      ...nativeSecret(ref),
      ...(etag === undefined ? {} : { etag }),
      ...guardOf(force),
    }),
  },
  target: (command) => secretTarget(command),
  needs: (command) =>
    ({ readers: censusNeed(command), version: { need: 'version', ...placeOf(command), number: 0 } }) as const,
  decide: (input) => {
    const { etag, recoverySeconds = 0 } = input.command;
    const secret = input.secret(input.command);
    const project = input.project(input.command.project);
    checkEtag(etag, secret.etag);
    if (!(recoverySeconds >= 0 && recoverySeconds <= RECOVERY_SECONDS_MAX)) {
      throw new Fault('RECOVERY_OUT_OF_RANGE', { limitSeconds: RECOVERY_SECONDS_MAX });
    }
    const replicas = input.command.from === undefined ? [] : (secret.aws?.replicas ?? []);
    if (replicas.length > 0) {
      const regions = replicas.map(({ region }) => region).join(', ');
      throw new Fault('REPLICAS_LEFT', {
        ...secretFacts(project, secret.name),
        suffix: arnSuffix(secret.uid),
        regions,
      });
    }
    const guarded = guardReaders(input, { project, secret, sightings: input.rows.readers });
    const purgeAt = input.now + Math.ceil(recoverySeconds * 1000);
    const deleted: Secret = { ...secret, purgeAt, deletedAt: input.now, etag: input.entropy.etag() };
    const { version } = input.rows;
    return {
      result: { project, secret: deleted, ...(version === undefined ? {} : { version }) },
      changes:
        recoverySeconds === 0
          ? [{ change: 'secret.delete', uid: secret.uid }]
          : [{ change: 'secret.update', secret: deleted }],
      events: [secretEvent('SECRET_DELETE', { ...eventOf(input, project, secret), deleteType: 'REQUESTED' })],
      details: { versions: secret.lastVersion, ...(recoverySeconds === 0 ? {} : { recoverySeconds }), ...guarded },
    };
  },
});
