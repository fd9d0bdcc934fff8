import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Acl } from './acl.ts';
import { HclError } from './hcl.ts';
import { type Capability, parsePolicy } from './policy.ts';

const aclOf = (...texts: string[]) =>
  new Acl(texts.map((text, index) => ({ name: `p${index}`, rules: parsePolicy(text) })));
const rule = (path: string, ...capabilities: string[]) =>
  `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }\n`;
const may = (acl: Acl, path: string, capability: Capability = 'read') => acl.allows({ path, capability }) !== undefined;

test('an exact path wins over every pattern, and deny over all', () => {
  const acl = aclOf(rule('a/*', 'deny') + rule('a/b', 'read'));
  assert.ok(may(acl, 'a/b'));
  assert.ok(!may(acl, 'a/c'));
  assert.ok(!may(aclOf(rule('a/b', 'read'), rule('a/b', 'deny')), 'a/b'));
  assert.ok(!may(aclOf(rule('a/b', 'deny'), rule('a/b', 'read')), 'a/b'));
});

test('a prefix matches as Vault documents it', () => {
  const acl = aclOf(rule('a/*', 'read'));
  const table = { a: false, 'a/': true, ab: false, 'a/b': true, 'a/b/c': true, 'A/b': false, '': false };
  for (const [path, allowed] of Object.entries(table)) assert.equal(may(acl, path), allowed, path);
  assert.ok(may(aclOf(rule('a*', 'read')), 'ab'));
});

test('a plus is exactly one segment that is not empty', () => {
  const acl = aclOf(rule('a/+/c', 'read') + rule('x/+/y*', 'read'));
  const table = { 'a/b/c': true, 'a/b/d/c': false, 'a//c': false, 'a/c': false, 'a/b/c/d': false };
  for (const [path, allowed] of Object.entries(table)) assert.equal(may(acl, path), allowed, path);
  assert.ok(may(acl, 'x/1/yes/and/more'));
  assert.ok(!may(acl, 'x/1/no'));
});

test('of several patterns the most specific decides', () => {
  // Each pair: what is more specific comes first.
  const pairs: [string, string, string][] = [
    ['a/b/*', 'a/*', 'a/b/c'],
    ['a/b/+', 'a/+/c', 'a/b/c'],
    ['a/+/c', 'a/+/*', 'a/b/c'],
    ['a/+/c*', 'a/+/+', 'a/b/c'],
    ['+/b/c', '+/+/c', 'a/b/c'],
    ['+/+/cc*', '+/+/c*', 'a/b/ccc'],
  ];
  for (const [strong, weak, path] of pairs) {
    // The one exception above: a path without a closing star beats one with it where both begin alike.
    const [winner, loser] = strong === 'a/+/c*' ? [weak, strong] : [strong, weak];
    assert.ok(!may(aclOf(rule(winner, 'deny') + rule(loser, 'read')), path), `${winner} over ${loser}`);
    assert.ok(may(aclOf(rule(winner, 'read') + rule(loser, 'deny')), path), `${winner} over ${loser}`);
  }
});

test('a list is judged with the slash, then without, and a denied prefix stays denied', () => {
  const acl = aclOf(rule('m/metadata/a', 'list') + rule('m/metadata/b/*', 'deny') + rule('m/metadata/*', 'list'));
  assert.ok(may(acl, 'm/metadata/a/', 'list'));
  assert.ok(!may(acl, 'm/metadata/b/', 'list'));
  assert.ok(!may(acl, 'm/metadata/b/c/', 'list'));
  assert.ok(may(acl, 'm/metadata/c/', 'list'));
});

test('policies unite, sudo is asked for where a path takes it', () => {
  const acl = aclOf(rule('s', 'read'), rule('s', 'update', 'sudo'));
  assert.deepEqual(acl.capabilities('s'), ['read', 'sudo', 'update']);
  assert.ok(acl.allows({ path: 's', capability: 'read', sudo: true }));
  assert.equal(aclOf(rule('s', 'read')).allows({ path: 's', capability: 'read', sudo: true }), undefined);
  assert.deepEqual(acl.capabilities('other'), ['deny']);
});

