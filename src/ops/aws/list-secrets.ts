// The secrets that a region sees, in pages. By age a page is read where the one before it ended; by anything else all of
// them are put in order first, so there may not be too many. Source: the API reference, ListSecrets.

import { fits, type ListFilter } from '../../core/aws/filter.ts';
import { changedAtOf } from '../../core/aws/secret.ts';
import { Fault } from '../../core/error.ts';
import { AWS_SORTED_MAX, CENSUS_OF_PROJECT_MAX, FILTER_SCAN_MAX } from '../../core/limits.ts';
import type { Location, ProjectRef } from '../../core/name.ts';
import type { Keyring, Need, RowsOf, SecretInList } from '../../core/ports.ts';
import type { Project } from '../../core/secret.ts';
import { type Operation, operation } from '../operation.ts';
import { type PageRequest, pageCursor } from '../paging.ts';
import { type Told, tell } from './describe-secret.ts';

export interface ListSeen extends PageRequest {
  readonly project: ProjectRef;
  readonly region: Location;
  readonly withDeleted: boolean;
  readonly filters: readonly ListFilter[];
  readonly by: 'created' | 'name' | 'changed' | 'read';
  readonly order: 'ascending' | 'descending';
}

export interface ListedSeen {
  readonly project: Project;
  readonly secrets: readonly Told[];
  /** Empty: this was the last page. */
  readonly nextPageToken: string;
}

const listScope = ({ project, region, withDeleted, filters, by, order }: ListSeen) =>
  `secrets.listFrom ${JSON.stringify([project, region, withDeleted, filters, by, order])}`;

type ListNeeds = {
  readonly found: Need & { need: 'secretsSeen' };
  readonly reads: Need & { need: 'censusOfProject' };
};

/** Where the last page ended. */
interface Cursor {
  readonly value: string | number;
  readonly ordinal: number;
}

function cursorOf(keyring: Keyring, command: ListSeen): Cursor | undefined {
  const text = pageCursor(keyring, listScope(command), command, '');
  return text === '' ? undefined : (JSON.parse(text) as Cursor);
}

function needs(command: ListSeen, keyring: Keyring): ListNeeds {
  const { project, region, withDeleted, by, order } = command;
  const cursor = cursorOf(keyring, command);
  const isByAge = by === 'created';
  return {
    found: {
      ...{ need: 'secretsSeen', project, region, withDeleted },
      order: isByAge && order === 'descending' ? 'newest' : 'oldest',
      after: isByAge ? (cursor?.ordinal ?? 0) : 0,
      limit: (isByAge ? FILTER_SCAN_MAX : AWS_SORTED_MAX) + 1,
    },
    reads: { need: 'censusOfProject', project, limit: by === 'read' ? CENSUS_OF_PROJECT_MAX : 0 },
  };
}

interface Ranked extends SecretInList {
  readonly value: string | number;
}

/** The rows in the order of the list, each with what it is ordered by. */
function ranked({ by, order }: ListSeen, { found, reads }: RowsOf<ListNeeds>): readonly Ranked[] {
  if (by === 'created') return found.map((row) => ({ ...row, value: row.cursor }));
  if (found.length > AWS_SORTED_MAX) throw new Fault('LIST_TOO_LONG', { limit: AWS_SORTED_MAX });
  const readAt = new Map<string, number>();
  for (const { sighting } of reads) {
    readAt.set(sighting.secretUid, Math.max(readAt.get(sighting.secretUid) ?? 0, sighting.lastSeenAt));
  }
  const rankOf = ({ secret }: SecretInList) => {
    if (by === 'name') return secret.name;
    return by === 'changed' ? changedAtOf(secret) : (readAt.get(secret.uid) ?? 0);
  };
  const rows = found.map((row) => ({ ...row, value: rankOf(row) }));
  rows.sort(compare);
  return order === 'ascending' ? rows : rows.reverse();
}

type Place = Pick<Ranked, 'value' | 'cursor'>;

function compare(one: Place, other: Place): number {
  if (one.value === other.value) return one.cursor - other.cursor;
  return one.value < other.value ? -1 : 1;
}

interface Found {
  readonly rows: readonly Ranked[];
  /** The last row that was looked at, where there are more. */
  readonly last: Ranked | undefined;
}

/** The rows of the page: it ends where it is full, or where as many were looked at as one page may. */
function page(command: ListSeen, all: readonly Ranked[], after: Cursor | undefined, now: number): Found {
  const sign = command.order === 'ascending' ? 1 : -1;
  const isAfter = (row: Ranked) =>
    after === undefined || sign * compare(row, { value: after.value, cursor: after.ordinal }) > 0;
  const rows = all.filter(isAfter);
  const found: Ranked[] = [];
  for (const [index, row] of rows.entries()) {
    // What is over is gone, although nobody has swept it yet.
    if ((row.secret.purgeAt ?? now + 1) > now && fits(row.secret, command.filters)) found.push(row);
    const isEnd = found.length === command.pageSize || index + 1 === FILTER_SCAN_MAX;
    if (isEnd) return { rows: found, last: index + 1 < rows.length ? row : undefined };
  }
  return { rows: found, last: undefined };
}

export const listSeen: Operation<ListSeen, ListedSeen> = operation({
  name: 'secrets.listFrom',
  help: 'list the secrets that a region sees, with their labelled versions',
  kind: 'read',
  permission: 'secretmanager.secrets.list',
  target: ({ project }: ListSeen) => ({ project, asked: `projects/${project}` }),
  needs,
  opens: (command, keyring) => cursorOf(keyring, command),
  decide: (input) => {
    const { command, rows, now, prepared: after } = input;
    const project = input.project(command.project);
    const { rows: found, last } = page(command, ranked(command, rows), after, now);
    const secrets = tell(
      rows,
      command.project,
      found.map(({ secret }) => secret),
    );
    return { result: { project, secrets, last } };
  },
  finish: ({ project, secrets, last }, command, { keyring }) => {
    if (last === undefined) return { project, secrets, nextPageToken: '' };
    const cursor: Cursor = { value: last.value, ordinal: last.cursor };
    return { project, secrets, nextPageToken: keyring.signPage(listScope(command), JSON.stringify(cursor)) };
  },
});
