// What can be wrong with a PostgreSQL: one clear line where it keeps a server from starting, an answer in time where it
// comes later, nothing half done, and no need of a restart.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { parseProjectRef } from '../../src/core/name.ts';
import { openPostgres, type PostgresStore } from '../../src/store/postgres/store.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { aRecord, seed } from '../contract/store-rows.ts';
import { type Api, apiOf, ownerToken } from '../support/api.ts';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { connectingTo, newDatabase, runSql } from '../support/postgres-place.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const base = '/v1/projects/default/secrets';
/** Whatever happens to the store, a request is answered within this. */
const ANSWER_MS_MAX = 12_000;
const COMMIT_NAME = `coffer_${hash('sha256', 'COMMIT', 'hex').slice(0, 32)}`;

let postgres: Postgres;

/** Why the store does not open, in one line. */
async function refused(dsn: string, message: RegExp): Promise<void> {
  await assert.rejects(
    openPostgres({ connecting: connectingTo(dsn), server: 's000001', clock: { now: () => 0 } }),
    (error) => {
      assert.ok(error instanceof StoreError, String(error));
      assert.match(error.message, /^cannot open PostgreSQL 127\.0\.0\.1:[^ ]*: [^\n]*$/);
      assert.match(error.message, message);
      assert.ok(!error.message.includes(postgres.password), 'the password is not told');
      return true;
    },
  );
}

/** A user of its own, who owns nothing. */
async function stranger(dsn: string, options = ''): Promise<string> {
  const name = `stranger_${Math.random().toString(36).slice(2, 10)}`;
  await runSql(dsn, `CREATE ROLE ${name} LOGIN PASSWORD 'other' ${options}`);
  return dsn.replace(/\/\/[^@]*@/, `//${name}:other@`);
}

function owner(server: RunningServer): Api {
  return apiOf(server, ownerToken(server));
}

async function timed(api: Api, method: string, path: string, body?: object) {
  const begunMs = performance.now();
  const answer = await api(method, path, body);
  assert.ok(performance.now() - begunMs < ANSWER_MS_MAX, 'the answer came in time');
  return answer;
}

const create = (api: Api, name: string) =>
  timed(api, 'POST', `${base}?secretId=${name}`, { replication: { automatic: {} } });

