// Topics, subscriptions and events as the statements that keep them. The order of values is that of `sql/`.

import type { NewEvent, Subscription, Topic } from '../core/secret.ts';
import { attributesColumn, labelsColumn, topicsColumn } from './columns.ts';
import { EVENT_INSERT, EVENTS_DELETE_BEFORE } from './sql/events.ts';
import { SUBSCRIPTION_INSERT, TOPIC_INSERT } from './sql/topics.ts';
import { any, one, type Write } from './write.ts';

/** Events that one change looks at, so that it never holds up the requests for long; the next one goes on. */
const DELETED_MAX = 50_000;

export function insertTopic({ projectUid, id, createdAt, labels }: Topic): Write {
  return one(TOPIC_INSERT, [projectUid, id, createdAt, labelsColumn.encode(labels)]);
}

export function insertSubscription({ projectUid, id, topic, createdAt, labels }: Subscription): Write {
  return one(SUBSCRIPTION_INSERT, [projectUid, id, topic, createdAt, labelsColumn.encode(labels)]);
}

/** Attributes that follow from the rest are an empty text, which costs each change less than they would. */
export function insertEvent(event: NewEvent): Write {
  return one(EVENT_INSERT, [
    event.id,
    event.time,
    event.projectUid,
    event.type,
    event.resource,
    event.version ?? null,
    topicsColumn.encode(event.topics),
    event.attributes === undefined ? '' : attributesColumn.encode(event.attributes),
    event.data,
  ]);
}

export function deleteEventsBefore(time: number): Write {
  return any(EVENTS_DELETE_BEFORE, [DELETED_MAX, time]);
}
