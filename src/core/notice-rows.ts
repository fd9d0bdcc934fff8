// What of notices the store is asked for, how it answers, and what can be changed in it: topics, subscriptions and the
// outbox of events. Part of the ports of the core.

import type { ProjectRef } from './name.ts';
import type { NewEvent, StoredEvent, Subscription, Topic, Uid } from './secret.ts';

export type NoticeNeed =
  | { readonly need: 'topic' | 'subscription'; readonly project: ProjectRef; readonly id: string }
  /** Topics by their full names, the project by id or number. */
  | { readonly need: 'topicsNamed'; readonly names: readonly string[] }
  | {
      readonly need: 'topics' | 'subscriptions';
      readonly project: ProjectRef;
      readonly after: string;
      readonly limit: number;
    }
  /** Events after this cursor, oldest first. */
  | { readonly need: 'events'; readonly after: number; readonly limit: number };

export interface EventInList {
  readonly event: StoredEvent;
  readonly cursor: number;
}

export interface NoticeRowByNeed {
  readonly topic: Topic | undefined;
  readonly subscription: Subscription | undefined;
  /** For each name that was asked for: the full name with the project's id, or undefined where there is none. */
  readonly topicsNamed: readonly (string | undefined)[];
  /** By id, ascending. */
  readonly topics: readonly Topic[];
  readonly subscriptions: readonly Subscription[];
  readonly events: readonly EventInList[];
}

export type NoticeChange =
  | { readonly change: 'topic.insert'; readonly topic: Topic }
  | { readonly change: 'topic.delete'; readonly projectUid: Uid; readonly id: string }
  | { readonly change: 'subscription.insert'; readonly subscription: Subscription }
  | { readonly change: 'subscription.delete'; readonly projectUid: Uid; readonly id: string }
  /** Puts an event into the outbox; it is there exactly when the transaction is. */
  | { readonly change: 'event.insert'; readonly event: NewEvent }
  /** Drops events that are older than this. */
  | { readonly change: 'events.deleteBefore'; readonly time: number };
