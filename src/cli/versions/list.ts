// `coffer secrets versions list` and `describe`.

import type { Context } from '../context.ts';
import { secretPath, secretRef, versionPath, versionRef } from '../names.ts';
import { type ListFlags, type Resource, showList, showOne } from '../show.ts';

const TABLE =
  'table(name.basename():label=NAME, state.enum():label=STATE, createTime.date():label=CREATED, ' +
  "destroyTime.date(undefined='-'):label=DESTROYED)";

export async function listVersions(this: Context, flags: ListFlags & { location?: string }, id: string): Promise<void> {
  const path = secretPath(secretRef(this.session, id, flags.location));
  await showList(this, flags, {
    defaultFormat: TABLE,
    serverFilters: true,
    uri: (version) => `${this.session.connection.address}/v1/${version['name']}`,
    fetch: async (query) => {
      const page = await this.session.request<{ versions?: Resource[]; nextPageToken?: string }>(
        'GET',
        `${path}/versions`,
        undefined,
        { ...query },
      );
      return { items: page.versions ?? [], nextPageToken: page.nextPageToken };
    },
  });
}

export async function describeVersion(
  this: Context,
  flags: { secret?: string; location?: string },
  version: string,
): Promise<void> {
  const ref = versionRef(this.session, version, flags.secret, flags.location);
  await showOne(this, await this.session.request<Resource>('GET', versionPath(ref)));
}
