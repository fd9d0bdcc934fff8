// Events come in about the order of their times, so what is old is found among the first of them. An index over the times
// cost every change a page of its own in the log.

import type { Migration } from '../migration.ts';

export const eventsWithoutTimes: Migration = {
  name: '0017-events-without-times',
  statements: ['DROP INDEX events_by_time'],
};
