// Rows of topics, subscriptions and events to domain values. The order of columns is that of `sql/`.

import { versionAttributes } from '../core/events.ts';
import type { EventInList } from '../core/notice-rows.ts';
import type { Labels, NewEvent, Subscription, Topic } from '../core/secret.ts';
import { damaged, integer, json, text, type Writable } from './cells.ts';
import { attributesColumn, labelsColumn, topicsColumn } from './columns.ts';
import type { Row } from './statement.ts';

export function topicOf(row: Row): Topic {
  return {
    projectUid: text('topics', row, 0),
    id: text('topics', row, 1),
    createdAt: integer('topics', row, 2),
    labels: json(labelsColumn, 'topics', row, 3),
  };
}

export function subscriptionOf(row: Row): Subscription {
  return {
    projectUid: text('subscriptions', row, 0),
    id: text('subscriptions', row, 1),
    topic: text('subscriptions', row, 2),
    createdAt: integer('subscriptions', row, 3),
    labels: json(labelsColumn, 'subscriptions', row, 4),
  };
}

/** The full name of a topic that was asked for by name. */
export function topicNameOf(row: Row): string {
  return `projects/${text('projects', row, 1)}/topics/${text('topics', row, 2)}`;
}

export function eventInListOf(row: Row): EventInList {
  const event: Writable<NewEvent> = {
    id: text('events', row, 0),
    time: integer('events', row, 1),
    projectUid: text('events', row, 2),
    type: text('events', row, 3),
    resource: text('events', row, 4),
    topics: json(topicsColumn, 'events', row, 6),
    data: text('events', row, 8),
  };
  if (row[5] !== null) event.version = integer('events', row, 5);
  return { event: { ...event, attributes: attributesOf(event, row) }, cursor: integer('events', row, 9) };
}

function attributesOf(event: NewEvent, row: Row): Labels {
  if (text('events', row, 7) !== '') return json(attributesColumn, 'events', row, 7);
  let found: Labels | undefined;
  try {
    found = versionAttributes(event);
  } catch (error) {
    throw damaged('events', row, 'has data that is not JSON', error);
  }
  if (found === undefined) throw damaged('events', row, 'has data that no attributes follow from');
  return found;
}
