// Case 37: a server that stands still in the middle of its work, with the writers' lock or without, holds up the other for
// a few seconds; and when it goes on, what it had begun is done whole or not at all. COFFER_TEST_SIZE=full does it twenty
// times.

import { after, before, describe, test } from 'node:test';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { newDatabase } from '../support/postgres-place.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { Load } from './fixture.ts';

const ROUNDS = process.env['COFFER_TEST_SIZE'] === 'full' ? 20 : 2;
const WRITES = 20;
const BOTH = [0, 1];

describe('a server that stands still', { skip: whyNoPostgres() ?? false }, () => {
  let postgres: Postgres;
  let servers: readonly RunningServer[] = [];
  before(async () => {
    postgres = await startPostgres();
    const args = ['--workers=1', '--store', await newDatabase(postgres)];
    const first = await startServer({ args });
    servers = [first, await startServer({ args: [...args, '--key-file', `${first.data}.key`] })];
  });
  after(async () => {
    for (const server of servers) server.process.kill('SIGCONT');
    await Promise.all(servers.map((server) => server.stop()));
    await postgres.stop();
  });

  test(`${ROUNDS} times: the other goes on, and nothing is lost or done by halves`, async () => {
    const load = await Load.open(servers);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const stopped = round % 2;
      const { process: child } = servers[stopped] as RunningServer;
      await load.during(async () => {
        await load.written(WRITES, BOTH);
        child.kill('SIGSTOP');
        await load.written(WRITES, [1 - stopped]);
        child.kill('SIGCONT');
        await load.written(WRITES, BOTH);
      });
      await load.check(`round ${round}`);
    }
    await load.verify();
  });
});
