// The needs of topics, subscriptions and events, as statements.

import assert from 'node:assert/strict';
import type { Need } from '../core/ports.ts';
import { checkedLimit, one, type Read, rowsOf } from './read.ts';
import { eventInListOf, subscriptionOf, topicNameOf, topicOf } from './rows-events.ts';
import { EVENTS_AFTER } from './sql/events.ts';
import { forReference } from './sql/reference.ts';
import { SUBSCRIPTION_SELECT, SUBSCRIPTIONS_LIST, TOPIC_SELECT, TOPICS_LIST, topicsNamed } from './sql/topics.ts';
import type { Rows } from './statement.ts';

type EventNeed = Extract<
  Need,
  { need: 'topic' | 'subscription' | 'topics' | 'subscriptions' | 'topicsNamed' | 'events' }
>;

/** Names that one need may hold; Google allows ten topics a secret. */
const NAMES_MAX = 100;
const TOPIC_NAME = /^projects\/([^/]+)\/topics\/([^/]+)$/;

export function readEvents(need: EventNeed): Read {
  switch (need.need) {
    case 'topic':
      return one(forReference(TOPIC_SELECT, need.project), [need.project, need.id], topicOf);
    case 'subscription':
      return one(forReference(SUBSCRIPTION_SELECT, need.project), [need.project, need.id], subscriptionOf);
    case 'topics':
      return rowsOf(forReference(TOPICS_LIST, need.project), [need.project, need.after, checkedLimit(need)], topicOf);
    case 'subscriptions':
      return rowsOf(
        forReference(SUBSCRIPTIONS_LIST, need.project),
        [need.project, need.after, checkedLimit(need)],
        subscriptionOf,
      );
    case 'topicsNamed':
      return readNames(need.names);
    case 'events':
      return rowsOf(EVENTS_AFTER, [need.after, checkedLimit(need)], eventInListOf);
  }
}

/** A text that is no topic's name, like the one that stands for no names at all, finds nothing. */
function readNames(names: readonly string[]): Read {
  assert(names.length <= NAMES_MAX, `at most ${NAMES_MAX} names`);
  const wanted = names.length === 0 ? [''] : names;
  const values = wanted.flatMap((name) => {
    const [, project = '', topic = ''] = TOPIC_NAME.exec(name) ?? [];
    return [project, project, topic];
  });
  const decode = (rows: Rows) => {
    const found: (string | undefined)[] = names.map(() => undefined);
    for (const row of rows) found[Number(row[0])] = topicNameOf(row);
    return found;
  };
  return { sql: topicsNamed(wanted.length), values, decode };
}
