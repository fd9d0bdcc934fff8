import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileFilter, needsClientFilter } from './filter.ts';

const resource = {
  projectId: 'alpha-1',
  projectNumber: '42',
  createTime: '2026-05-01T00:00:00Z',
  labels: { env: 'Prod' },
  members: ['user:a@x', 'user:b@x'],
};

function matches(text: string): boolean {
  return compileFilter(text, new Map([['ID', 'projectId']]))(resource);
}

test('each operator', () => {
  for (const text of [
    'projectId=alpha-1',
    'projectId:alpha',
    'projectId:alp*',
    'projectId!=beta',
    'projectId~^al.*1$',
    'projectId!~^b',
    'projectNumber>41',
    'projectNumber<=42',
    'createTime>2026-04-30',
    "createTime<'2026-06-01T00:00:00Z'",
    'labels.env=prod',
    'labels:env',
    'labels.env:*',
    'members:b@x',
    'members=user:a@x',
    'ID=alpha-1',
    'projectId=(beta, alpha-1)',
    'NOT projectId=beta',
    '-projectId=beta',
    'projectId="alpha-1"',
  ]) {
    assert.equal(matches(text), true, text);
  }
  for (const text of [
    'projectId=alpha',
    'projectNumber>42',
    'labels.none:*',
    'none=x',
    'members=b',
    'createTime<2026-01-01',
  ]) {
    assert.equal(matches(text), false, text);
  }
});

test('AND binds tighter than OR, and OR tighter than standing side by side', () => {
  assert.equal(matches('projectId=x AND projectNumber=0 OR labels.env=prod'), true);
  assert.equal(matches('projectId=x projectNumber=0 OR labels.env=prod'), false);
  assert.equal(matches('projectId=x AND (projectNumber=0 OR labels.env=prod)'), false);
  assert.equal(matches('(projectId=alpha-1) (labels.env=prod)'), true);
});

test('what is not understood is named', () => {
  assert.throws(() => compileFilter('projectId'), /expected one of : = != < <= > >= ~ !~ at \[the end\]/);
  assert.throws(() => compileFilter('(projectId=x'), /expected \) at/);
  assert.throws(() => compileFilter('a~('), /expected \) at/);
  assert.throws(() => compileFilter('a~"("'), /not a regular expression/);
  assert.throws(() => compileFilter(`${'('.repeat(50)}a=b${')'.repeat(50)}`), /nested too deeply/);
  assert.throws(() => compileFilter('a=b)'), /expected the end/);
});

test('only a regular expression keeps a filter on this side', () => {
  assert.equal(needsClientFilter('name:x AND labels.a=b'), false);
  assert.equal(needsClientFilter('name~^x'), true);
});
