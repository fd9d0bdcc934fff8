// Behind pgbouncer in transaction mode two servers and a hundred clients have four connections between them.

import { after, before, describe } from 'node:test';
import { openCrowdOn } from '../property/fixture.ts';
import { describeVersions } from '../property/versions-spec.ts';
import { type PgBouncer, startPgBouncer, whyNoPgBouncer } from '../support/pgbouncer.ts';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { newDatabase } from '../support/postgres-place.ts';

const why = whyNoPostgres() ?? whyNoPgBouncer() ?? false;

describe('a pooler in transaction mode', { skip: why }, () => {
  let postgres: Postgres;
  let pgbouncer: PgBouncer;
  before(async () => {
    postgres = await startPostgres();
    pgbouncer = await startPgBouncer(postgres);
  });
  after(async () => {
    await pgbouncer.stop();
    await postgres.stop();
  });

  describeVersions('versions on two servers behind pgbouncer', async () => {
    const dsn = (await newDatabase(postgres)).replace(/:\d+\//, `:${pgbouncer.port}/`);
    return openCrowdOn(2, ['--workers=1', '--store', dsn]);
  });
});