describe('a server does not start', { skip: whyNoPostgres() ?? false }, () => {
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  test('on a PostgreSQL that is too old', async () => {
    const dsn = await newDatabase(postgres);
    // It says of itself that it is another version.
    await runSql(dsn, 'CREATE SCHEMA old');
    await runSql(
      dsn,
      `CREATE FUNCTION old.current_setting(name text) RETURNS text LANGUAGE sql AS $$
        SELECT CASE name WHEN 'server_version_num' THEN '140012' WHEN 'server_version' THEN '14.12'
          ELSE pg_catalog.current_setting(name) END $$`,
    );
    await runSql(dsn, `ALTER DATABASE ${dsn.split('/').at(-1)} SET search_path = old, pg_catalog, public`);
    await refused(dsn, /it is PostgreSQL 14\.12, which is too old: use PostgreSQL 15/);
  });

  test('with a user who has no rights, or is not let in, or finds no connection left', async () => {
    const dsn = await newDatabase(postgres);
    await refused(await stranger(dsn), /its user may not do what is needed: let the user of --store own the database/);
    await refused(await stranger(dsn, 'CONNECTION LIMIT 0'), /it has no connection left: raise max_connections/);
    const { host, port, user } = postgres;
    await refused(`postgres://${user}@${host}:${port}/x`, /it does not let the user in: correct the user and password/);
    await refused(`postgres://${user}:wrong@${host}:${port}/x`, /it does not let the user in/);
    await refused(`${dsn}_gone`, /its database does not exist: create it, or correct --store/);
  });

  test('where it can only be read, or nobody answers', async () => {
    const dsn = await newDatabase(postgres);
    await runSql(dsn, `ALTER DATABASE ${dsn.split('/').at(-1)} SET default_transaction_read_only = on`);
    await refused(dsn, /it can only be read: name the primary in --store/);
    await refused(dsn.replace(/@[^/]*/, '@127.0.0.1:1'), /it does not answer: start it, or correct --store/);
    await refused(dsn.replace(/@[^/]*/, `@127.0.0.1:1,127.0.0.1:${postgres.port}`), /it can only be read/);
    await refused(`${dsn}?sslmode=verify-full`, /it does not speak TLS: /);
    const password = new RegExp(postgres.password);
    await assert.rejects(startServer({ args: ['--workers=0', '--store', dsn] }), (error: Error) => {
      assert.match(error.message, /ended with 1; it said:\nERROR: \(coffer\.server\) cannot open PostgreSQL [^\n]*\n$/);
      return !password.test(error.message);
    });
  });

  test('where its settings would change what is kept', async () => {
    const dsn = await newDatabase(postgres);
    const name = dsn.split('/').at(-1);
    await runSql(dsn, `CREATE DATABASE latin_${name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
    await refused(dsn.replace(/[^/]*$/, `latin_${name}`), /its database is in LATIN1: make one in UTF8/);
    await runSql(dsn, `ALTER DATABASE ${name} SET bytea_output = 'escape'`);
    await refused(dsn, /its bytea_output is not hex/);
  });

  test('on the database of a newer coffer, or of another program', async () => {
    const dsn = await newDatabase(postgres);
    const store = await openPostgres({ connecting: connectingTo(dsn), server: 's000001', clock: { now: () => 0 } });
    await store.close();
    await runSql(dsn, `INSERT INTO schema_migrations VALUES (99, '0099-future')`);
    await refused(dsn, /a newer coffer wrote it \(its schema has 0099-future\): start that version/);
    const theirs = await newDatabase(postgres);
    await runSql(theirs, 'CREATE TABLE secrets (id INT)');
    await refused(theirs, /it is a database of another program: name an empty one in --store/);
    assert.deepEqual(await runSql(theirs, `SELECT COUNT(*)::int FROM pg_tables WHERE schemaname = 'public'`), [[1]]);
  });
});

test('defaults of the user that would weaken a transaction are overruled', {
  skip: whyNoPostgres() ?? false,
}, async () => {
  const own = await startPostgres();
  try {
    const dsn = await newDatabase(own);
    const name = dsn.split('/').at(-1);
    const defaults = {
      default_transaction_isolation: 'serializable',
      synchronous_commit: 'off',
      statement_timeout: '5000',
    };
    for (const [setting, value] of Object.entries(defaults)) {
      await runSql(dsn, `ALTER DATABASE ${name} SET ${setting} = '${value}'`);
    }
    const options = { connecting: connectingTo(dsn), clock: { now: () => 0 } };
    const stores = await Promise.all(['s000001', 's000002'].map((server) => openPostgres({ ...options, server })));
    const [one, two] = stores as [PostgresStore, PostgresStore];
    const { project } = await seed(one, 0);
    const at = { project: { need: 'project', project: parseProjectRef(project.id) } } as const;
    // Each decides on what it sees: with a snapshot from before the lock some of them would be lost, or fail.
    const add = (store: PostgresStore) =>
      store.transact(at, ({ project: seen }) => {
        assert.ok(seen);
        const changed = { ...seen, displayName: String(Number.parseInt(seen.displayName, 10) + 1 || 1) };
        return { result: undefined, changes: [{ change: 'project.update', project: changed }], record: aRecord() };
      });
    await Promise.all(Array.from({ length: 40 }, (_, index) => add(index % 2 === 0 ? one : two)));
    assert.equal((await one.read(at)).project?.displayName, '40');
    for (const store of stores) await store.close();
  } finally {
    await own.stop();
  }
});

describe('a server that runs', { skip: whyNoPostgres() ?? false }, () => {
  let dsn: string;
  let proxy: TcpProxy;
  let server: RunningServer;
  let api: Api;

  before(async () => {
    postgres = await startPostgres();
    dsn = await newDatabase(postgres);
    proxy = await startTcpProxy(postgres.port);
    const through = dsn.replace(/:\d+\//, `:${proxy.port}/`);
    server = await startServer({ args: ['--workers=1', '--store', through] });
    api = owner(server);
    assert.equal((await create(api, 'there')).status, 200);
    const added = await timed(api, 'POST', `${base}/there:addVersion`, { payload: { data: btoa('value') } });
    assert.equal(added.status, 200);
  });
  after(async () => {
    await server.stop();
    await proxy.close();
    await postgres.stop();
  });

  const read = () => timed(api, 'GET', `${base}/there/versions/1:access`);

  test('answers unavailable while its store is away, and goes on once it is back', async () => {
    assert.equal((await read()).status, 200);
    proxy.cut();
    const [during, change] = await Promise.all([read(), create(api, 'during')]);
    assert.equal(during.status, 503, during.text);
    assert.equal(change.status, 503, change.text);
    proxy.restore();
    assert.equal((await read()).status, 200);
    assert.equal((await create(api, 'during')).status, 200);
  });

  test('does again what a connection that broke has undone', async () => {
    for (let count = 0; count < 5; count += 1) {
      const making = create(api, `again-${count}`);
      const reading = read();
      await new Promise((resolve) => setTimeout(resolve, count));
      proxy.cut();
      proxy.restore();
      assert.equal((await reading).status, 200);
      assert.equal((await making).status, 200);
    }
  });

  test('tells the truth of a commit whose answer was lost: it was made, once', async () => {
    for (let count = 1; count <= 3; count += 1) {
      const cut = proxy.cutAfter(COMMIT_NAME);
      const answer = await timed(api, 'POST', `${base}/there:addVersion`, { payload: { data: btoa(`lost-${count}`) } });
      await cut;
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.json.name, new RegExp(`/versions/${count + 1}$`));
    }
    const { json } = await timed(api, 'GET', `${base}/there/versions`);
    assert.equal(json.totalSize, 4);
  });

  test('waits for the lock of others only so long, and has done nothing then', async () => {
    const client = new pg.Client({ connectionString: dsn });
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM stamps FOR UPDATE');
    const answer = await create(api, 'locked');
    assert.equal(answer.status, 503, answer.text + server.logs());
    assert.equal((await read()).status, 200, 'reads wait for nobody');
    await client.query('ROLLBACK');
    await client.end();
    assert.equal((await create(api, 'locked')).status, 200);
  });

  test('says that its schema is too new for it once another has changed it', async () => {
    await runSql(dsn, 'UPDATE stamps SET schema = schema + 1');
    const [reading, making] = await Promise.all([read(), create(api, 'newer')]);
    for (const answer of [reading, making]) {
      assert.equal(answer.status, 503, answer.text);
    }
    await runSql(dsn, 'UPDATE stamps SET schema = schema - 1');
    assert.equal((await read()).status, 200);
    assert.equal((await create(api, 'newer')).status, 200);
  });

  test('has a whole audit log after all of it', async () => {
    const { json } = await timed(api, 'GET', '/coffer/v1/audit:verify');
    assert.equal(json.ok, true, JSON.stringify(json));
  });
});
