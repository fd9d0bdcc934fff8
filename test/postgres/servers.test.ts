// Several servers on one PostgreSQL: each has its own credential of the owner and its own audit streams, and any of them
// answers for all.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, apiOf, ownerToken } from '../support/api.ts';
import { coffer } from '../support/coffer.ts';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { newDatabase, runSql } from '../support/postgres-place.ts';
import { type RunningServer, scratch, startServer } from '../support/start.ts';

const base = '/v1/projects/default/secrets';
/** How soon a server's records are in the store, and then some. */
const SHARED_MS_MAX = 10_000;

let postgres: Postgres;

function must(api: Api): (method: string, path: string, body?: object) => ReturnType<Api> {
  return async (method, path, body) => {
    const answer = await api(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
    return answer;
  };
}

function asking(server: RunningServer) {
  return must(apiOf(server, ownerToken(server)));
}

async function startAll(count: number, dsn: string): Promise<RunningServer[]> {
  const first = await startServer({ args: ['--workers=1', '--store', dsn] });
  const args = ['--workers=1', '--store', dsn, '--key-file', `${first.data}.key`];
  const others = await Promise.all(Array.from({ length: count - 1 }, () => startServer({ args })));
  return [first, ...others];
}

/** The requests that an audit query by `server` finds, once it finds so many. */
async function found(server: RunningServer, operation: string, count: number): Promise<readonly string[]> {
  for (const endMs = performance.now() + SHARED_MS_MAX; ; await sleep(50)) {
    const { json } = await asking(server)('GET', `/coffer/v1/audit?operation=${operation}&limit=100`);
    const ids = json.records.map((record: { requestId: string }) => record.requestId).sort();
    if (ids.length >= count || performance.now() > endMs) return ids;
  }
}

/** Every row of every table, as text. */
async function everything(dsn: string): Promise<readonly string[]> {
  const tables = await runSql(dsn, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
  const rows = await Promise.all(tables.map(([table]) => runSql(dsn, `SELECT t::text FROM ${table} t`)));
  assert.ok(rows.flat().length > 20);
  return rows.flat().map(([text]) => String(text));
}

describe('several servers on one PostgreSQL', { skip: whyNoPostgres() ?? false }, () => {
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  test('that start at once on an empty database agree on one store', async () => {
    const dsn = await newDatabase(postgres);
    const keyFile = join(scratch(), 'coffer.key');
    const args = ['--workers=1', '--store', dsn, '--key-file', keyFile];
    const servers = await Promise.all([1, 2, 3].map(() => startServer({ args })));
    const [first, ...others] = servers as [RunningServer, ...RunningServer[]];
    await asking(first)('POST', `${base}?secretId=shared`, { replication: { automatic: {} } });
    await asking(first)('POST', `${base}/shared:addVersion`, { payload: { data: btoa('for all') } });
    for (const server of others) {
      const { json } = await asking(server)('GET', `${base}/shared/versions/latest:access`);
      assert.equal(atob(json.payload.data), 'for all');
    }
    const canaries = ['for all', ...servers.map((server) => ownerToken(server))];
    for (const text of await everything(dsn)) {
      for (const canary of canaries) {
        assert.ok(!text.includes(canary) && !text.includes(Buffer.from(canary).toString('hex')), text.slice(0, 200));
      }
    }
    const ids = servers.map(({ data }) => readFileSync(join(data, 'server.id'), 'utf8'));
    assert.equal(new Set(ids).size, 3);
    const authorities = await Promise.all(servers.map((server) => asking(server)('GET', '/coffer/v1/ca')));
    assert.equal(new Set(authorities.map(({ json }) => json.certificate)).size, 1);
    const keys = await Promise.all(servers.map((server) => asking(server)('GET', '/oauth2/v3/certs')));
    assert.equal(new Set(keys.map(({ json }) => json.keys[0].kid)).size, 1);
    for (const server of servers) assert.equal(await server.stop(), 0);
  });

  test('each writes an audit log of its own, and any of them finds and verifies all, also after one has died', async () => {
    const servers = await startAll(3, await newDatabase(postgres));
    const [first, second, third] = servers as [RunningServer, RunningServer, RunningServer];
    await asking(first)('POST', `${base}?secretId=read`, { replication: { automatic: {} } });
    await asking(second)('POST', `${base}/read:addVersion`, { payload: { data: btoa('v') } });
    const asked = [];
    for (const server of servers) {
      for (let count = 0; count < 5; count += 1) {
        asked.push((await asking(server)('GET', `${base}/read/versions/1:access`)).requestId);
      }
    }
    for (const server of servers) assert.deepEqual(await found(server, 'versions.access', 15), asked.toSorted());
    await third.kill();
    for (const server of [first, second]) {
      assert.deepEqual(await found(server, 'versions.access', 15), asked.toSorted());
      assert.equal((await found(server, 'versions.add', 1)).length, 1);
      const { json } = await asking(server)('GET', '/coffer/v1/audit:verify');
      assert.equal(json.ok, true, JSON.stringify(json));
    }
    const again = await third.restart();
    assert.equal((await asking(again)('GET', '/coffer/v1/audit:verify')).json.ok, true);
    for (const server of [first, second, again]) assert.equal(await server.stop(), 0);
  });

  test('what somebody changes in the shared log is named, by whichever server did not have it yet', async () => {
    const dsn = await newDatabase(postgres);
    const [first, second] = (await startAll(2, dsn)) as [RunningServer, RunningServer];
    await asking(first)('POST', `${base}?secretId=s`, { replication: { automatic: {} } });
    await found(second, 'secrets.create', 1);
    await first.stop();
    await runSql(
      dsn,
      'DELETE FROM audit_parts WHERE (stream, segment, at_bytes) IN (SELECT stream, segment, MAX(at_bytes) FROM audit_parts GROUP BY 1, 2)',
    );
    const third = await startServer({ args: ['--workers=1', '--store', dsn, '--key-file', `${first.data}.key`] });
    const { json } = await asking(third)('GET', '/coffer/v1/audit:verify');
    assert.equal(json.ok, false);
    assert.match(json.firstBad.problem, /was cut|is missing/);
    for (const server of [second, third]) await server.stop();
  });

  test('the store is backed up by any of them, with the log of all, and restored to a data directory', async () => {
    const [first, second] = (await startAll(2, await newDatabase(postgres))) as [RunningServer, RunningServer];
    await asking(first)('POST', `${base}?secretId=kept`, { replication: { automatic: {} } });
    await asking(second)('POST', `${base}/kept:addVersion`, { payload: { data: btoa('safe') } });
    await asking(second)('GET', `${base}/kept/versions/1:access`);
    const root = scratch();
    const made = await coffer(['backup', 'create', `--out=${join(root, 'copy')}`], { env: second.env });
    assert.equal(made.code, 0, made.stderr);
    for (const server of [first, second]) await server.stop();
    const keyFile = `${first.data}.key`;
    const restore = ['backup', 'restore', `--from=${join(root, 'copy')}`, `--data=${join(root, 'data')}`];
    const restored = await coffer([...restore, `--key-file=${keyFile}`]);
    assert.equal(restored.code, 0, restored.stderr);
    const third = await startServer({ root, args: ['--key-file', keyFile] });
    const { json } = await asking(third)('GET', `${base}/kept/versions/1:access`);
    assert.equal(atob(json.payload.data), 'safe');
    assert.equal((await asking(third)('GET', '/coffer/v1/audit:verify')).json.ok, true);
    assert.equal((await found(third, 'versions.add', 1)).length, 1);
    await third.stop();
  });

  test('a database that was set back is refused by every server that has seen more, and taken where that is asked for', async () => {
    const dsn = await newDatabase(postgres);
    const [first, second] = (await startAll(2, dsn)) as [RunningServer, RunningServer];
    await asking(first)('POST', `${base}?secretId=old`, { replication: { automatic: {} } });
    for (const server of [first, second]) await server.stop();
    const older = `${dsn}_older`;
    const nameOf = (address: string) => new URL(address).pathname.slice(1);
    const { user, password, host, port, database } = postgres;
    const admin = `postgres://${user}:${password}@${host}:${port}/${database}`;
    await runSql(admin, `CREATE DATABASE ${nameOf(older)} TEMPLATE ${nameOf(dsn)}`);
    const argsOf = (address: string) => ['--workers=1', '--store', address, '--key-file', `${first.data}.key`];
    const again = await startServer({ root: second.root, args: argsOf(dsn) });
    await asking(again)('POST', `${base}?secretId=new`, { replication: { automatic: {} } });
    await again.stop();
    const refused = /this is an older copy of the store: .*stands at \d+, and .*\.key\.seen-[0-9a-f]{16} has seen \d+/;
    await assert.rejects(startServer({ root: second.root, args: argsOf(older) }), refused);
    const taken = await startServer({ root: second.root, args: [...argsOf(older), '--accept-rollback'] });
    const { json } = await asking(taken)('GET', '/coffer/v1/audit?operation=server.acceptRollback');
    assert.equal(json.records.length, 1);
    await taken.stop();
    const later = await startServer({ root: second.root, args: argsOf(older) });
    assert.equal(await later.stop(), 0);
  });
});
