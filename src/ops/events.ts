// The outbox of events: asking for what happened, and forgetting what is older than its retention. Delivery to whoever
// subscribes reads the same list by the same cursor.

import { EVENT_TYPES } from '../core/events.ts';
import { EVENT_RETENTION_SECONDS, EVENTS_PAGE_MAX } from '../core/limits.ts';
import { parseProjectRef } from '../core/name.ts';
import type { EventInList } from '../core/notice-rows.ts';
import type { Maybe, Store } from '../core/ports.ts';
import { then } from './maybe.ts';
import { type Operation, operation } from './operation.ts';

export interface QueryEvents {
  /** Asks with the permissions of that project, and of that project alone. */
  readonly project?: string;
  readonly after?: number;
  readonly limit?: number;
}

export interface EventPage {
  /** Oldest first. */
  readonly events: readonly EventInList[];
  /** The cursor to pass as `after` for what follows; absent where there is no more for now. */
  readonly next?: number;
}

export const queryEvents: Operation<QueryEvents, EventPage> = operation({
  name: 'events.query',
  help: 'list events, oldest first; a page may be short or empty and still name a next one',
  kind: 'read',
  permission: 'logging.privateLogEntries.list',
  api: {
    method: 'GET',
    path: '/events',
    fields: {
      project: { type: 'string', help: 'only this project; asks for the permission there rather than on the server' },
      after: { type: 'integer', help: 'only events after this cursor' },
      limit: { type: 'integer', help: 'how many events at the most', min: 1, max: EVENTS_PAGE_MAX },
    },
  },
  target: ({ project }) =>
    project === undefined ? { asked: 'events' } : { project: parseProjectRef(project), asked: `projects/${project}` },
  needs: ({ after = 0 }) => ({ found: { need: 'events', after, limit: EVENTS_PAGE_MAX + 1 } }) as const,
  decide: (input) => {
    const { project, limit = EVENTS_PAGE_MAX } = input.command;
    const uid = project === undefined ? undefined : input.project(parseProjectRef(project)).uid;
    const seen = input.rows.found.slice(0, EVENTS_PAGE_MAX);
    const events = seen.filter(({ event }) => uid === undefined || event.projectUid === uid);
    const page = events.slice(0, limit);
    const more = events.length > limit || input.rows.found.length > seen.length;
    const last = events.length > limit ? page.at(-1) : seen.at(-1);
    return { result: { events: page, ...(more && last !== undefined ? { next: last.cursor } : {}) } };
  },
});

/** Public: the vocabulary is no secret, and whoever writes a handler must know it. */
export const listEventTypes: Operation<object, typeof EVENT_TYPES> = operation({
  name: 'events.types',
  help: 'list the types of events and what each carries',
  kind: 'read',
  permission: 'public',
  api: { method: 'GET', path: '/events:types', fields: {} },
  target: () => ({ asked: 'events' }),
  decide: () => ({ result: EVENT_TYPES }),
});

const HOUR_MS = 3_600_000;

/**
 * The time before which events are to be dropped, or undefined where there is nothing to drop yet. It moves by the
 * hour, so that a steady stream of events does not fill the audit log with records of their going.
 */
export function oldEvents(store: Pick<Store, 'read'>, now: number): Maybe<number | undefined> {
  const before = Math.floor((now - EVENT_RETENTION_SECONDS * 1000) / HOUR_MS) * HOUR_MS;
  // The store keeps the newest event for its cursor, however old it is.
  return then(store.read({ oldest: { need: 'events', after: 0, limit: 2 } }), ({ oldest }) => {
    const [first, second] = oldest;
    return second !== undefined && first !== undefined && first.event.time < before ? before : undefined;
  });
}

/** The server's own: drops what `oldEvents` found, some at a time. */
export const dropOldEvents: Operation<{ readonly before: number }, undefined> = operation({
  name: 'events.drop',
  help: 'forget events that are older than their retention',
  kind: 'write',
  permission: 'system',
  target: () => ({ asked: 'events' }),
  decide: ({ command }) => ({
    result: undefined,
    changes: [{ change: 'events.deleteBefore', time: command.before }],
    details: { before: new Date(command.before).toISOString() },
  }),
});
