// The names of topics and subscriptions. Source: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names.

import { Fault } from './error.ts';
import type { ProjectRef } from './name.ts';

/** What stands in a subscription where its topic was: google/pubsub/v1/pubsub.proto, `Subscription.topic`. */
export const DELETED_TOPIC = '_deleted-topic_';

export interface TopicRef {
  readonly project: ProjectRef;
  readonly id: string;
}

const ID = /^(?!goog)[A-Za-z][A-Za-z0-9_.~+%-]{2,254}$/;

/** The last part of a topic's or subscription's name; throws INVALID_FIELD. */
export function parseTopicId(text: string, field: string): string {
  if (!ID.test(text)) {
    const problem = '3 to 255 letters, digits and the characters - _ . ~ + %, starting with a letter and not with goog';
    throw new Fault('INVALID_FIELD', { field, problem });
  }
  return text;
}
