// `coffer pubsub topics create|list|describe|delete|list-subscriptions`, over Pub/Sub v1.

import { segment } from '../../client/path.ts';
import type { Context } from '../context.ts';
import { parseMap } from '../maps.ts';
import { type ListFlags, type Resource, showList, showOne } from '../show.ts';
import { forEach, named, namedPath } from './each.ts';

/** @throws CliError naming the topics that were not made. */
export async function createTopics(
  this: Context,
  flags: { labels?: readonly string[] },
  ...topics: readonly string[]
): Promise<void> {
  const labels = parseMap('labels', flags.labels);
  const body = Object.keys(labels).length === 0 ? {} : { labels };
  const act = ({ project }: { project: string }, path: string) =>
    this.session.creating(project, () => this.session.request<Resource>('PUT', path, body));
  await forEach(this, topics, { verb: 'create', kind: 'topic', act });
}

export async function listTopics(this: Context, flags: ListFlags): Promise<void> {
  const path = `/v1/projects/${segment(this.session.project)}/topics`;
  await showList(this, flags, {
    defaultFormat: 'yaml',
    serverFilters: false,
    uri: (topic) => `${this.session.connection.address}/v1/${topic['name']}`,
    fetch: async ({ pageSize, pageToken }) => {
      const page = await this.session.request<{ topics?: Resource[]; nextPageToken?: string }>('GET', path, undefined, {
        pageSize,
        pageToken,
      });
      return { items: page.topics ?? [], nextPageToken: page.nextPageToken };
    },
  });
}

export async function describeTopic(this: Context, _flags: object, topic: string): Promise<void> {
  const path = namedPath(named(this, topic, 'topics'), 'topics');
  await showOne(this, await this.session.request<Resource>('GET', path));
}

/** @throws CliError naming the topics that were not deleted. */
export async function deleteTopics(this: Context, _flags: object, ...topics: readonly string[]): Promise<void> {
  const act = (_ref: object, path: string) => this.session.request<Resource>('DELETE', path);
  await forEach(this, topics, { verb: 'delete', kind: 'topic', act });
}

export async function listTopicSubscriptions(this: Context, flags: ListFlags, topic: string): Promise<void> {
  const path = `${namedPath(named(this, topic, 'topics'), 'topics')}/subscriptions`;
  await showList(this, flags, {
    defaultFormat: 'yaml',
    serverFilters: false,
    uri: ({ subscription }) => `${this.session.connection.address}/v1/${subscription}`,
    fetch: async ({ pageSize, pageToken }) => {
      const page = await this.session.request<{ subscriptions?: string[]; nextPageToken?: string }>(
        'GET',
        path,
        undefined,
        { pageSize, pageToken },
      );
      const items = (page.subscriptions ?? []).map((subscription) => ({ subscription }));
      return { items, nextPageToken: page.nextPageToken };
    },
  });
}
