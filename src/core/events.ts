// What happens to a secret, as events: the vocabulary and how each is made. An event is decided with the change that it
// tells of and is stored in that change's transaction. Attributes are those of Google's notifications; `data` is the
// core's own plain data, so that every publisher spells it in the words of its cloud. It never holds a payload.
// Source: https://cloud.google.com/secret-manager/docs/event-notifications.

import { type SecretName, secretKey } from './name.ts';
import type { Rotation } from './rotation/machine.ts';
import type { Labels, NewEvent, Project, Secret, StoredEvent, Uid, Version } from './secret.ts';

interface EventKind {
  readonly help: string;
  /** Whether it is about one version. */
  readonly version: boolean;
  /** Whether it shows what the resource looks like. */
  readonly data: boolean;
}

export const EVENT_TYPES = {
  SECRET_CREATE: { help: 'a secret was made', version: false, data: true },
  SECRET_UPDATE: { help: 'a setting of a secret was changed', version: false, data: true },
  SECRET_DELETE: { help: 'a secret was deleted, by a request or by its expiry', version: false, data: true },
  SECRET_VERSION_ADD: { help: 'a version was added', version: true, data: true },
  SECRET_VERSION_ENABLE: { help: 'a version was enabled', version: true, data: true },
  SECRET_VERSION_DISABLE: { help: 'a version was disabled', version: true, data: true },
  SECRET_VERSION_DESTROY: { help: 'a version was destroyed for good', version: true, data: true },
  SECRET_VERSION_DESTROY_SCHEDULED: {
    help: 'a version was disabled and is to be destroyed later',
    version: true,
    data: true,
  },
  SECRET_ROTATE: { help: 'it is time for a new version of a secret', version: false, data: true },
  SECRET_ROTATION: {
    help: 'the rotation of a secret went a step further, ended or failed',
    version: false,
    data: false,
  },
  PROJECT_DELETE: { help: 'a project was deleted, with all that was in it', version: false, data: false },
  TOPIC_CONFIGURED: { help: 'a topic was set on a secret, which tests it', version: false, data: false },
} as const satisfies Record<string, EventKind>;

export type EventType = keyof typeof EVENT_TYPES;

type VersionEventType = { [T in EventType]: (typeof EVENT_TYPES)[T]['version'] extends true ? T : never }[EventType];
type SecretEventType = Exclude<EventType, VersionEventType | 'PROJECT_DELETE' | 'TOPIC_CONFIGURED' | 'SECRET_ROTATION'>;

export interface EventOfSecret {
  /** A new uid: the event's own. */
  readonly uid: Uid;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly project: Project;
  /** As the change leaves it; of a deletion, as it was. */
  readonly secret: Secret;
}

/** Why a secret was deleted, as Google's `deleteType`. */
export type DeleteType = 'REQUESTED' | 'EXPIRATION';

/** An event of a secret, for every topic that it names. Of a SECRET_DELETE, `deleteType` says why. */
export function secretEvent(
  type: SecretEventType,
  about: EventOfSecret & { readonly deleteType?: DeleteType },
): StoredEvent {
  const { deleteType } = about;
  return {
    ...base(type, about),
    topics: about.secret.topics,
    attributes: { ...attributes(type, about), ...(deleteType === undefined ? {} : { deleteType }) },
    data: JSON.stringify(snapshot(about)),
  };
}

/** An event of one version, for every topic that its secret names. Its attributes follow from the rest. */
export function versionEvent(type: VersionEventType, about: EventOfSecret & { readonly version: Version }): NewEvent {
  const { version } = about;
  return {
    ...base(type, about),
    version: version.number,
    topics: about.secret.topics,
    data: JSON.stringify({ ...snapshot(about), version: versionSnapshot(version) }),
  };
}

/** The attributes of an event that was decided without any; undefined where its data is not that of a version. */
export function versionAttributes({ type, time, version, data }: NewEvent): Labels | undefined {
  const told = JSON.parse(data) as Partial<Told>;
  const { project, secret } = told;
  if (typeof project?.number !== 'string' || typeof secret?.name !== 'string' || typeof secret.location !== 'string')
    return undefined;
  const about = { now: time, project, secret };
  return { ...attributes(type, about), versionId: `${secretId(about)}/versions/${version}` };
}

/** What attributes say of a resource. */
interface Told {
  readonly project: Pick<Project, 'number'>;
  readonly secret: Pick<Secret, 'location'> & { readonly name: SecretName };
}

