import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMs } from '../../test/support/cpu.ts';
import { Fault } from './error.ts';
import { parseFilter } from './filter.ts';
import type { FieldRow } from './filter-comparison.ts';
import { SECRET_FIELDS, VERSION_FIELDS } from './filter-fields.ts';
import { FILTER_CHARS_MAX, FILTER_DEPTH_MAX, FILTER_TERMS_MAX, FILTER_VALUE_CHARS_MAX } from './limits.ts';

const ROW: FieldRow = {
  name: ['prod-db-main', 'projects/123/secrets/prod-db-main', 'projects/my-project/secrets/prod-db-main'],
  create_time: [Date.parse('2026-03-01T12:00:00Z')],
  etag: ['abc'],
  labels: { env: 'prod', team: 'payments' },
  annotations: { 'a.b': 'x y', note: 'say "hi"' },
  version_aliases: { live: 7 },
  expire_time: [],
  version_destroy_ttl: [86_400],
  topics: ['projects/p/topics/t'],
  'topics.name': ['projects/p/topics/t'],
  rotation: ['*'],
  'rotation.next_rotation_time': [Date.parse('2026-04-01T00:00:00Z')],
  'rotation.rotation_period': [2_592_000],
  'replication.automatic': [],
  'replication.user_managed': ['*'],
  'replication.user_managed.replicas': ['*'],
  'replication.user_managed.replicas.location': ['us-east1', 'europe-west1'],
};

const matches = (text: string) => parseFilter(text, SECRET_FIELDS)(ROW);
const refuses = (text: string) =>
  assert.throws(
    () => matches(text),
    (error) => error instanceof Fault && error.code === 'FILTER_INVALID',
    text.slice(0, 80),
  );

function check(expected: boolean, ...filters: string[]): void {
  for (const filter of filters) assert.equal(matches(filter), expected, filter);
}

test('names: a part of the last part, the whole, wildcards, and a full name by number or id', () => {
  check(true, 'name:db', 'name:"prod-db"', 'name=prod-db-main', 'db', '"prod"', 'name:prod*main', 'name=prod*');
  check(true, 'name=projects/123/secrets/prod-db-main', 'name:my-project/secrets', 'name=*db*', 'name:*');
  check(
    false,
    'name:secrets',
    'name=prod-db',
    'name=*db',
    'name:main*prod',
    'name:DB',
    'name=projects/999/secrets/prod-db-main',
  );
  check(false, 'name=prod-db-main*prod-db-main', 'name!=prod-db-main');
});

test('labels, annotations and aliases by key, by value, by presence', () => {
  check(true, 'labels.env=prod', 'labels.env:pr', 'labels.env:*', 'labels:env', 'labels:*', 'labels.env!=dev');
  check(true, 'annotations.a.b="x y"', 'annotations.note=\'say "hi"\'', 'annotations.note:"\\"hi\\""');
  check(true, 'version_aliases.live=7', 'versionAliases.live>6', 'version_aliases:live', 'labels.none!=x');
  check(false, 'labels.env=pro', 'labels.none:*', 'labels:none', 'labels.ENV=prod', 'version_aliases.live=8');
  check(false, 'labels.constructor:*', 'labels.__proto__:*', 'labels:toString', 'annotations:*none*');
});

test('times, durations, what is there and what is not', () => {
  check(true, 'create_time>2026-03-01', 'create_time>=2026-03-01T12:00:00Z', 'createTime<2026-03-01T12:00:00.001Z');
  check(true, 'create_time=2026-03-01T14:00:00+02:00', 'create_time > "2026-02-01T00:00:00Z"', 'NOT expire_time:*');
  check(
    true,
    'rotation:*',
    'rotation.rotation_period>=2592000s',
    'rotation.next_rotation_time<2026-04-02',
    'version_destroy_ttl:*',
  );
  check(false, 'create_time>2026-03-01T12:00:00Z', 'expire_time>2000-01-01', 'replication.automatic:*', '-rotation:*');
  check(
    true,
    'replication.user_managed:*',
    'replication.user_managed.replicas.location:us-east',
    'topics.name:topics/t',
  );
  check(true, 'replication.user_managed.replicas.location:* AND NOT replication.user_managed.replicas.location:asia');
});

