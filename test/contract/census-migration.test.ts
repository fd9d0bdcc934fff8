// What a store of before the census by place knows of readers is there afterwards, on both engines.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { Store } from '../../src/core/ports.ts';
import { Connection } from '../../src/store/connection.ts';
import { MIGRATIONS } from '../../src/store/migrations/all.ts';
import { schemaStatement } from '../../src/store/postgres/dialect.ts';
import { connect } from '../../src/store/postgres/link.ts';
import { openPostgres } from '../../src/store/postgres/store.ts';
import { migrate } from '../../src/store/schema.ts';
import { MIGRATION_INSERT, MIGRATIONS_CREATE } from '../../src/store/sql/schema.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { connectingTo, newDatabase } from '../support/postgres-place.ts';

const BEFORE = MIGRATIONS.slice(
  0,
  MIGRATIONS.findIndex(({ name }) => name === '0014-census-by-place'),
);
const UNSET = '{"bindings":[],"etag":"ACAB"}';
const NAMES = ['a', 'b'];

/** A project with two secrets of two versions, and five sightings. */
const ROWS: readonly string[] = [
  `INSERT INTO projects (uid, id, number, display_name, created_at, updated_at, labels, etag, policy, wrapped_key, settings)
    VALUES ('p', 'old-project', '123', 'd', 1, 2, '{}', 'e', '${UNSET}', 'k', '{}')`,
  ...NAMES.map(
    (name, index) => `INSERT INTO secrets (ordinal, uid, project_uid, location, key, name, created_at, labels,
      annotations, replication, etag, policy, last_version, current_version, previous_version, settings)
      VALUES (${index + 5}, 's${name}', 'p', '', '${name}', '${name}', 3, '{}', '{}', '{"locations":[]}', 'f', '${UNSET}',
      2, 2, 1, '{"tags":{},"versionAliases":{},"topics":[]}')`,
  ),
  ...NAMES.flatMap((name, index) =>
    [1, 2].map(
      (number) => `INSERT INTO versions (ordinal, uid, secret_uid, number, state, created_at, etag, crc32c,
        client_checksum, wrapped_key, ciphertext)
        VALUES (${(index + 5) * 131_072 + number}, 'v${name}${number}', 's${name}', ${number}, 'ENABLED', 4, 'g', 5, 0, 'k', 'c')`,
    ),
  ),
  ...[
    "'sa', 'user:x@y', 1, 'web', 'gcp', 10, 20, 3",
    "'sa', 'user:x@y', 2, 'web', 'gcp', 11, 30, 1",
    "'sa', 'user:x@y', 2, '', 'vault', 12, 25, 1",
    "'sa', 'user:z@y', 2, 'web', 'gcp', 13, 40, 7",
    "'sb', 'user:x@y', 1, 'job', 'azure', 14, 50, 2",
  ].map(
    (values) => `INSERT INTO census (project_uid, secret_uid, principal, version, workload, dialect, first_seen_at,
      last_seen_at, reads) VALUES ('p', ${values})`,
  ),
];

async function check(store: Store): Promise<void> {
  const project = parseProjectRef('old-project');
  const readers = { need: 'census', project, key: secretKey('a' as never), limit: 9 } as const;
  const of = { need: 'censusOfPrincipal', project, principal: 'user:x@y', limit: 9 } as const;
  const all = { need: 'censusOfProject', project, limit: 9 } as const;
  const rows = await store.read({ readers, of, all });
  assert.deepEqual(
    rows.readers.map(({ principal, version, workload, dialect, firstSeenAt, lastSeenAt, reads, state }) =>
      [principal, version, workload, dialect, firstSeenAt, lastSeenAt, reads, state].join(' '),
    ),
    [
      'user:z@y 2 web gcp 13 40 7 ENABLED',
      'user:x@y 2 web gcp 11 30 1 ENABLED',
      'user:x@y 2  vault 12 25 1 ENABLED',
      'user:x@y 1 web gcp 10 20 3 ENABLED',
    ],
  );
  const brief = rows.of.map(({ sighting, secret }) => `${secret.name} ${sighting.secretUid} ${sighting.lastSeenAt}`);
  assert.deepEqual(brief, ['b sb 50', 'a sa 30', 'a sa 25', 'a sa 20']);
  assert.equal(rows.all.length, 5);
}

const root = mkdtempSync(join(tmpdir(), 'coffer-census-'));
after(() => rmSync(root, { recursive: true }));

test('a file of before keeps its readers', async () => {
  const directory = join(root, 'data');
  mkdirSync(directory, { mode: 0o700 });
  const path = join(directory, 'coffer.db');
  const connection = new Connection(path);
  migrate(connection, path, BEFORE);
  for (const row of ROWS) connection.run(row);
  connection.close();
  const store = openSqlite({ directory });
  await check(store);
  store.close();
});

test('so does a database', { skip: whyNoPostgres() ?? false }, async () => {
  const postgres = await startPostgres();
  try {
    const connecting = connectingTo(await newDatabase(postgres));
    const link = await connect(connecting);
    const rows = ROWS.map((row) => row.replaceAll(/'(k|c)'/g, "'\\x00'"));
    const made = BEFORE.flatMap(({ statements }) => statements.map(schemaStatement));
    const noted = BEFORE.map(({ name }, ordinal) => ({ sql: MIGRATION_INSERT, values: [ordinal, name] }));
    const plain = [schemaStatement(MIGRATIONS_CREATE), ...made, ...rows].map((sql) => ({ sql, values: [] }));
    await link.run([...plain, ...noted]);
    link.close();
    const store = await openPostgres({ connecting, server: 's000001', clock: { now: () => Date.now() } });
    await check(store);
    await store.close();
  } finally {
    await postgres.stop();
  }
});
