import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowsCommonName, allowsHost, isHostName, isNameText, type NameRules } from './pki-names.ts';

const NONE: NameRules = {
  ...{ allowed_domains: ['Example.com'], allow_any_name: false, allow_bare_domains: false, allow_subdomains: false },
  ...{ allow_glob_domains: false, allow_wildcard_certificates: true, allow_localhost: false, enforce_hostnames: true },
};

test('a host name has labels, and is no address', () => {
  for (const name of ['a', 'a.b', 'a-1.b', '1.a', '*.a.b', `${'a'.repeat(63)}.b`]) assert.ok(isHostName(name), name);
  for (const name of [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '1.2.3.4',
    'a.1',
    '-a',
    'a-',
    'a_b',
    '*',
    '*a.b',
    'a.*.b',
    '*.*.b',
    'a b',
    'A',
  ]) {
    assert.ok(!isHostName(name), name);
  }
  for (const name of [`${'a'.repeat(64)}.b`, `${'a.'.repeat(127)}a`]) assert.ok(!isHostName(name), name);
});

test('a domain allows itself, what is below it, or what its star stands for, as the role says', () => {
  assert.ok(!allowsHost(NONE, 'example.com') && !allowsHost(NONE, 'a.example.com'));
  const bare = { ...NONE, allow_bare_domains: true };
  assert.ok(
    allowsHost(bare, 'EXAMPLE.com') && !allowsHost(bare, 'a.example.com') && !allowsHost(bare, '*.example.com'),
  );
  const below = { ...NONE, allow_subdomains: true };
  assert.ok(
    allowsHost(below, 'a.b.example.com') && allowsHost(below, '*.example.com') && !allowsHost(below, 'example.com'),
  );
  assert.ok(!allowsHost(below, 'aexample.com') && !allowsHost(below, 'example.com.evil'));
  assert.ok(!allowsHost({ ...below, allow_wildcard_certificates: false }, '*.example.com'));
  const glob = { ...NONE, allowed_domains: ['web-*.test'], allow_glob_domains: true };
  assert.ok(allowsHost(glob, 'web-1.test') && allowsHost(glob, 'web-a.b.test') && !allowsHost(glob, 'web.test'));
  assert.ok(!allowsHost({ ...below, allowed_domains: ['*'] }, 'a.b'), 'a star is none unless globs are allowed');
  assert.ok(!allowsHost({ ...below, allowed_domains: [''] }, 'a.b'), 'nothing is below nothing');
  const local = { ...NONE, allow_localhost: true };
  assert.ok(allowsHost(local, 'localhost') && !allowsHost(local, 'a.localhost'));
});

test('a common name is no host only where the role asks for neither hosts nor domains', () => {
  assert.ok(!allowsCommonName({ ...NONE, enforce_hostnames: false }, 'Ann Smith'));
  assert.ok(!allowsCommonName({ ...NONE, allow_any_name: true }, 'Ann Smith'));
  const any = { ...NONE, allow_any_name: true, enforce_hostnames: false };
  assert.ok(allowsCommonName(any, 'Ann Smith') && !allowsCommonName(any, '#0c0161') && !allowsCommonName(any, 'a\nb'));
  assert.ok(!allowsCommonName({ ...any, allow_wildcard_certificates: false }, '*.a.b'));
  assert.ok(isNameText('x'.repeat(64)) && !isNameText('x'.repeat(65)) && !isNameText(' x'));
});