test('OR binds tighter than AND, side by side is AND, a parenthesis after an operator holds for each value', () => {
  check(
    true,
    'labels.env=prod labels.team=payments',
    'name:none OR name:db',
    '(name:none OR name:db) AND labels.env=prod',
  );
  check(true, 'name:db AND labels.env=dev OR labels.env=prod', 'labels.env=(dev OR prod)', 'labels.env:(p AND r)');
  check(false, 'labels.env=dev AND name:db OR name:main', 'labels.env=(dev OR test)', 'NOT (name:db OR name:none)');
  check(
    true,
    'NOT(name:none)',
    'labels.env=(NOT dev)',
    '  name:db  ',
    '',
    '   ',
    'name : db',
    'name:db AND\n\tlabels.env=prod',
  );
});

test('versions are asked for their state', () => {
  const row: FieldRow = {
    name: ['3'],
    state: ['ENABLED'],
    create_time: [0],
    client_specified_payload_checksum: ['true'],
  };
  const ask = (text: string) => parseFilter(text, VERSION_FIELDS)(row);
  assert.equal(ask('state:ENABLED'), true);
  assert.equal(ask('state=ENABLED AND name=3'), true);
  assert.equal(ask('state!=ENABLED'), false);
  assert.equal(ask('state:(DISABLED OR DESTROYED)'), false);
});

test('what is no filter is refused', () => {
  for (const bad of [
    'nosuch:x',
    'name:',
    ':x',
    '(',
    ')',
    '()',
    '(name:x',
    'name:x)',
    'name<x',
    'state:ENABLED',
    'labels.env<a',
    'create_time>yesterday',
    'create_time>2026-13-01',
    'create_time:x',
    'rotation=x',
    'replication:x',
    'rotation.rotation_period>30d',
    'name:x OR',
    'AND name:x',
    'name:x AND AND name:y',
    'NOT',
    'name:x NOT',
    'name:"x',
    'name:"x\\',
    'OR',
    '= x',
    'name~x',
    'version_aliases.live=x',
    '__proto__:x',
    'constructor=x',
    'labels.env=()',
    'name.foo:x',
  ]) {
    refuses(bad);
  }
});

test('length, comparisons, nesting and values are bounded, each at its limit and above', () => {
  check(false, `name:${'x'.repeat(FILTER_VALUE_CHARS_MAX)}`);
  refuses(`name:${'x'.repeat(FILTER_VALUE_CHARS_MAX + 1)}`);
  refuses(`name:"${'x'.repeat(FILTER_VALUE_CHARS_MAX + 1)}"`);
  const terms = (count: number) => Array.from({ length: count }, () => 'name:db').join(' OR ');
  check(true, terms(FILTER_TERMS_MAX));
  refuses(terms(FILTER_TERMS_MAX + 1));
  refuses(`labels.env=(${Array.from({ length: FILTER_TERMS_MAX + 1 }, () => 'a').join(' OR ')})`);
  const nested = (depth: number) => `${'('.repeat(depth)}name:db${')'.repeat(depth)}`;
  check(true, nested(FILTER_DEPTH_MAX));
  refuses(nested(FILTER_DEPTH_MAX + 1));
  check(true, `name:db${' '.repeat(FILTER_CHARS_MAX - 7)}`);
  refuses(`name:db${' '.repeat(FILTER_CHARS_MAX - 6)}`);
});

test('any text is a filter or a fault, and cheap to try', () => {
  const parts = [
    'name',
    ':',
    '=',
    '*',
    '(',
    ')',
    ' AND ',
    ' OR ',
    'NOT ',
    '-',
    '"',
    "'",
    '\\',
    'a',
    '.',
    'labels.',
    '>',
    '\u{1f511}',
    ' ',
  ];
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  const start = cpuMs();
  for (let round = 0; round < 5000; round++) {
    const text = Array.from({ length: next(40) }, () => parts[next(parts.length)]).join('');
    try {
      assert.equal(typeof matches(text), 'boolean');
    } catch (error) {
      assert.ok(error instanceof Fault && error.code === 'FILTER_INVALID', text);
    }
  }
  const stars = `name:${'a*'.repeat(127)}b`;
  const many = Array.from({ length: 15 }, () => stars).join(' OR ');
  const hostile: FieldRow = { ...ROW, name: ['a'.repeat(255)] };
  const filter = parseFilter(many, SECRET_FIELDS);
  for (let row = 0; row < 1000; row++) assert.equal(filter(hostile), false);
  assert.ok(cpuMs() - start < 3000, 'no backtracking');
});
