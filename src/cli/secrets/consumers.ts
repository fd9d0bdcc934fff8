// `coffer secrets consumers`: who reads a secret, which version last, and who has not moved to the current one.

import type { Context } from '../context.ts';
import { nativeRef, secretRef } from '../names.ts';
import { type ListFlags, type Resource, showList } from '../show.ts';
import { durationSeconds } from '../times.ts';

interface Answer {
  readonly consumers: readonly Resource[];
  readonly complete: boolean;
}

const TABLE =
  'table(principal, workload, dialect, version, state.enum():label=STATE, current.yesno(yes=yes, no=no):label=CURRENT, ' +
  'lastReadTime.date():label=LAST_READ, reads)';

/** @throws UsageError where the window is no duration; ApiError as the server answers. */
export async function listConsumers(
  this: Context,
  flags: ListFlags & { location?: string; window?: string },
  id: string,
): Promise<void> {
  const { window, location, ...listing } = flags;
  const ref = secretRef(this.session, id, location);
  const windowSeconds = window === undefined ? undefined : String(durationSeconds('window', window));
  await showList(this, listing, {
    defaultFormat: TABLE,
    serverFilters: false,
    uri: (consumer) => String(consumer['principal']),
    fetch: async () => {
      const query = { ...nativeRef(ref), windowSeconds };
      const answer = await this.session.request<Answer>('GET', '/coffer/v1/secrets:consumers', undefined, query);
      if (!answer.complete) this.out.status('WARNING: there are more reads in this window than are shown.');
      return { items: answer.consumers, nextPageToken: undefined };
    },
  });
}
