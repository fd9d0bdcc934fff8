// google.pubsub.v1: the topics that secrets announce their events to, and who subscribes to them. Messages are neither
// published nor pulled here. What is not kept is refused by name where it is set: never ignored in silence.
// Source: google/pubsub/v1/pubsub.proto; texts as recorded from the real service.

import { create, type DescMessage, isFieldSet, type Message } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  ExpirationPolicySchema,
  ListSubscriptionsResponseSchema,
  ListTopicSubscriptionsResponseSchema,
  ListTopicsResponseSchema,
  Publisher,
  Subscriber,
  Subscription_State,
  type Subscription as SubscriptionMessage,
  SubscriptionSchema,
  type Topic as TopicMessage,
  TopicSchema,
} from '../../../gen/google/pubsub/v1/pubsub_pb.js';
import { Fault } from '../../core/error.ts';
import { EVENT_RETENTION_SECONDS } from '../../core/limits.ts';
import { type ProjectRef, parseProjectRef } from '../../core/name.ts';
import type { Project, Subscription } from '../../core/secret.ts';
import { parseTopicId, type TopicRef } from '../../core/topic.ts';
import { then } from '../../ops/maybe.ts';
import {
  type CreateSubscription,
  createSubscription,
  deleteSubscription,
  getSubscription,
  listSubscriptions,
  type SubscriptionResult,
} from '../../ops/subscriptions.ts';
import {
  type CreateTopic,
  createTopic,
  deleteTopic,
  getTopic,
  listTopicSubscriptions,
  listTopics,
  type TopicResult,
  topicName,
} from '../../ops/topics.ts';
import { missing, serviceMethods } from './call.ts';
import { invalidField, shownResource, unsupported } from './invalid.ts';

/** Pub/Sub's own defaults: nothing else can be asked for while nothing is delivered. */
const ACK_DEADLINE_SECONDS = 10;

