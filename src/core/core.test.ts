import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { crc32c } from './crc32c.ts';
import { FAULT_CODES, Fault, fill } from './error.ts';
import { parseAnnotations, parseLabels } from './labels.ts';
import { ANNOTATIONS_BYTES_MAX, LABELS_MAX } from './limits.ts';
import {
  accountProject,
  parseAccountEmail,
  parseAccountId,
  parseProjectId,
  parseProjectRef,
  parseSecretName,
  secretKey,
} from './name.ts';
import { Redacted } from './redacted.ts';
import type { Secret, Version } from './secret.ts';
import { moveVersion } from './version-state.ts';

const fault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

test('CRC-32C of the vectors of RFC 3720 B.4', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  assert.equal(crc32c(new Uint8Array()), 0);
});

test('a redacted value shows itself in no form but reveal', () => {
  const secret = new Redacted('hunter2-hunter2');
  const shown = [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ a: [secret] }),
    String(secret),
    Object.keys(secret).join(),
  ];
  for (const text of shown) assert.ok(!text.includes('hunter2'), text);
  assert.ok(!JSON.stringify(structuredClone({ secret })).includes('hunter2'), 'a clone is empty');
  assert.equal(secret.reveal(), 'hunter2-hunter2');
});

test('a fault fills its text with facts', () => {
  assert.equal(new Fault('SECRET_EXISTS', { secret: 'db' }).message, 'secret db already exists');
  assert.equal(fill('{a} {b}', { a: 1 }), '1 {b}');
  for (const code of FAULT_CODES) assert.ok(new Fault(code).class, code);
});

test('project ids and numbers', () => {
  for (const good of ['default', 'my-gcp-project', 'a12345', 'a'.repeat(30)]) assert.equal(parseProjectId(good), good);
  for (const bad of [
    '',
    'short',
    'Upper-case',
    '1starts-with-digit',
    'ends-with-',
    'a'.repeat(31),
    'a_b_c_d',
    'a/../b/c',
    'пример',
  ]) {
    assert.throws(() => parseProjectId(bad), fault('INVALID_FIELD'), bad);
  }
  assert.equal(parseProjectRef('123456789012'), '123456789012');
  for (const bad of ['012345678901', '-1', '1e9', '1'.repeat(20), '..'])
    assert.throws(() => parseProjectRef(bad), Fault, bad);
});

test('secret names and the spelling they share', () => {
  assert.equal(secretKey(parseSecretName('prod/db')), 'prod--db');
  for (const bad of [
    '',
    '.',
    '..',
    'a/../b',
    'a//b',
    '/a',
    'a/',
    'a b',
    'a%2fb',
    'a\\b',
    'a\0',
    'é',
    'a'.repeat(256),
  ]) {
    assert.throws(() => parseSecretName(bad), fault('INVALID_FIELD'), JSON.stringify(bad));
  }
  assert.equal(parseSecretName('a'.repeat(255)).length, 255);
});

test('service account addresses', () => {
  assert.equal(accountProject(parseAccountEmail('My-Service@my-project.iam.gserviceaccount.com')), 'my-project');
  assert.equal(accountProject(parseAccountEmail('123-compute@developer.gserviceaccount.com')), '123');
  for (const bad of [
    '',
    'a@b.c',
    'x@my-project.iam.gserviceaccount.com',
    'my-service@my-project.iam.gserviceaccount.com.evil.org',
    'compute@developer.gserviceaccount.com',
  ]) {
    assert.throws(() => parseAccountEmail(bad), fault('INVALID_FIELD'), bad);
  }
  assert.throws(() => parseAccountId('short'), Fault);
  assert.equal(parseAccountId('my-service'), 'my-service');
});

test('labels: characters, lengths, count', () => {
  assert.deepEqual(parseLabels({ env: 'prod', 'a-b_c': '', ключ: 'значение' }), {
    env: 'prod',
    'a-b_c': '',
    ключ: 'значение',
  });
  for (const [key, value] of [
    ['Env', 'x'],
    ['', 'x'],
    ['1a', 'x'],
    ['a b', 'x'],
    ['a', 'X'],
    ['a', 'x y'],
    ['a'.repeat(64), 'x'],
    ['a', 'x'.repeat(64)],
  ] as const) {
    assert.throws(() => parseLabels({ [key]: value }), fault('INVALID_FIELD'), `${key}=${value}`);
  }
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));
  assert.equal(Object.keys(parseLabels(many(LABELS_MAX))).length, LABELS_MAX);
  assert.throws(() => parseLabels(many(LABELS_MAX + 1)), fault('INVALID_FIELD'));
});

test('annotations: keys, and bytes in all', () => {
  assert.deepEqual(parseAnnotations({ 'a.b-c': 'Any Text ✓' }), { 'a.b-c': 'Any Text ✓' });
  for (const key of ['', '-a', 'a-', 'a b', 'a'.repeat(65)]) {
    assert.throws(() => parseAnnotations({ [key]: 'x' }), fault('INVALID_FIELD'), key);
  }
  assert.ok(parseAnnotations({ k: 'x'.repeat(ANNOTATIONS_BYTES_MAX - 1) }));
  assert.throws(() => parseAnnotations({ k: 'x'.repeat(ANNOTATIONS_BYTES_MAX) }), fault('ANNOTATIONS_TOO_LARGE'));
});

test('versions move between enabled and disabled, and never from destroyed', () => {
  const secret = { name: 'db' } as Secret;
  const version = { number: 3, state: 'ENABLED', etag: 'a' } as Version;
  assert.equal(moveVersion(secret, version, 'ENABLED', 5, 'b').etag, 'b');
  const disabled = moveVersion(secret, version, 'DISABLED', 5, 'c');
  assert.equal(disabled.state, 'DISABLED');
  assert.equal(disabled.destroyedAt, undefined);
  const destroyed = moveVersion(secret, disabled, 'DESTROYED', 7, 'd');
  assert.equal(destroyed.destroyedAt, 7);
  for (const state of ['ENABLED', 'DISABLED', 'DESTROYED'] as const) {
    assert.throws(() => moveVersion(secret, destroyed, state, 9, 'e'), fault('VERSION_DESTROYED'));
  }
});
