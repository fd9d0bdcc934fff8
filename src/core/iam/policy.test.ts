import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../error.ts';
import { ANONYMOUS, type Principal } from '../principal.ts';
import type { ConditionContext } from './condition.ts';
import { PERMISSIONS } from './permissions.ts';
import { authorise, type Binding, Grant, isMember, parseMember } from './policy.ts';
import { roleGrants } from './roles.ts';

const account: Principal = {
  member: 'serviceAccount:app@my-project.iam.gserviceaccount.com',
  groups: ['group:apps@x.org'],
};
const user: Principal = { member: 'user:ann@example.com', groups: [] };

const chain = (...bindings: Binding[]) => [{ resource: 'projects/p', policy: { bindings, etag: 'ACAB' } }];
/** Nobody looks at it: no policy here has conditions. */
const unasked: ConditionContext = {
  time: 0,
  resource: () => assert.fail('a policy without conditions asked for the resource'),
};
const fault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

test('without a binding nothing is allowed', () => {
  for (const permission of PERMISSIONS) {
    assert.equal(authorise(permission, account, chain(), unasked), undefined);
    assert.equal(authorise(permission, account, [], unasked), undefined);
  }
});

test('a grant names the role and the resource that gave it', () => {
  const policies = [
    { resource: 'server', policy: { bindings: [], etag: 'ACAB' } },
    ...chain({ role: 'roles/secretmanager.secretAccessor', members: [account.member] }),
  ];
  const grant = authorise('secretmanager.versions.access', account, policies, unasked);
  assert.equal(grant?.role, 'roles/secretmanager.secretAccessor');
  assert.equal(grant?.resource, 'projects/p');
  assert.equal(grant?.condition, undefined);
});

test('a binding counts only while its condition holds, and the grant names the condition', () => {
  const under = (expression: string, title = 'until 2030'): Binding => ({
    role: 'roles/secretmanager.secretAccessor',
    members: [account.member],
    condition: { title, description: '', expression },
  });
  const context: ConditionContext = { time: Date.UTC(2029, 0, 1), resource: () => ({ name: 'projects/1/secrets/a' }) };
  const ask = (...bindings: Binding[]) =>
    authorise('secretmanager.versions.access', account, chain(...bindings), context);
  const soon = under('request.time < timestamp("2030-01-01T00:00:00Z")');
  assert.equal(ask(soon)?.condition, 'until 2030');
  assert.equal(ask(under('request.time > timestamp("2030-01-01T00:00:00Z")')), undefined);
  assert.equal(ask(under('resource.type == "x"')), undefined, 'an attribute that is not there');
  assert.equal(ask(under('this is no expression')), undefined, 'a row that an older or newer server wrote');
  assert.equal(ask(under('false'), under('resource.name.endsWith("/a")', 'only a'))?.condition, 'only a');
  assert.equal(authorise('secretmanager.secrets.delete', account, chain(soon), unasked), undefined);
  assert.equal(authorise('secretmanager.versions.access', user, chain(soon), unasked), undefined);
});

test('editors add versions and cannot read them; nobody but owner, admin and accessor reads', () => {
  assert.ok(roleGrants('roles/editor', 'secretmanager.versions.add'));
  for (const role of [
    'roles/viewer',
    'roles/editor',
    'roles/secretmanager.viewer',
    'roles/secretmanager.secretVersionManager',
  ]) {
    assert.equal(roleGrants(role, 'secretmanager.versions.access'), false, role);
  }
  for (const role of ['roles/owner', 'roles/secretmanager.admin', 'roles/secretmanager.secretAccessor']) {
    assert.ok(roleGrants(role, 'secretmanager.versions.access'), role);
  }
});

test('a role that is not defined grants nothing, also one named after an object property', () => {
  for (const role of ['roles/none', 'constructor', '__proto__', 'toString', '']) {
    assert.equal(roleGrants(role, 'secretmanager.versions.access'), false, role);
  }
});

test('who is a member of what', () => {
  assert.ok(isMember(account, account.member));
  assert.ok(isMember(account, 'allUsers'));
  assert.ok(isMember(account, 'allAuthenticatedUsers'));
  assert.ok(isMember(account, 'group:apps@x.org'));
  assert.ok(!isMember(account, 'group:others@x.org'));
  assert.ok(isMember(user, 'domain:example.com'));
  assert.ok(!isMember(user, 'domain:ample.com'));
  assert.ok(!isMember(user, 'domain:com'));
  assert.ok(!isMember(account, 'domain:my-project.iam.gserviceaccount.com'), 'a domain holds users only');
  assert.ok(!isMember(user, 'user:ann@example.co'));
  assert.ok(isMember(ANONYMOUS, 'allUsers'));
  assert.ok(!isMember(ANONYMOUS, 'allAuthenticatedUsers'));
  assert.ok(!isMember(ANONYMOUS, 'anonymous'), 'a policy cannot name nobody');
});

test('only authorise mints a grant', () => {
  // @ts-expect-error the mint is not exported
  const forge = () => new Grant(Symbol('grant'), 'secretmanager.versions.access', { role: 'x', members: [] }, 'server');
  assert.throws(forge, TypeError);
});

test('members are canonical; unknown forms are refused', () => {
  assert.equal(parseMember('user:Ann@Example.COM'), 'user:ann@example.com');
  assert.equal(parseMember('domain:Example.com'), 'domain:example.com');
  for (const bad of [
    '',
    'ann@example.com',
    'user:',
    'user:ann',
    'users:a@b.c',
    'domain:nodot',
    'domain:-a.b',
    'user:a b@c.d',
    'user:a@b@c',
    'principal://x',
    'ALLUSERS',
    'user:a:b@c.d',
  ]) {
    assert.throws(() => parseMember(bad), fault('POLICY_INVALID'), bad);
  }
});
