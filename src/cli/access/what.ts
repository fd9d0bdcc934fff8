// `coffer access what`: what a principal could read in a project, beside what it did read. The first lines are grants
// that hold for the project as a whole; a secret has a line where its own policy names the principal, or it was read.

import type { Context } from '../context.ts';
import { type ListFlags, type Resource, showList } from '../show.ts';
import { type Grant, grantLines, type Read, readCells } from './grants.ts';
import { isTable } from './who.ts';

interface Entry {
  readonly resource: string;
  readonly access: string;
  readonly grants?: readonly Grant[];
}

interface Answer {
  readonly project: string;
  readonly principal: string;
  readonly access: string;
  readonly grants: readonly Grant[];
  readonly secrets: readonly Entry[];
  readonly reads: readonly (Entry & Read)[];
  readonly nextPageToken?: string;
}

const TABLE =
  "table(resource, access, role, via, condition, lastReadTime.date(undefined='-'):label=LAST_READ, version)";

/** @throws ApiError as the server answers. */
export async function whatAccess(
  this: Context,
  flags: ListFlags & { permission?: string },
  principal: string,
): Promise<void> {
  const { permission, ...listing } = flags;
  const { project } = this.session;
  const reads = new Map<string, Entry & Read>();
  await showList(this, listing, {
    defaultFormat: TABLE,
    serverFilters: false,
    uri: ({ resource }) => String(resource),
    fetch: async ({ pageSize, pageToken }) => {
      const query = { project, principal, permission, pageSize, pageToken };
      const page = await this.session.request<Answer>('GET', '/coffer/v1/access:what', undefined, query);
      for (const read of page.reads) reads.set(read.resource, read);
      const { nextPageToken } = page;
      return { items: rows(this, page, { reads, isFirst: pageToken === undefined }), nextPageToken };
    },
  });
}

interface Seen {
  /** What was read and is not shown yet. */
  readonly reads: Map<string, Entry & Read>;
  readonly isFirst: boolean;
}

function rows({ globals }: Context, page: Answer, { reads, isFirst }: Seen): readonly Resource[] {
  const whole = { resource: `projects/${page.project}`, access: page.access, grants: page.grants };
  const secrets = page.secrets.map((each) => {
    const read = reads.get(each.resource);
    reads.delete(each.resource);
    return { ...each, ...(read === undefined ? {} : { read }) };
  });
  // What was read and has no line of its own by the last page.
  const rest =
    page.nextPageToken === undefined
      ? [...reads.values()].map(({ resource, access, ...read }) => ({ resource, access, grants: [], read }))
      : [];
  const entries = [...(isFirst ? [whole] : []), ...secrets, ...rest];
  if (!isTable(globals.format)) return entries;
  return entries.flatMap(({ resource, access, grants = [], ...each }) => {
    const read = 'read' in each ? (each.read as Read) : undefined;
    return grantLines({ resource, access, member: page.principal, ...readCells(read) }, grants);
  });
}
