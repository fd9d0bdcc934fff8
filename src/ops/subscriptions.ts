// Subscriptions: who wants a topic's events. They are kept and shown; nothing is delivered to them yet. A subscription
// lives in the project of its topic.

import { Fault } from '../core/error.ts';
import { authorise } from '../core/iam/policy.ts';
import { parseLabels } from '../core/labels.ts';
import { SUBSCRIPTIONS_PER_PROJECT_MAX } from '../core/limits.ts';
import type { ProjectRef } from '../core/name.ts';
import type { Change } from '../core/ports.ts';
import type { Labels, Project, Subscription } from '../core/secret.ts';
import { parseTopicId, type TopicRef } from '../core/topic.ts';
import { contextOf } from './conditions.ts';
import { policyChain } from './judgement.ts';
import { type Input, type Operation, operation, type Target } from './operation.ts';
import { type PageRequest, pageCursor, pageLimit, pageOf } from './paging.ts';
import { existingTopic, topicName, topicTarget } from './topics.ts';

export interface SubscriptionRef {
  readonly project: ProjectRef;
  readonly id: string;
}

export interface CreateSubscription extends SubscriptionRef {
  readonly topic: TopicRef;
  readonly labels: Labels;
}

export interface SubscriptionResult {
  readonly project: Project;
  readonly subscription: Subscription;
}

export interface ListSubscriptions extends PageRequest {
  readonly project: ProjectRef;
}

export interface ListedSubscriptions {
  readonly project: Project;
  readonly subscriptions: readonly Subscription[];
  readonly nextPageToken: string;
}

function target({ project, id }: SubscriptionRef): Target {
  return { project, below: `subscriptions/${id}`, asked: `projects/${project}/subscriptions/${id}` };
}

const subscriptionNeed = ({ project, id }: SubscriptionRef) => ({ need: 'subscription', project, id }) as const;

function existing(
  input: Input<SubscriptionRef, { readonly subscription: ReturnType<typeof subscriptionNeed> }, unknown>,
): SubscriptionResult {
  const { id } = input.command;
  const project = input.project(input.command.project);
  const { subscription } = input.rows;
  if (subscription === undefined) throw new Fault('SUBSCRIPTION_NOT_FOUND', subscriptionFacts(project, id));
  return { project, subscription };
}

function subscriptionFacts(project: Project, id: string): { subscription: string; id: string } {
  return { subscription: `projects/${project.id}/subscriptions/${id}`, id };
}

export const createSubscription: Operation<CreateSubscription, SubscriptionResult> = operation({
  name: 'subscriptions.create',
  help: 'subscribe to a topic',
  kind: 'write',
  permission: 'pubsub.subscriptions.create',
  target: (command: CreateSubscription) => target(command),
  needs: (command) =>
    ({
      existing: subscriptionNeed(command),
      topic: { need: 'topic', ...command.topic },
      topicProject: { need: 'project', project: command.topic.project },
      all: { need: 'subscriptions', project: command.project, after: '', limit: SUBSCRIPTIONS_PER_PROJECT_MAX },
    }) as const,
  decide: (input) => {
    const { id, labels, topic } = input.command;
    const project = input.project(input.command.project);
    parseTopicId(id, 'name');
    if (input.rows.topicProject?.uid !== project.uid) {
      throw new Fault('UNIMPLEMENTED', { what: 'A subscription to a topic of another project' });
    }
    mayAttach(input, topic);
    const { topic: attached } = existingTopic(input, input.rows.topic, topic.id);
    if (input.rows.existing !== undefined) throw new Fault('SUBSCRIPTION_EXISTS', subscriptionFacts(project, id));
    if (input.rows.all.length >= SUBSCRIPTIONS_PER_PROJECT_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'subscriptions of one project', limit: SUBSCRIPTIONS_PER_PROJECT_MAX });
    }
    const subscription: Subscription = {
      projectUid: project.uid,
      id,
      topic: topicName(project, attached.id),
      createdAt: input.now,
      labels: parseLabels(labels),
    };
    return { result: { project, subscription }, changes: [{ change: 'subscription.insert', subscription }] };
  },
});

/** Subscribing takes a permission on the topic too. */
function mayAttach(input: Input<CreateSubscription, Record<never, never>>, topic: TopicRef): void {
  const permission = 'pubsub.topics.attachSubscription';
  const target = topicTarget(topic);
  const context = contextOf(target, input.scope, input.now);
  if (authorise(permission, input.caller.principal, policyChain(input.scope), context) === undefined) {
    throw new Fault('PERMISSION_DENIED', { permission, resource: target.asked });
  }
}

export const getSubscription: Operation<SubscriptionRef, SubscriptionResult> = operation({
  name: 'subscriptions.get',
  help: 'show a subscription',
  kind: 'read',
  permission: 'pubsub.subscriptions.get',
  target,
  needs: (command) => ({ subscription: subscriptionNeed(command) }) as const,
  decide: (input) => ({ result: existing(input) }),
});

const listScope = ({ project }: ListSubscriptions) => `subscriptions.list projects/${project}`;

export const listSubscriptions: Operation<ListSubscriptions, ListedSubscriptions> = operation({
  name: 'subscriptions.list',
  help: 'list the subscriptions of a project',
  kind: 'read',
  permission: 'pubsub.subscriptions.list',
  target: ({ project }) => ({ project, asked: `projects/${project}` }),
  needs: (command, keyring) =>
    ({
      found: {
        need: 'subscriptions',
        project: command.project,
        after: pageCursor(keyring, listScope(command), command, ''),
        limit: pageLimit(command) + 1,
      },
    }) as const,
  decide: (input) => ({ result: { project: input.project(input.command.project), rows: input.rows.found } }),
  finish: ({ project, rows }, command, { keyring }) => {
    const page = pageOf(keyring, listScope(command), command, rows, ({ id }) => id);
    return { project, subscriptions: page.rows, nextPageToken: page.nextPageToken };
  },
});

export const deleteSubscription: Operation<SubscriptionRef, undefined> = operation({
  name: 'subscriptions.delete',
  help: 'delete a subscription',
  kind: 'write',
  permission: 'pubsub.subscriptions.delete',
  target,
  needs: (command) => ({ subscription: subscriptionNeed(command) }) as const,
  decide: (input) => {
    const { project, subscription } = existing(input);
    const change: Change = { change: 'subscription.delete', projectUid: project.uid, id: subscription.id };
    return { result: undefined, changes: [change] };
  },
});
