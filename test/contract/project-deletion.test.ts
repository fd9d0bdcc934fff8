// After a project was deleted no row of any table names it, but for those that say that it is gone.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { openSqlite } from '../../src/store/sqlite.ts';
import { apply } from './store-rows.ts';
import { deletionOf, fillProject } from './store-spec-projects.ts';

const directory = mkdtempSync(join(tmpdir(), 'coffer-deletion-'));
after(() => rmSync(directory, { recursive: true }));

test('no row is left that names a deleted project', async () => {
  const store = openSqlite({ directory });
  const [gone, stays] = [await fillProject(store), await fillProject(store)];
  const database = new DatabaseSync(join(directory, 'coffer.db'));
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  /** The tables with a row that has one of these texts. */
  const naming = (...texts: readonly string[]) =>
    tables.flatMap(({ name }) => {
      const rows = database.prepare(`SELECT * FROM "${name}"`).all();
      const said = rows.map((row) =>
        JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
      );
      return said.some((row) => texts.some((text) => row.includes(text))) ? [String(name)] : [];
    });
  const counted = () =>
    Object.fromEntries(
      tables.map(({ name }) => [name, database.prepare(`SELECT COUNT(*) AS n FROM "${name}"`).get()?.['n']]),
    );
  const before = counted();
  const filled = naming(gone.uid, `"${gone.id}"`);
  for (const table of ['accounts', 'census', 'crypto_keys', 'secrets', 'tokens', 'topics', 'vault_entries'])
    assert.ok(filled.includes(table), table);
  await apply(store, deletionOf(gone));
  const left = database.prepare("SELECT id FROM vault_entries WHERE id LIKE '%' || ? || '%'").all(gone.uid);
  assert.deepEqual(
    left.map(({ id }) => id),
    [`token/${gone.uid}-other`],
  );
  assert.deepEqual(naming(gone.uid, gone.id).sort(), ['retired_names', 'vault_entries']);
  // Of two that were filled alike, half is left of everything.
  const now = counted();
  for (const table of [
    'secrets',
    'versions',
    'census',
    'census_principals',
    'accounts',
    'account_keys',
    'tokens',
    'topics',
    'tag_keys',
    'tag_values',
    'tag_bindings',
    'crypto_keys',
    'crypto_key_versions',
    'secret_members',
  ]) {
    assert.equal(Number(now[table]) * 2, Number(before[table]), table);
    assert.ok(Number(now[table]) > 0, table);
  }
  assert.ok(naming(stays.uid).length > 5);
  database.close();
  store.close();
});
