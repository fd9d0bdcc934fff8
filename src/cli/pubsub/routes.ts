// The grammar of `coffer pubsub` (gcloud's command tree): what events of secrets are announced to.

import { buildCommand, type RouteMap } from '@stricli/core';
import type { Context } from '../context.ts';
import { argument, count, group, help, many, positional, required, text } from '../define.ts';
import { listFlags } from '../flags.ts';

const topic = argument('the topic: its id or full name', 'TOPIC');
const subscription = argument('the subscription: its id or full name', 'SUBSCRIPTION');
const topicList = { kind: 'array', parameter: topic, minimum: 1 } as const;
const subscriptionList = { kind: 'array', parameter: subscription, minimum: 1 } as const;
const labels = many('labels', 'KEY=VALUE,…');

const topics = group('Manage topics', {
  create: buildCommand({
    loader: async () => (await import('./topics.ts')).createTopics,
    parameters: { positional: topicList, flags: { labels } },
    docs: help('Create topics', 'coffer pubsub topics create rotations'),
  }),
  list: buildCommand({
    loader: async () => (await import('./topics.ts')).listTopics,
    parameters: { flags: listFlags },
    docs: help('List the topics of a project', 'coffer pubsub topics list'),
  }),
  describe: buildCommand({
    loader: async () => (await import('./topics.ts')).describeTopic,
    parameters: { positional: positional(topic), flags: {} },
    docs: help('Show a topic', 'coffer pubsub topics describe rotations'),
  }),
  delete: buildCommand({
    loader: async () => (await import('./topics.ts')).deleteTopics,
    parameters: { positional: topicList, flags: {} },
    docs: help('Delete topics', 'coffer pubsub topics delete rotations'),
  }),
  listSubscriptions: buildCommand({
    loader: async () => (await import('./topics.ts')).listTopicSubscriptions,
    parameters: { positional: positional(topic), flags: listFlags },
    docs: help('List the subscriptions of a topic', 'coffer pubsub topics list-subscriptions rotations'),
  }),
});

const subscriptions = group('Manage subscriptions', {
  create: buildCommand({
    loader: async () => (await import('./subscriptions.ts')).createSubscriptions,
    parameters: {
      positional: subscriptionList,
      flags: {
        topic: required('the topic: its id or full name', 'TOPIC'),
        topicProject: text('the project of the topic; that of the subscription unless given', 'PROJECT'),
        ackDeadline: count('seconds to acknowledge a message in'),
        pushEndpoint: text('where to push messages to', 'URL'),
        labels,
      },
    },
    docs: help('Create subscriptions to a topic', 'coffer pubsub subscriptions create rotator --topic=rotations'),
  }),
  list: buildCommand({
    loader: async () => (await import('./subscriptions.ts')).listSubscriptions,
    parameters: { flags: listFlags },
    docs: help('List the subscriptions of a project', 'coffer pubsub subscriptions list'),
  }),
  describe: buildCommand({
    loader: async () => (await import('./subscriptions.ts')).describeSubscription,
    parameters: { positional: positional(subscription), flags: {} },
    docs: help('Show a subscription', 'coffer pubsub subscriptions describe rotator'),
  }),
  delete: buildCommand({
    loader: async () => (await import('./subscriptions.ts')).deleteSubscriptions,
    parameters: { positional: subscriptionList, flags: {} },
    docs: help('Delete subscriptions', 'coffer pubsub subscriptions delete rotator'),
  }),
});

export const pubsub: RouteMap<Context> = group('Manage topics and subscriptions', { topics, subscriptions });