/** What goes to topics (full names) when a secret begins to name them: the type alone, and no data. */
export function topicEvent(about: EventOfSecret, topics: readonly string[]): StoredEvent {
  return { ...base('TOPIC_CONFIGURED', about), topics, attributes: { eventType: 'TOPIC_CONFIGURED' }, data: '' };
}

/** One for all that was in it. Google has no such event, so no topic of Google's hears of it. */
export function projectDeleted({ uid, now, project }: Omit<EventOfSecret, 'secret'>): StoredEvent {
  const [type, resource] = ['PROJECT_DELETE', `projects/${project.id}`];
  const attributes = { eventType: type, project: `projects/${project.number}`, timestamp: pacificTime(now) };
  return { id: uid, time: now, projectUid: project.uid, type, resource, topics: [], attributes, data: '' };
}

/** How far a rotation is. Google has no such event, so no topic of Google's hears of it. */
export function rotationEvent(
  about: EventOfSecret,
  { state, details: { version, attempts, problem } }: Pick<Rotation, 'state' | 'details'>,
): StoredEvent {
  const told: Labels = {
    ...attributes('SECRET_ROTATION', about),
    ...{ state, attempts: String(attempts) },
    ...(version === undefined ? {} : { rotationVersion: version }),
    ...(problem === undefined ? {} : { problem }),
  };
  return { ...base('SECRET_ROTATION', about), topics: [], attributes: told, data: '' };
}

function base(type: EventType, { uid, now, project, secret }: EventOfSecret) {
  const resource = `projects/${project.id}/${below(secret, secret.name)}`;
  return { id: uid, time: now, projectUid: project.uid, type, resource };
}

function attributes(type: string, about: Told & Pick<EventOfSecret, 'now'>): Labels {
  return {
    eventType: type,
    dataFormat: 'JSON_API_V1',
    secretId: secretId(about),
    timestamp: pacificTime(about.now),
  };
}

/** The full name in the spelling that all dialects share, with the project's number. */
function secretId({ project, secret }: Told): string {
  return `projects/${project.number}/${below(secret, secretKey(secret.name))}`;
}

function below({ location }: Pick<Secret, 'location'>, spelled: string): string {
  return `${location === '' ? '' : `locations/${location}/`}secrets/${spelled}`;
}

/** Field by field, so that a field to come stays out until somebody lets it in. */
function snapshot({ project, secret }: EventOfSecret): object {
  const { location, name, createdAt, labels, annotations, replication, versionAliases, expiresAt } = secret;
  const { versionDestroyTtlSeconds, topics, rotation, etag } = secret;
  return {
    project: { id: project.id, number: project.number },
    secret: {
      location,
      name,
      createdAt,
      labels,
      annotations,
      replication,
      versionAliases,
      expiresAt,
      versionDestroyTtlSeconds,
      topics,
      rotation,
      etag,
    },
  };
}

function versionSnapshot({
  number,
  state,
  createdAt,
  destroyedAt,
  scheduledDestroyAt,
  etag,
  clientChecksum,
}: Version): object {
  return { number, state, createdAt, destroyedAt, scheduledDestroyAt, etag, clientChecksum };
}

const PACIFIC = new Intl.DateTimeFormat('en-US', { timeZone: 'America/Los_Angeles', timeZoneName: 'longOffset' });

/** An offset changes on a quarter of an hour at the most, and asking for one costs more than the rest of an event. */
const SAME_OFFSET_MS = 15 * 60_000;
let lastOffset = { quarter: Number.NaN, offset: '' };

/** A moment as RFC 3339 in Pacific time with its offset of that day, which is how Google's notifications tell it. */
export function pacificTime(time: number): string {
  const quarter = Math.floor(time / SAME_OFFSET_MS);
  if (quarter !== lastOffset.quarter) lastOffset = { quarter, offset: pacificOffset(time) };
  const { offset } = lastOffset;
  const offsetMs = (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4))) * 60_000;
  const local = new Date(offset.startsWith('-') ? time - offsetMs : time + offsetMs).toISOString().slice(0, -1);
  return `${local}000${offset}`;
}

/** Of Pacific time at that moment, like `-08:00`. */
function pacificOffset(time: number): string {
  const zone = PACIFIC.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return /^GMT([+-]\d{2}:\d{2})$/.exec(zone)?.[1] ?? '+00:00';
}
