import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from './error.ts';
import { TAG_NAME_CHARS_MAX, TAGS_MAX } from './limits.ts';
import type { Project } from './secret.ts';
import {
  isTagId,
  isTagShortName,
  parseNamespaced,
  parseTags,
  type TagValueOfProject,
  withoutTag,
  withTag,
} from './tag.ts';

const invalid = (error: unknown) => error instanceof Fault && error.code === 'INVALID_FIELD';

test('ids are numbers as Google writes them', () => {
  for (const id of ['1', '281480123456789', '9'.repeat(19)]) assert.ok(isTagId(id), id);
  for (const id of ['', '0', '01', '-1', '1a', '1\n', '9'.repeat(20)]) assert.ok(!isTagId(id), id);
});

test('short names: a letter or digit first, then anything printable but quotes and slashes', () => {
  for (const name of [
    'a',
    '7',
    'env',
    'Cost-Center_1.2',
    'two words',
    'ключ',
    'a%2Fb',
    'x'.repeat(TAG_NAME_CHARS_MAX),
  ]) {
    assert.ok(isTagShortName(name), name);
  }
  for (const name of [
    '',
    '-a',
    ' a',
    'a/b',
    "a'b",
    'a"b',
    'a\\b',
    'a\nb',
    'a\u0000',
    'x'.repeat(TAG_NAME_CHARS_MAX + 1),
  ]) {
    assert.ok(!isTagShortName(name), JSON.stringify(name));
  }
});

test('tags of a new secret: by name or by id, at most fifty', () => {
  const good = { '123/environment': 'production', 'tagKeys/281478': 'tagValues/29', 'my-project/a_b': 'c.d' };
  assert.deepEqual(parseTags(good), [
    { value: { project: '123', keyName: 'environment', shortName: 'production' } },
    { keyId: '281478', value: { id: '29' } },
    { value: { project: 'my-project', keyName: 'a_b', shortName: 'c.d' } },
  ]);
  for (const [tag, value] of [
    ['environment', 'production'],
    ['123/', 'x'],
    ['123/a', ''],
    ['123/a', 'x/y/z'],
    ['Not A Project/a', 'x'],
    ['tagKeys/1', 'production'],
    ['tagKeys/x', 'tagValues/1'],
    ['123/a', 'tagValues/1'],
    ['tagKeys/1/2', 'tagValues/1'],
  ] as const) {
    assert.throws(() => parseTags({ [tag]: value }), invalid, `${tag} ${value}`);
  }
  const full = Object.fromEntries(Array.from({ length: TAGS_MAX }, (_, index) => [`1/k${index}`, 'v']));
  assert.equal(parseTags(full).length, 50);
  assert.throws(() => parseTags({ ...full, '1/more': 'v' }), invalid);
});

test('a namespaced name has exactly its parts', () => {
  assert.deepEqual(parseNamespaced('my-project/env', 2), { project: 'my-project', names: ['env'] });
  assert.deepEqual(parseNamespaced('42/env/prod', 3), { project: '42', names: ['env', 'prod'] });
  for (const text of ['', 'env', 'my-project/', '/env', 'my-project/env/prod', 'P/env', 'tagKeys/namespaced']) {
    assert.equal(parseNamespaced(text, 2), undefined, text);
  }
});

test('a secret keeps a tag under its id and under its name, and loses both', () => {
  const project = { id: 'my-project' } as Project;
  const times = { description: '', createdAt: 0, updatedAt: 0, etag: 'a' };
  const tag: TagValueOfProject = {
    project,
    key: { id: '1', projectUid: 'p', shortName: 'env', ...times },
    value: { id: '2', keyId: '1', shortName: 'prod', ...times },
  };
  const other = { 'tagKeys/3': 'tagValues/4', 'my-project/team': 'a' };
  const tags = withTag(other, tag);
  assert.deepEqual(tags, { ...other, 'tagKeys/1': 'tagValues/2', 'my-project/env': 'prod' });
  assert.deepEqual(withoutTag(tags, tag), other);
});
