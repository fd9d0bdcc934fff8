// The schema of the embedded engine: files of earlier ones keep what they hold, and no need scans a table.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { Need } from '../../src/core/ports.ts';
import { writesOf } from '../../src/store/changes.ts';
import { Connection } from '../../src/store/connection.ts';
import { MIGRATIONS } from '../../src/store/migrations/all.ts';
import { readOf } from '../../src/store/reads.ts';
import { migrate } from '../../src/store/schema.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { apply } from './store-rows.ts';

const root = mkdtempSync(join(tmpdir(), 'coffer-schema-'));
after(() => rmSync(root, { recursive: true }));

test('a file of the first schema keeps all that it holds', async () => {
  const directory = join(root, 'first');
  mkdirSync(directory, { mode: 0o700 });
  const path = join(directory, 'coffer.db');
  const connection = new Connection(path);
  migrate(connection, path, MIGRATIONS.slice(0, 1));
  const policy = '{"bindings":[],"etag":"ACAB"}';
  const sealed = randomBytes(60_000);
  connection.run(`INSERT INTO projects VALUES ('u', 'old-project', '123', 'd', 1, 2, '{}', 'e', '${policy}', x'aa')`);
  const secrets = ['[]', '["europe-west1"]', '["a","b-1","c"]'];
  for (const [index, locations] of secrets.entries()) {
    connection.run(
      `INSERT INTO secrets VALUES (?, ?, 'u', '', ?, ?, 3, '{"a":"b"}', '{}', ?, 'f', '${policy}', 2, 2)`,
      [index + 5, `s${index}`, `n${index}`, `n${index}`, `{"locations":${locations}}`],
    );
  }
  connection.run("INSERT INTO versions VALUES ('v1', 's1', 1, 'DESTROYED', 4, 5, 'g', 6, 0, NULL, NULL)");
  connection.run("INSERT INTO versions VALUES ('v2', 's1', 2, 'ENABLED', 7, NULL, 'h', 8, 1, x'bb', ?)", [sealed]);
  connection.close();
  const store = openSqlite({ directory });
  const project = parseProjectRef('old-project');
  const at = { project, key: secretKey('n1' as never) };
  const rows = store.read({
    project: { need: 'project', project },
    secrets: { need: 'secrets', project, before: 0, limit: 9 },
    versions: { need: 'versions', ...at, before: 0, limit: 9 },
    payload: { need: 'payload', ...at, number: 0 },
    same: { need: 'sameValue', ...at, number: 2, limit: 9 },
  });
  assert.deepEqual(rows.project?.settings, {});
  assert.deepEqual(
    rows.secrets.rows.map(({ secret, cursor }) => [secret.name, secret.replication.locations, cursor]),
    [
      ['n2', [{ location: 'a' }, { location: 'b-1' }, { location: 'c' }], 7],
      ['n1', [{ location: 'europe-west1' }], 6],
      ['n0', [], 5],
    ],
  );
  const secret = rows.secrets.rows[1]?.secret;
  assert.deepEqual([secret?.previousVersion, secret?.location, secret?.topics, secret?.tags], [0, '', [], {}]);
  assert.deepEqual(secret && Object.keys(secret).filter((name) => /At$|rotation|Ttl/.test(name)), ['createdAt']);
  const [second, first] = rows.versions.rows;
  const base = { secretUid: 's1', state: 'ENABLED', createdAt: 7, etag: 'h', crc32c: 8, clientChecksum: true };
  assert.deepEqual(second, { uid: 'v2', number: 2, ...base });
  const destroyed = { state: 'DESTROYED', createdAt: 4, destroyedAt: 5, etag: 'g', crc32c: 6, clientChecksum: false };
  assert.deepEqual(first, { ...base, uid: 'v1', number: 1, ...destroyed });
  assert.ok(sealed.equals(rows.payload?.sealed?.ciphertext ?? Buffer.alloc(0)));
  assert.deepEqual(rows.same, []);
  assert.ok(secret);
  await apply(store, { change: 'secret.update', secret }, { change: 'secret.delete', uid: 's1' });
  assert.equal(store.erase(), true);
  assert.ok(
    !readFileSync(path).includes(sealed.subarray(0, 100)),
    'no copy of a payload stays where it was moved from',
  );
  store.close();
});

