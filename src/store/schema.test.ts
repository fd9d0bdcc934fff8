// Migrations: each whole or not at all, each once, none of a newer program.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Connection } from './connection.ts';
import type { Migration } from './migration.ts';
import { migrate } from './schema.ts';
import { StoreError } from './store-error.ts';

const first: Migration = { name: '0001-first', statements: ['CREATE TABLE a (x BIGINT)', 'INSERT INTO a VALUES (1)'] };
const broken: Migration = {
  name: '0002-second',
  statements: ['CREATE TABLE b (x BIGINT)', 'INSERT INTO none VALUES (1)'],
};
const second: Migration = {
  name: '0002-second',
  statements: ['CREATE TABLE b (x BIGINT)', 'INSERT INTO a VALUES (2)'],
};

test('a migration that fails leaves nothing, and the next start goes on after the last whole one', () => {
  const root = mkdtempSync(join(tmpdir(), 'coffer-schema-'));
  const path = join(root, 'a.db');
  const connection = new Connection(path);
  try {
    const tables = () => connection.all("SELECT name FROM sqlite_schema WHERE name IN ('a', 'b') ORDER BY name").flat();
    assert.throws(() => migrate(connection, path, [first, broken]));
    assert.deepEqual(tables(), ['a']);
    for (let start = 0; start < 2; start++) {
      migrate(connection, path, [first, second]);
      assert.deepEqual(tables(), ['a', 'b']);
      assert.deepEqual(connection.all('SELECT x FROM a ORDER BY x'), [[1], [2]]);
    }
    assert.throws(
      () => migrate(connection, path, [first]),
      (error) => error instanceof StoreError && error.message.includes('(its schema has 0002-second)'),
    );
  } finally {
    connection.close();
    rmSync(root, { recursive: true });
  }
});
