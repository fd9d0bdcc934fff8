// `coffer secrets locations list` and `describe`: the regions that the name of a secret can hold.

import { segment } from '../../client/path.ts';
import type { Context } from '../context.ts';
import { lastPart, parentPath } from '../names.ts';
import { type ListFlags, type Resource, showList, showOne } from '../show.ts';

const TABLE = 'table(name.basename():label=NAME, displayName:label=LOCATION)';

export async function listLocations(this: Context, flags: ListFlags): Promise<void> {
  const path = `${parentPath({ project: this.session.project })}/locations`;
  await showList(this, flags, {
    defaultFormat: TABLE,
    serverFilters: true,
    uri: (location) => `${this.session.connection.address}/v1/${location['name']}`,
    fetch: async (query) => {
      const page = await this.session.request<{ locations?: Resource[]; nextPageToken?: string }>(
        'GET',
        path,
        undefined,
        { ...query },
      );
      return { items: page.locations ?? [], nextPageToken: page.nextPageToken };
    },
  });
}

/** `name` is an id, or `projects/P/locations/L`. */
export async function describeLocation(this: Context, _flags: object, name: string): Promise<void> {
  const project = /^projects\/([^/]+)\/locations\/[^/]+$/.exec(name)?.[1] ?? this.session.project;
  const path = `${parentPath({ project })}/locations/${segment(lastPart(name))}`;
  await showOne(this, await this.session.request<Resource>('GET', path));
}