/** `projects/P/KIND/ID`. Throws INVALID_FIELD as Pub/Sub says it. */
function parseName(name: string, kind: 'topics' | 'subscriptions', field: string): TopicRef {
  const [root, project = '', given, id = '', ...more] = name.split('/');
  try {
    if (root === 'projects' && given === kind && more.length === 0) {
      return { project: parseProjectRef(project), id: parseTopicId(id, field) };
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  throw badName(name, field, `projects/*/${kind}/*`);
}

function parseProject(name: string): ProjectRef {
  const [root, project = '', ...more] = name.split('/');
  try {
    if (root === 'projects' && more.length === 0) return parseProjectRef(project);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  throw badName(name, 'project', 'projects/*');
}

function badName(name: string, field: string, format: string): Fault {
  const said =
    `Invalid resource name given (${field}=${shownResource(name)}). ` +
    'Refer to https://cloud.google.com/pubsub/docs/admin#resource_names for more information.';
  return invalidField(field, `must be ${format} with a legal id`, said);
}

/** Throws UNIMPLEMENTED for the first field that is set and is not among these. */
function refuseOthers(schema: DescMessage, message: Message, known: ReadonlySet<string>): void {
  const other = schema.fields.find((field) => !known.has(field.name) && isFieldSet(message, field));
  if (other !== undefined) throw unsupported(`Field [${other.name}]`);
}

/** What is kept, and what Google ignores because it is for output only. */
const TOPIC_FIELDS = new Set(['name', 'labels', 'state', 'satisfies_pzs']);

function decodeTopic(message: TopicMessage): CreateTopic {
  const ref = parseName(message.name, 'topics', 'name');
  refuseOthers(TopicSchema, message, TOPIC_FIELDS);
  return { ...ref, labels: message.labels };
}

const SUBSCRIPTION_FIELDS = new Set(['name', 'topic', 'labels', 'state', 'topic_message_retention_duration']);

function decodeSubscription(message: SubscriptionMessage): CreateSubscription {
  const ref = parseName(message.name, 'subscriptions', 'name');
  const topic = parseName(message.topic, 'topics', 'topic');
  const { ackDeadlineSeconds, messageRetentionDuration: kept, expirationPolicy, pushConfig } = message;
  const known = new Set(SUBSCRIPTION_FIELDS);
  if (ackDeadlineSeconds === ACK_DEADLINE_SECONDS) known.add('ack_deadline_seconds');
  if (kept?.seconds === BigInt(EVENT_RETENTION_SECONDS) && kept.nanos === 0) known.add('message_retention_duration');
  if (expirationPolicy?.ttl === undefined) known.add('expiration_policy');
  const { pushEndpoint = '', attributes = {}, authenticationMethod, wrapper } = pushConfig ?? {};
  const pushed = Object.keys(attributes).length > 0 || authenticationMethod?.case || wrapper?.case;
  if (pushEndpoint === '' && !pushed) known.add('push_config');
  refuseOthers(SubscriptionSchema, message, known);
  return { ...ref, topic, labels: message.labels };
}

function decodePage({ pageSize, pageToken }: { pageSize: number; pageToken: string }) {
  return { pageSize, pageToken };
}

function encodeTopic({ project, topic }: TopicResult): TopicMessage {
  return create(TopicSchema, { name: topicName(project, topic.id), labels: { ...topic.labels } });
}

function subscriptionName(project: Project, { id }: Subscription): string {
  return `projects/${project.id}/subscriptions/${id}`;
}

/** A subscription here does not expire, which an empty policy says. */
function encodeSubscription({ project, subscription }: SubscriptionResult): SubscriptionMessage {
  return create(SubscriptionSchema, {
    name: subscriptionName(project, subscription),
    topic: subscription.topic,
    pushConfig: {},
    ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
    messageRetentionDuration: { seconds: BigInt(EVENT_RETENTION_SECONDS) },
    labels: { ...subscription.labels },
    expirationPolicy: create(ExpirationPolicySchema),
    state: Subscription_State.ACTIVE,
  });
}

const snapshots = missing('Snapshots of subscriptions');
const messages = missing('Publishing and pulling messages');

export const publisherMethods = serviceMethods(Publisher, {
  createTopic: (request, call) => then(call.run(createTopic, decodeTopic(request)), encodeTopic),
  getTopic: ({ topic }, call) => then(call.run(getTopic, parseName(topic, 'topics', 'topic')), encodeTopic),
  listTopics: (request, call) =>
    then(
      call.run(listTopics, { project: parseProject(request.project), ...decodePage(request) }),
      ({ project, topics, nextPageToken }) =>
        create(ListTopicsResponseSchema, {
          topics: topics.map((topic) => encodeTopic({ project, topic })),
          nextPageToken,
        }),
    ),
  listTopicSubscriptions: (request, call) =>
    then(
      call.run(listTopicSubscriptions, { ...parseName(request.topic, 'topics', 'topic'), ...decodePage(request) }),
      ({ project, subscriptions, nextPageToken }) =>
        create(ListTopicSubscriptionsResponseSchema, {
          subscriptions: subscriptions.map((each) => subscriptionName(project, each)),
          nextPageToken,
        }),
    ),
  deleteTopic: ({ topic }, call) =>
    then(call.run(deleteTopic, parseName(topic, 'topics', 'topic')), () => create(EmptySchema)),
  updateTopic: missing('UpdateTopic'),
  publish: messages,
  listTopicSnapshots: snapshots,
  detachSubscription: missing('DetachSubscription'),
});

export const subscriberMethods = serviceMethods(Subscriber, {
  createSubscription: (request, call) =>
    then(call.run(createSubscription, decodeSubscription(request)), encodeSubscription),
  getSubscription: ({ subscription }, call) =>
    then(call.run(getSubscription, parseName(subscription, 'subscriptions', 'subscription')), encodeSubscription),
  listSubscriptions: (request, call) =>
    then(
      call.run(listSubscriptions, { project: parseProject(request.project), ...decodePage(request) }),
      ({ project, subscriptions, nextPageToken }) =>
        create(ListSubscriptionsResponseSchema, {
          subscriptions: subscriptions.map((subscription) => encodeSubscription({ project, subscription })),
          nextPageToken,
        }),
    ),
  deleteSubscription: ({ subscription }, call) =>
    then(call.run(deleteSubscription, parseName(subscription, 'subscriptions', 'subscription')), () =>
      create(EmptySchema),
    ),
  updateSubscription: missing('UpdateSubscription'),
  modifyAckDeadline: messages,
  acknowledge: messages,
  pull: messages,
  streamingPull: messages,
  modifyPushConfig: missing('Pushing messages'),
  getSnapshot: snapshots,
  listSnapshots: snapshots,
  createSnapshot: snapshots,
  updateSnapshot: snapshots,
  deleteSnapshot: snapshots,
  seek: missing('Seek'),
});
