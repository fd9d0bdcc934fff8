import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIGRATIONS } from '../migrations/all.ts';
import { numberParameters, schemaStatement } from './dialect.ts';

test('parameters are numbered in their order', () => {
  assert.equal(numberParameters('SELECT ? WHERE a = ? AND b > ?'), 'SELECT $1 WHERE a = $2 AND b > $3');
  assert.equal(numberParameters('COMMIT'), 'COMMIT');
});

test('every text of the schema compares by code point, and every ordinal numbers itself', () => {
  for (const { statements } of MIGRATIONS) {
    for (const statement of statements.map(schemaStatement)) {
      if (!/^(CREATE|ALTER) TABLE/.test(statement)) continue;
      assert.doesNotMatch(statement, /\bTEXT(?! COLLATE "C")/, statement);
      assert.doesNotMatch(statement, /INTEGER PRIMARY KEY/, statement);
    }
  }
  const text = "UPDATE t SET a = ' TEXT '";
  assert.equal(schemaStatement(text), text);
});
