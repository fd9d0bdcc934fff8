import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { newQuotaMemory, QuotaTable } from './quota-table.ts';

const START = 1_800_000_000_000;
const uid = () => randomBytes(16).toString('hex');

test('what one thread takes is gone for every other', () => {
  const memory = newQuotaMemory();
  const [one, other] = [new QuotaTable(memory), new QuotaTable(memory)];
  const project = uid();
  const taken = Array.from({ length: 100 }, (_, each) => (each % 2 ? one : other).take(project, 'access', 40, START));
  assert.equal(taken.filter(Boolean).length, 40);
});

test('projects and classes are counted apart', () => {
  const table = new QuotaTable(newQuotaMemory());
  const projects = Array.from({ length: 2000 }, uid);
  for (const project of projects) {
    assert.equal(table.take(project, 'access', 1, START), true);
    assert.equal(table.take(project, 'write', 1, START), true);
  }
  for (const project of projects) {
    assert.equal(table.take(project, 'access', 1, START), false);
    assert.equal(table.take(project, 'write', 1, START), false);
    assert.equal(table.take(project, 'read', 1, START), true);
  }
});
