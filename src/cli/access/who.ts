// `coffer access who`: who could read a secret, beside who did.

import type { Context } from '../context.ts';
import { nativeRef, secretRef } from '../names.ts';
import { type ListFlags, type Resource, showList } from '../show.ts';
import { durationSeconds } from '../times.ts';
import { type Grant, grantLines, type Read, readCells } from './grants.ts';

interface Answer {
  readonly members: readonly {
    readonly member: string;
    readonly access: string;
    readonly grants: readonly Grant[];
    readonly read?: Read;
  }[];
  readonly hidden: readonly string[];
  readonly complete: boolean;
}

const TABLE = "table(member, access, role, via, condition, lastReadTime.date(undefined='-'):label=LAST_READ, version)";

export interface WhoFlags extends ListFlags {
  readonly location?: string;
  readonly permission?: string;
  readonly window?: string;
}

/** @throws UsageError where the window is no duration; ApiError as the server answers. */
export async function whoAccess(this: Context, flags: WhoFlags, id: string): Promise<void> {
  const { location, permission, window, ...listing } = flags;
  const ref = secretRef(this.session, id, location);
  const windowSeconds = window === undefined ? undefined : String(durationSeconds('window', window));
  await showList(this, listing, {
    defaultFormat: TABLE,
    serverFilters: false,
    uri: ({ member }) => String(member),
    fetch: async () => {
      const query = { ...nativeRef(ref), permission, windowSeconds };
      const answer = await this.session.request<Answer>('GET', '/coffer/v1/access:who', undefined, query);
      warnOfHidden(this, answer.hidden);
      if (!answer.complete) this.out.status('WARNING: there are more reads in this window than are shown.');
      return { items: rows(this, answer), nextPageToken: undefined };
    },
  });
}

/** The table has a line for each grant, everything else the answer as it is. */
function rows({ globals }: Context, { members }: Answer): readonly Resource[] {
  if (!isTable(globals.format)) return members.map((each) => ({ ...each }));
  return members.flatMap(({ member, access, grants, read }) =>
    grantLines({ member, access, ...readCells(read) }, grants),
  );
}

/** True where what is printed is the command's own table. */
export function isTable(format: string | undefined): boolean {
  return format === undefined;
}

/** Says which policies are not part of the answer. */
export function warnOfHidden({ out }: Context, hidden: readonly string[]): void {
  if (hidden.length === 0) return;
  out.status(`WARNING: you may not see these, and they are left out: ${hidden.join(', ')}`);
}
