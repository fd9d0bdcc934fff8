import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostOf, targetProblem } from './head.ts';
import { REFUSALS } from './refusal.ts';

test('a target is a path that begins with a slash and holds printable ASCII only', () => {
  const fine = ['/', '/a/../b', '/%2e%2E/%2f', '//a', '/a;x', '/a\\b', '/a?b=/?c', '/a:verb', '/"<>^`{|}'];
  for (const target of fine) assert.equal(targetProblem('GET', target, 100), undefined, target);
  for (const target of ['/a b', '/a\0', '/a\r', '/a\x7f', '/ä', '/a#b']) {
    assert.equal(targetProblem('GET', target, 100), REFUSALS.targetBytes, JSON.stringify(target));
  }
  for (const target of ['', '*', 'a', 'http://host/a', 'host:443']) {
    assert.equal(targetProblem('GET', target, 100), REFUSALS.targetForm, target);
  }
  assert.equal(targetProblem('CONNECT', 'host:443', 100), REFUSALS.connect);
});

test('a target may be as long as the limit and no longer', () => {
  assert.equal(targetProblem('GET', `/${'a'.repeat(99)}`, 100), undefined);
  assert.equal(targetProblem('GET', `/${'a'.repeat(100)}`, 100), REFUSALS.targetLong);
});

test('a host loses its port, its capitals and its closing dot', () => {
  assert.equal(hostOf('SecretManager.GoogleAPIs.com'), 'secretmanager.googleapis.com');
  assert.equal(hostOf('localhost:8200'), 'localhost');
  assert.equal(hostOf('a.test.'), 'a.test');
  assert.equal(hostOf('a.test.:443'), 'a.test');
  assert.equal(hostOf('[::1]:8200'), '[::1]');
  assert.equal(hostOf('my_service:80'), 'my_service');
});

test('what names no host, or more than one, is none', () => {
  const bad = [
    undefined,
    '',
    ':80',
    'a b',
    'a, a',
    'a,b',
    'user@a',
    'a/b',
    'a..:x',
    '-a',
    'a:123456',
    'ä',
    'a\t',
    '[::1',
    '.',
  ];
  for (const authority of bad) assert.equal(hostOf(authority), '', String(authority));
  assert.equal(hostOf('a'.repeat(10_000)), '');
});
