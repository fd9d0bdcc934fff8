// The store's contract on PostgreSQL.

import { after, before, describe } from 'node:test';
import { openPostgres } from '../../src/store/postgres/store.ts';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { connectingTo, newDatabase } from '../support/postgres-place.ts';
import { storeSpec } from './store-spec.ts';

describe('PostgreSQL', { skip: whyNoPostgres() ?? false }, () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  storeSpec('postgres', () => {
    const dsn = newDatabase(postgres);
    return {
      open: async () =>
        openPostgres({ connecting: connectingTo(await dsn), server: 's000001', clock: { now: () => Date.now() } }),
      remove: () => {},
    };
  });
});
