// A store is moved into PostgreSQL and back, with all that it holds and its audit log; nothing is moved where either side
// is not as it should be.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { moveStore } from '../../src/move-store.ts';
import { apiOf, ownerToken } from '../support/api.ts';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { newDatabase, runSql } from '../support/postgres-place.ts';
import { type RunningServer, scratch, startServer } from '../support/start.ts';

const SECRETS = 300;
const base = '/v1/projects/default/secrets';
const env = {};

/** Something of most of what a store can hold. */
async function fill(server: RunningServer): Promise<void> {
  const must = asking(server);
  for (let index = 0; index < SECRETS; index += 1) {
    await must('POST', `${base}?secretId=s-${index}`, { replication: { automatic: {} }, labels: { ключ: 'é' } });
  }
  for (const value of ['one', 'two', 'three']) await must('POST', `${base}/s-7:addVersion`, payload(value));
  await must('POST', `${base}/s-7/versions/1:destroy`, {});
  await must('POST', `${base}/s-7/versions/2:disable`, {});
  await must('POST', '/v1/projects/default/serviceAccounts', { accountId: 'reader' });
  const members = ['serviceAccount:reader@default.iam.gserviceaccount.com'];
  const binding = { role: 'roles/secretmanager.secretAccessor', members };
  await must('POST', `${base}/s-7:setIamPolicy`, { policy: { bindings: [binding] } });
  await must('POST', '/v1/projects/-/serviceAccounts/reader@default.iam.gserviceaccount.com/keys', {});
  await must('PUT', '/v1/projects/default/topics/changes', {});
  await must('GET', `${base}/s-7/versions/latest:access`);
}

const payload = (value: string) => ({ payload: { data: btoa(value) } });

function asking(server: RunningServer) {
  const api = apiOf(server, ownerToken(server));
  return async (method: string, path: string, body?: object) => {
    const answer = await api(method, path, body);
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
    return answer.json;
  };
}

/** What a server says of all that was put in. */
async function look(server: RunningServer): Promise<unknown> {
  const must = asking(server);
  const policy = await must('GET', `${base}/s-7:getIamPolicy`);
  const versions = await must('GET', `${base}/s-7/versions`);
  const listed = await must('GET', `${base}?pageSize=1000`);
  const keys = await must('GET', '/v1/projects/-/serviceAccounts/reader@default.iam.gserviceaccount.com/keys');
  const value = await must('GET', `${base}/s-7/versions/latest:access`);
  return { policy, versions, listed, keys, value };
}

async function wholeLog(server: RunningServer): Promise<number> {
  const verdict = await asking(server)('GET', '/coffer/v1/audit:verify');
  assert.equal(verdict.ok, true, JSON.stringify(verdict));
  return verdict.records;
}

describe('a store is moved', { skip: whyNoPostgres() ?? false }, () => {
  let postgres: Postgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  test('into PostgreSQL and back, with its audit log, and nothing is lost on the way', async () => {
    const first = await startServer();
    await fill(first);
    const seen = await look(first);
    const records = await wholeLog(first);
    const dsn = await newDatabase(postgres);
    await assert.rejects(moveStore({ from: first.data, to: dsn, env }), /another coffer server is using/);
    assert.equal(await first.stop(), 0);
    const moved = await moveStore({ from: first.data, to: dsn, env });
    assert.ok(moved.rows > SECRETS && moved.bytes > 0);
    await assert.rejects(moveStore({ from: first.data, to: dsn, env }), /the store of --to is not empty/);

    // A new server, which knows the key and not the owner.
    const keyFile = `${first.data}.key`;
    const second = await startServer({ args: ['--store', dsn, '--key-file', keyFile] });
    assert.deepEqual(await look(second), seen);
    assert.ok((await wholeLog(second)) > records);
    await asking(second)('POST', `${base}/s-8:addVersion`, payload('later'));
    const back = join(scratch(), 'back');
    await assert.rejects(moveStore({ from: dsn, to: back, env }), /a coffer server is using the PostgreSQL/);
    const onPostgres = await wholeLog(second);
    assert.equal(await second.stop(), 0);
    await assert.rejects(moveStore({ from: dsn, to: first.data, env }), /is not empty/);
    await moveStore({ from: dsn, to: back, env });

    const root = scratch();
    renameSync(back, join(root, 'data'));
    const third = await startServer({ root, args: ['--key-file', keyFile] });
    assert.deepEqual(await look(third), seen);
    assert.ok((await wholeLog(third)) >= onPostgres);
    const { payload: later } = await asking(third)('GET', `${base}/s-8/versions/1:access`);
    assert.equal(atob(later.data), 'later');
    await third.stop();
  });

  test('or not at all: a row that the target does not take leaves both as they were', async () => {
    const server = await startServer();
    await asking(server)('POST', `${base}?secretId=odd`, { replication: { automatic: {} } });
    await server.stop();
    const database = new DatabaseSync(join(server.data, 'coffer.db'));
    // A text that PostgreSQL cannot hold.
    database.exec(`UPDATE projects SET display_name = 'a' || char(0) || 'b'`);
    database.close();
    const dsn = await newDatabase(postgres);
    await assert.rejects(moveStore({ from: server.data, to: dsn, env }));
    assert.deepEqual(await runSql(dsn, 'SELECT COUNT(*)::int FROM secrets'), [[0]]);
    assert.deepEqual(await runSql(dsn, 'SELECT COUNT(*)::int FROM meta'), [[0]]);
    const place = scratch();
    await runSql(dsn, `INSERT INTO audit_marks VALUES ('main', '1', 1, 1, 'h', '', 'm')`);
    await runSql(dsn, `INSERT INTO audit_parts VALUES ('main', '00000001', 5, 1, 'x')`);
    await assert.rejects(moveStore({ from: dsn, to: join(place, 'new'), env }), /has a gap in segment 00000001/);
    assert.deepEqual(readdirSync(place), []);
    assert.equal(existsSync(join(place, 'new')), false);
  });
});