test('a file from before the census knows the members that its policies name', async () => {
  const directory = join(root, 'members');
  mkdirSync(directory, { mode: 0o700 });
  const path = join(directory, 'coffer.db');
  const connection = new Connection(path);
  migrate(
    connection,
    path,
    MIGRATIONS.slice(
      0,
      MIGRATIONS.findIndex(({ name }) => name === '0005-census'),
    ),
  );
  const unset = '{"bindings":[],"etag":"ACAB"}';
  const set = (...members: string[]) => JSON.stringify({ bindings: [{ role: 'r', members }], etag: 'BwAB' });
  connection.run(
    `INSERT INTO projects VALUES ('u', 'old-project', '123', 'd', 1, 2, '{}', 'e', '${unset}', x'aa', '{}')`,
  );
  for (const [index, policy] of [unset, set('allUsers', 'user:a,"b@x.org'), set('allUsers')].entries()) {
    connection.run(
      `INSERT INTO secrets (uid, project_uid, location, key, name, created_at, labels, annotations, replication, etag,
        policy, last_version, current_version) VALUES (?, 'u', '', ?, ?, 3, '{}', '{}', '{"locations":[]}', 'f', ?, 0, 0)`,
      [`s${index}`, `n${index}`, `n${index}`, policy],
    );
  }
  connection.run("INSERT INTO tokens (hash, member, kind, created_at) VALUES ('h', 'user:a@x.org', 'access', 1)");
  connection.close();
  const store = openSqlite({ directory });
  const naming = { need: 'secretsNaming', project: parseProjectRef('old-project'), after: '', limit: 9 } as const;
  const rows = store.read({
    all: { ...naming, members: ['allUsers'] },
    one: { ...naming, members: ['user:a,"b@x.org'] },
    token: { need: 'token', hash: 'h' },
  });
  assert.deepEqual(
    rows.all.map(({ uid }) => uid),
    ['s1', 's2'],
  );
  assert.deepEqual(
    rows.one.map(({ uid }) => uid),
    ['s1'],
  );
  assert.deepEqual(rows.token, { hash: 'h', member: 'user:a@x.org', kind: 'access', createdAt: 1 });
  store.close();
});

/** A merge of at most a page of rows, each from its index, is what may be sorted or walked, and the readers of one secret. */
const MERGED: ReadonlySet<string> = new Set(['dueSecrets', 'topicsNamed', 'secretsNaming', 'census', 'secretsSeen']);