test('constraints on fields', () => {
  const policy = (more: string) => `path "p" { capabilities = ["update"]\n ${more} }`;
  const allows = (more: string, data: Record<string, unknown>, wrapSeconds?: number) =>
    aclOf(policy(more)).allows({
      path: 'p',
      capability: 'update',
      data,
      ...(wrapSeconds === undefined ? {} : { wrapSeconds }),
    }) !== undefined;
  assert.ok(allows('allowed_parameters = { "a" = ["x*", "*y"] }', { A: 'xz' }));
  assert.ok(allows('allowed_parameters = { "a" = ["x*", "*y"] }', { a: 'zy' }));
  assert.ok(!allows('allowed_parameters = { "a" = ["x*"] }', { a: 'y' }));
  assert.ok(!allows('allowed_parameters = { "a" = [] }', { a: 1, b: 2 }));
  assert.ok(allows('allowed_parameters = { "a" = [], "*" = [] }', { b: 2 }));
  assert.ok(!allows('denied_parameters = { "A" = [] }', { a: 1 }));
  assert.ok(allows('denied_parameters = { "a" = ["bad"] }', { a: 'good' }));
  assert.ok(!allows('denied_parameters = { "*" = [] }', { q: 1 }));
  assert.ok(!allows('required_parameters = ["a"]', { b: 1 }));
  assert.ok(allows('required_parameters = ["a"]', { a: 1 }));
  assert.ok(!allows('min_wrapping_ttl = "1m"', {}));
  assert.ok(!allows('max_wrapping_ttl = "1m"', {}, 90));
  assert.ok(allows('min_wrapping_ttl = 30\n max_wrapping_ttl = "1m"', {}, 45));
});

test('HCL and JSON say the same; comments and old spellings pass', () => {
  const hcl = `# one\n// two\n/* three\n */ name = "n"\npath "a/*" { policy = "read" }\npath "b" {\n capabilities = ["create",\n "sudo",] }`;
  const json = '{"name":"n","path":{"a/*":{"policy":"read"},"b":{"capabilities":["create","sudo"]}}}';
  const plain = (text: string) => parsePolicy(text).map(({ path, capabilities }) => [path, [...capabilities].sort()]);
  assert.deepEqual(plain(hcl), plain(json));
  assert.deepEqual(plain(json.replace('{"a/*":', '[{"a/*":').replace('}}}', '}}]}')), plain(json));
});

test('what Vault would not take is refused', () => {
  const bad = [
    'path "a" { capabilities = ["reed"] }',
    'path "a" { capability = ["read"] }',
    'paths "a" { }',
    'path "a" { capabilities = ["read"]',
    'path "a" { policy = "all" }',
    'path "a/+*" { policy = "read" }',
    'path "a" { capabilities = "read" }',
    'path { capabilities = ["read"] }',
    'path "a" { min_wrapping_ttl = "soon" }',
    '{"path":{"a":{"capabilities":["read"]}}',
    '{"path":null}',
    `path "a" { capabilities = ${'['.repeat(100)}${']'.repeat(100)} }`,
    `{"path":${'['.repeat(100)}${']'.repeat(100)}}`,
    'path "a" { capabilities = ["read"] } §',
  ];
  for (const text of bad) assert.throws(() => parsePolicy(text), HclError, text);
});

test('no access is claimed below a mount where everything is denied', () => {
  const acl = aclOf(rule('m/data/a', 'read') + rule('n/*', 'deny') + rule('o/+/x', 'list'));
  assert.ok(acl.reachesInto('m/'));
  assert.ok(!acl.reachesInto('n/'));
  assert.ok(acl.reachesInto('o/'));
  assert.ok(!acl.reachesInto('q/'));
});
