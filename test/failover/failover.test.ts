// Case 38, with a synchronous standby: the primary is killed under load and the standby promoted, again and again, under
// two servers. No acknowledged write is lost and no read is stale: the history of what every client heard has an order.
// COFFER_TEST_SIZE=full does it ten times.

import { after, before, describe, test } from 'node:test';
import { whyNoPostgres } from '../support/postgres.ts';
import { type PostgresPair, startPostgresPair } from '../support/postgres-pair.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { Load } from './fixture.ts';

const ROUNDS = process.env['COFFER_TEST_SIZE'] === 'full' ? 10 : 2;
/** Answered writes of each server before the kill, and after the promotion. */
const WRITES = 40;
const BOTH = [0, 1];

describe('a primary that is killed under two servers', { skip: whyNoPostgres() ?? false }, () => {
  let pair: PostgresPair;
  let servers: readonly RunningServer[] = [];
  before(async () => {
    pair = await startPostgresPair();
    const env = { PGPASSWORD: pair.password };
    const args = ['--workers=1', '--store', pair.dsn];
    const first = await startServer({ env, args });
    servers = [first, await startServer({ env, args: [...args, '--key-file', `${first.data}.key`] })];
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await pair.stop();
  });

  test(`${ROUNDS} times: no acknowledged write is lost, no read is stale`, async () => {
    const load = await Load.open(servers);
    for (let round = 1; round <= ROUNDS; round += 1) {
      await load.during(async () => {
        await load.written(WRITES, BOTH);
        await pair.killPrimary();
        await pair.promote();
        await load.written(WRITES, BOTH);
      });
      await pair.rebuild();
      await load.check(`round ${round}`);
    }
    await load.verify();
  });
});
