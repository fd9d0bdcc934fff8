// `coffer pubsub subscriptions create|list|describe|delete`, over Pub/Sub v1.

import { segment } from '../../client/path.ts';
import type { Context } from '../context.ts';
import { parseMap } from '../maps.ts';
import { type ListFlags, type Resource, showList, showOne } from '../show.ts';
import { forEach, named, namedPath } from './each.ts';

export interface CreateFlags {
  readonly topic: string;
  readonly topicProject?: string;
  readonly ackDeadline?: number;
  readonly pushEndpoint?: string;
  readonly labels?: readonly string[];
}

/** @throws CliError naming the subscriptions that were not made. */
export async function createSubscriptions(
  this: Context,
  flags: CreateFlags,
  ...subscriptions: readonly string[]
): Promise<void> {
  const labels = parseMap('labels', flags.labels);
  const topic = named(this, flags.topic, 'topics', flags.topicProject);
  const body = {
    topic: `projects/${topic.project}/topics/${topic.id}`,
    ...(flags.ackDeadline === undefined ? {} : { ackDeadlineSeconds: flags.ackDeadline }),
    ...(flags.pushEndpoint === undefined ? {} : { pushConfig: { pushEndpoint: flags.pushEndpoint } }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
  const act = (_ref: object, path: string) => this.session.request<Resource>('PUT', path, body);
  await forEach(this, subscriptions, { verb: 'create', kind: 'subscription', act });
}

export async function listSubscriptions(this: Context, flags: ListFlags): Promise<void> {
  const path = `/v1/projects/${segment(this.session.project)}/subscriptions`;
  await showList(this, flags, {
    defaultFormat: 'yaml',
    serverFilters: false,
    uri: (subscription) => `${this.session.connection.address}/v1/${subscription['name']}`,
    fetch: async ({ pageSize, pageToken }) => {
      const page = await this.session.request<{ subscriptions?: Resource[]; nextPageToken?: string }>(
        'GET',
        path,
        undefined,
        { pageSize, pageToken },
      );
      return { items: page.subscriptions ?? [], nextPageToken: page.nextPageToken };
    },
  });
}

export async function describeSubscription(this: Context, _flags: object, subscription: string): Promise<void> {
  const path = namedPath(named(this, subscription, 'subscriptions'), 'subscriptions');
  await showOne(this, await this.session.request<Resource>('GET', path));
}

/** @throws CliError naming the subscriptions that were not deleted. */
export async function deleteSubscriptions(
  this: Context,
  _flags: object,
  ...subscriptions: readonly string[]
): Promise<void> {
  const act = (_ref: object, path: string) => this.session.request<Resource>('DELETE', path);
  await forEach(this, subscriptions, { verb: 'delete', kind: 'subscription', act });
}
