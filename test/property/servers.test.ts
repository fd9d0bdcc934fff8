// The same histories over three servers on one PostgreSQL, whose clients are spread over all of them: what one of them was
// told is true on the others from then on.

import { after, before, describe } from 'node:test';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { newDatabase } from '../support/postgres-place.ts';
import { describeEtags } from './etags-spec.ts';
import { openCrowdOn } from './fixture.ts';
import { describeRevoked } from './revoked-spec.ts';
import { describeVersions } from './versions-spec.ts';

const SERVERS = 3;

describe('three servers on one PostgreSQL', { skip: whyNoPostgres() ?? false }, () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  const open = async () => openCrowdOn(SERVERS, ['--workers=1', '--store', await newDatabase(postgres)]);
  describeRevoked('a hundred clients on three servers never see what was before', open);
  describeEtags('changes by an etag on three servers', open);
  describeVersions('versions on three servers', open);
});
