// Topics: where events of secrets are announced. A secret that names a deleted topic goes on naming it, and the topic's
// subscriptions stay without one, as the real service does.

import { Fault } from '../core/error.ts';
import { parseLabels } from '../core/labels.ts';
import { SUBSCRIPTIONS_PER_PROJECT_MAX, TOPICS_PER_PROJECT_MAX } from '../core/limits.ts';
import type { ProjectRef } from '../core/name.ts';
import type { Change } from '../core/ports.ts';
import type { Labels, Project, Subscription, Topic } from '../core/secret.ts';
import { DELETED_TOPIC, parseTopicId, type TopicRef } from '../core/topic.ts';
import { type Input, type Operation, operation, type Target } from './operation.ts';
import { type PageRequest, pageCursor, pageLimit, pageOf } from './paging.ts';

export interface CreateTopic extends TopicRef {
  readonly labels: Labels;
}

/** A topic with the project it lives in, whose id is part of its name. */
export interface TopicResult {
  readonly project: Project;
  readonly topic: Topic;
}

export interface ListTopics extends PageRequest {
  readonly project: ProjectRef;
}

export interface ListedTopics {
  readonly project: Project;
  readonly topics: readonly Topic[];
  readonly nextPageToken: string;
}

export interface ListTopicSubscriptions extends TopicRef, PageRequest {}

export interface ListedTopicSubscriptions {
  readonly project: Project;
  readonly subscriptions: readonly Subscription[];
  readonly nextPageToken: string;
}

export function topicTarget({ project, id }: TopicRef): Target {
  return { project, below: `topics/${id}`, asked: `projects/${project}/topics/${id}` };
}

const topicNeed = ({ project, id }: TopicRef) => ({ need: 'topic', project, id }) as const;

const subscriptionsNeed = ({ project }: TopicRef) =>
  ({ need: 'subscriptions', project, after: '', limit: SUBSCRIPTIONS_PER_PROJECT_MAX }) as const;

/** The full name of a topic, with its project's id: how secrets, events and subscriptions know it. */
export function topicName(project: Project, id: string): string {
  return `projects/${project.id}/topics/${id}`;
}

/** The row, or TOPIC_NOT_FOUND after PROJECT_NOT_FOUND. */
export function existingTopic(
  input: Input<{ readonly project: ProjectRef }, Record<never, never>, unknown>,
  topic: Topic | undefined,
  id: string,
): TopicResult {
  const project = input.project(input.command.project);
  if (topic === undefined) throw new Fault('TOPIC_NOT_FOUND', { topic: topicName(project, id), id });
  return { project, topic };
}

export const createTopic: Operation<CreateTopic, TopicResult> = operation({
  name: 'topics.create',
  help: 'make a topic',
  kind: 'write',
  permission: 'pubsub.topics.create',
  target: (command: CreateTopic) => topicTarget(command),
  needs: (command) =>
    ({
      existing: topicNeed(command),
      all: { need: 'topics', project: command.project, after: '', limit: TOPICS_PER_PROJECT_MAX },
    }) as const,
  decide: (input) => {
    const { id, labels } = input.command;
    const project = input.project(input.command.project);
    parseTopicId(id, 'name');
    if (input.rows.existing !== undefined) throw new Fault('TOPIC_EXISTS', { topic: topicName(project, id), id });
    if (input.rows.all.length >= TOPICS_PER_PROJECT_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'topics of one project', limit: TOPICS_PER_PROJECT_MAX });
    }
    const topic: Topic = { projectUid: project.uid, id, createdAt: input.now, labels: parseLabels(labels) };
    return { result: { project, topic }, changes: [{ change: 'topic.insert', topic }] };
  },
});

export const getTopic: Operation<TopicRef, TopicResult> = operation({
  name: 'topics.get',
  help: 'show a topic',
  kind: 'read',
  permission: 'pubsub.topics.get',
  target: topicTarget,
  needs: (command) => ({ topic: topicNeed(command) }) as const,
  decide: (input) => ({ result: existingTopic(input, input.rows.topic, input.command.id) }),
});

const listScope = ({ project }: ListTopics) => `topics.list projects/${project}`;

export const listTopics: Operation<ListTopics, ListedTopics> = operation({
  name: 'topics.list',
  help: 'list the topics of a project',
  kind: 'read',
  permission: 'pubsub.topics.list',
  target: ({ project }) => ({ project, asked: `projects/${project}` }),
  needs: (command, keyring) =>
    ({
      found: {
        need: 'topics',
        project: command.project,
        after: pageCursor(keyring, listScope(command), command, ''),
        limit: pageLimit(command) + 1,
      },
    }) as const,
  decide: (input) => ({ result: { project: input.project(input.command.project), rows: input.rows.found } }),
  finish: ({ project, rows }, command, { keyring }) => {
    const page = pageOf(keyring, listScope(command), command, rows, ({ id }) => id);
    return { project, topics: page.rows, nextPageToken: page.nextPageToken };
  },
});

const subscriptionsScope = ({ project, id }: TopicRef) => `topics.listSubscriptions projects/${project}/topics/${id}`;

export const listTopicSubscriptions: Operation<ListTopicSubscriptions, ListedTopicSubscriptions> = operation({
  name: 'topics.listSubscriptions',
  help: 'list the subscriptions of a topic',
  kind: 'read',
  permission: 'pubsub.topics.get',
  target: (command: ListTopicSubscriptions) => topicTarget(command),
  needs: (command, keyring) =>
    ({
      topic: topicNeed(command),
      all: {
        ...subscriptionsNeed(command),
        after: pageCursor(keyring, subscriptionsScope(command), command, ''),
      },
    }) as const,
  decide: (input) => {
    const { project } = existingTopic(input, input.rows.topic, input.command.id);
    const name = topicName(project, input.command.id);
    const rows = input.rows.all.filter(({ topic }) => topic === name).slice(0, pageLimit(input.command) + 1);
    return { result: { project, rows } };
  },
  finish: ({ project, rows }, command, { keyring }) => {
    const page = pageOf(keyring, subscriptionsScope(command), command, rows, ({ id }) => id);
    return { project, subscriptions: page.rows, nextPageToken: page.nextPageToken };
  },
});

export const deleteTopic: Operation<TopicRef, undefined> = operation({
  name: 'topics.delete',
  help: 'delete a topic; its subscriptions stay, without one',
  kind: 'write',
  permission: 'pubsub.topics.delete',
  target: topicTarget,
  needs: (command) => ({ topic: topicNeed(command), all: subscriptionsNeed(command) }) as const,
  decide: (input) => {
    const { project, topic } = existingTopic(input, input.rows.topic, input.command.id);
    const name = topicName(project, topic.id);
    const orphans = input.rows.all.filter((subscription) => subscription.topic === name);
    return {
      result: undefined,
      changes: [{ change: 'topic.delete', projectUid: project.uid, id: topic.id }, ...orphans.flatMap(detached)],
    };
  },
});

/** A topic to come of the same name is another one: no subscription may find itself on it. */
function detached(subscription: Subscription): Change[] {
  const { projectUid, id } = subscription;
  return [
    { change: 'subscription.delete', projectUid, id },
    { change: 'subscription.insert', subscription: { ...subscription, topic: DELETED_TOPIC } },
  ];
}