test('every need is answered from an index', async () => {
  const directory = join(root, 'indexes');
  openSqlite({ directory }).close();
  const database = new DatabaseSync(join(directory, 'coffer.db'));
  const key = secretKey('a' as never);
  const from = { region: 'us-east-1' as never, name: 'a' as never };
  const seen = { region: from.region, after: 0, limit: 1 };
  for (const project of [parseProjectRef('some-project'), parseProjectRef('123456789012')]) {
    const needs: Need[] = [
      { need: 'project', project },
      { need: 'projects', after: '', limit: 1 },
      { need: 'projectCount' },
      { need: 'secret', project, key },
      { need: 'secrets', project, before: 0, limit: 1 },
      { need: 'version', project, key, number: 0 },
      { need: 'payload', project, key, number: 1 },
      { need: 'versions', project, key, before: 0, limit: 1 },
      { need: 'secret', project, key, deleted: true },
      { need: 'payload', project, key, number: 1, deleted: true },
      { need: 'versions', project, key, before: 0, limit: 1, deleted: true },
      { need: 'secret', project, key, spelled: true },
      { need: 'secret', project, key, spelled: true, deleted: true },
      { need: 'spellings', project, key },
      { need: 'version', project, key, number: 0, uid: 'a' },
      { need: 'payload', project, key, number: 0, spelled: true },
      { need: 'payloads', project, key, limit: 1 },
      { need: 'secret', project, key, from },
      { need: 'payload', project, key, number: 0, from },
      { need: 'payload', project, key, number: 0, from, versionId: 'a' },
      { need: 'version', project, key, number: 0, from, stage: 'a' },
      ...(['oldest', 'newest'] as const).flatMap((order) =>
        [true, false].map((withDeleted) => ({ need: 'secretsSeen', project, ...seen, order, withDeleted }) as const),
      ),
      { need: 'rotation', project, key },
      { need: 'rotation', project, key, from },
      { need: 'dueRotations', until: 1, limit: 1 },
      { need: 'currentVersions', project, deleted: false, before: 0, limit: 1 },
      { need: 'currentVersions', project, deleted: true, before: 0, limit: 1 },
      { need: 'account', email: 'a@b' as never },
      { need: 'accountOfUid', uid: 'a' },
      { need: 'accounts', project, after: '', limit: 1 },
      { need: 'accountKey', id: '' },
      { need: 'accountKeys', email: 'a@b' as never },
      { need: 'token', hash: '' },
      { need: 'topic', project, id: '' },
      { need: 'subscription', project, id: '' },
      { need: 'topics', project, after: '', limit: 1 },
      { need: 'subscriptions', project, after: '', limit: 1 },
      { need: 'topicsNamed', names: ['projects/a/topics/b', 'c'] },
      { need: 'tagKey', tag: { id: '1' } },
      { need: 'tagKey', tag: { project, shortName: '' } },
      { need: 'tagKeys', project, after: '', limit: 1 },
      { need: 'tagValues', keyId: '1', after: '', limit: 1 },
      { need: 'tagValuesNamed', tags: [{ id: '1' }, { project, keyName: '', shortName: '' }] },
      { need: 'projectOfTag', kind: 'tagKeys', id: '1' },
      { need: 'projectOfTag', kind: 'tagValues', id: '1' },
      { need: 'tagsOfSecret', project, key },
      { need: 'tagUse', valueId: '1' },
      { need: 'tagUseElsewhere', project },
      { need: 'retired', name: 'a' },
      { need: 'events', after: 0, limit: 1 },
      { need: 'dueSecrets', until: 0, limit: 1 },
      { need: 'dueVersions', until: 0, limit: 1 },
      { need: 'sameValue', project, key, number: 1, limit: 1 },
      { need: 'census', project, key, limit: 1 },
      { need: 'censusOfProject', project, limit: 1 },
      { need: 'censusOfPrincipal', project, principal: 'a', limit: 1 },
      { need: 'secretsNaming', project, members: ['a', 'b'], after: '', limit: 1 },
    ];
    for (const need of needs) {
      const read = readOf(need);
      for (const { sql } of read.total === undefined ? [read] : [read, read.total]) {
        const steps = plan(database, sql);
        const walks = MERGED.has(need.need) ? /SCAN (?!by_|dues?$|naming|part$|found$)/m : /SCAN|TEMP B-TREE/;
        assert.doesNotMatch(steps, walks, `${need.need}:\n${steps}`);
        const counts = sql === read.total?.sql && /COUNT/.test(sql);
        if (counts) assert.match(steps, /COVERING INDEX/, `the total of ${need.need}:\n${steps}`);
        // Spelled names are counted where few can be meant.
        if (need.need === 'spellings') assert.match(steps, /INDEX secrets_by_spelling/, steps);
      }
    }
  }
  const email = 'a@b' as never;
  const expiry = writesOf({ change: 'events.deleteBefore', time: 0 });
  const secretPolicies = writesOf({
    change: 'account.delete',
    email,
    deletedMember: '',
    policyEtag: '',
    awsArns: [],
    awsDeleted: 'AIDA0',
  }).at(-1);
  assert.ok(secretPolicies && 'query' in secretPolicies);
  for (const step of [...expiry, secretPolicies.query]) {
    const { sql } = 'query' in step ? step.query : step;
    assert.match(
      plan(database, sql),
      /INDEX (secrets_with_policy|secret_members_by_member)|SEARCH events USING INTEGER PRIMARY KEY/,
      sql,
    );
  }
  database.close();
});

function plan(database: DatabaseSync, sql: string): string {
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
  return steps.map(({ detail }) => String(detail)).join('\n');
}
