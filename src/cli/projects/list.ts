// `coffer projects list` and `describe`.

import { segment } from '../../client/path.ts';
import type { Context } from '../context.ts';
import { type ListFlags, showList, showOne } from '../show.ts';
import { type ProjectV3, projectV1 } from './project.ts';

export async function listProjects(this: Context, flags: ListFlags): Promise<void> {
  await showList(this, flags, {
    defaultFormat: 'table(projectId:sort=1, name, projectNumber)',
    // The filter speaks of v1's fields, which the server does not have.
    serverFilters: false,
    uri: (project) => `${this.session.connection.address}/v1/projects/${project['projectId']}`,
    fetch: async ({ pageSize, pageToken }) => {
      const page = await this.session.request<{ projects?: ProjectV3[]; nextPageToken?: string }>(
        'GET',
        '/v3/projects:search',
        undefined,
        { pageSize, pageToken },
      );
      return { items: (page.projects ?? []).map(projectV1), nextPageToken: page.nextPageToken };
    },
  });
}

export async function describeProject(this: Context, _flags: object, id: string): Promise<void> {
  await showOne(this, projectV1(await this.session.request<ProjectV3>('GET', `/v3/projects/${segment(id)}`)));
}
