import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../error.ts';
import type { ConditionContext } from './condition.ts';
import { grantsOf, isInForce, principalNamed } from './grants.ts';
import { authorise, type PolicyScope } from './policy.ts';

const READ = 'secretmanager.versions.access';
const until = (year: number) => ({
  title: `until ${year}`,
  description: '',
  expression: `request.time < timestamp("${year}-01-01T00:00:00Z")`,
});
const named = { title: 's only', description: '', expression: 'resource.name.endsWith("secrets/s/versions/latest")' };
const context: ConditionContext = {
  time: Date.UTC(2026, 0, 1),
  resource: () => ({ name: 'projects/1/secrets/s/versions/latest' }),
};

const chain: PolicyScope[] = [
  { resource: 'server', policy: { bindings: [{ role: 'roles/owner', members: ['user:o@x.org'] }], etag: 'a' } },
  {
    resource: 'projects/p',
    policy: {
      bindings: [
        {
          role: 'roles/secretmanager.secretAccessor',
          members: ['user:a@x.org', 'domain:y.org'],
          condition: until(2000),
        },
        { role: 'roles/secretmanager.secretAccessor', members: ['user:a@x.org'], condition: until(2999) },
        { role: 'roles/secretmanager.viewer', members: ['user:a@x.org'] },
      ],
      etag: 'a',
    },
  },
  {
    resource: 'projects/p/secrets/s',
    policy: {
      bindings: [
        { role: 'roles/secretmanager.admin', members: ['group:g@x.org'], condition: named },
        { role: 'roles/secretmanager.secretAccessor', members: ['allAuthenticatedUsers'] },
      ],
      etag: 'a',
    },
  },
];

test('every grant is found, with its place and the verdict on its condition', () => {
  const found = grantsOf(READ, chain, context).map(({ member, resource, verdict }) => [
    member,
    resource,
    verdict?.holds,
    verdict?.dependsOn.join(),
  ]);
  assert.deepEqual(found, [
    ['user:o@x.org', 'server', undefined, undefined],
    ['user:a@x.org', 'projects/p', false, 'time'],
    ['domain:y.org', 'projects/p', false, 'time'],
    ['user:a@x.org', 'projects/p', true, 'time'],
    ['group:g@x.org', 'projects/p/secrets/s', true, 'resource'],
    ['allAuthenticatedUsers', 'projects/p/secrets/s', undefined, undefined],
  ]);
});

test('the grants of a principal come to what the decision is', () => {
  const secretless = chain.slice(0, 2);
  for (const text of ['user:o@x.org', 'user:a@x.org', 'user:b@y.org', 'group:g@x.org', 'user:c@z.org', 'allUsers']) {
    const principal = principalNamed(text);
    for (const scopes of [chain, secretless]) {
      const allowed = grantsOf(READ, scopes, context, principal).some(isInForce);
      assert.equal(allowed, authorise(READ, principal, scopes, context) !== undefined, text);
    }
  }
});

test('a principal is named as policies do, and an account by its address alone', () => {
  assert.equal(principalNamed('A@p.iam.gserviceaccount.com').member, 'serviceAccount:a@p.iam.gserviceaccount.com');
  assert.deepEqual(principalNamed('group:g@x.org').groups, ['group:g@x.org']);
  assert.equal(principalNamed('allUsers').member, 'anonymous');
  for (const text of ['', 'a', 'a@b', 'system', 'user:', 'user:a b@c', 'root:a@b.c', '*']) {
    assert.throws(() => principalNamed(text), Fault, text);
  }
});
