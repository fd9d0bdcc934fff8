import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../error.ts';
import { POLICY_BINDINGS_MAX, POLICY_MEMBERS_MAX } from '../limits.ts';
import { ANONYMOUS, type Principal } from '../principal.ts';
import { PERMISSIONS } from './permissions.ts';
import { authorise, type Binding, Grant, isMember, parseBindings, parseMember } from './policy.ts';
import { roleGrants } from './roles.ts';

const account: Principal = {
  member: 'serviceAccount:app@my-project.iam.gserviceaccount.com',
  groups: ['group:apps@x.org'],
};
const user: Principal = { member: 'user:ann@example.com', groups: [] };

const chain = (...bindings: Binding[]) => [{ resource: 'projects/p', policy: { bindings, etag: 'ACAB' } }];
const fault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

test('without a binding nothing is allowed', () => {
  for (const permission of PERMISSIONS) {
    assert.equal(authorise(permission, account, chain()), undefined);
    assert.equal(authorise(permission, account, []), undefined);
  }
});

test('a grant names the role and the resource that gave it', () => {
  const grant = authorise('secretmanager.versions.access', account, [
    { resource: 'server', policy: { bindings: [], etag: 'ACAB' } },
    ...chain({ role: 'roles/secretmanager.secretAccessor', members: [account.member] }),
  ]);
  assert.equal(grant?.role, 'roles/secretmanager.secretAccessor');
  assert.equal(grant?.resource, 'projects/p');
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
  assert.throws(() => new Grant(Symbol('grant'), 'secretmanager.versions.access', 'roles/owner', 'server'), TypeError);
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

test('bindings of one role are joined, doubles and empty ones dropped', () => {
  const role = 'roles/viewer';
  const bindings = parseBindings({
    bindings: [
      { role, members: ['user:a@b.c'], conditional: false },
      { role, members: ['user:A@b.c', 'user:d@b.c'], conditional: false },
      { role: 'roles/editor', members: [], conditional: false },
    ],
  });
  assert.deepEqual(bindings, [{ role, members: ['user:a@b.c', 'user:d@b.c'] }]);
});

test('a condition, an unknown role and too much are refused', () => {
  const one = (role: string, conditional = false, count = 1) => ({
    bindings: [{ role, conditional, members: Array.from({ length: count }, (_, i) => `user:u${i}@b.c`) }],
  });
  assert.throws(() => parseBindings(one('roles/viewer', true)), fault('CONDITION_UNSUPPORTED'));
  assert.throws(() => parseBindings(one('roles/none')), fault('ROLE_UNKNOWN'));
  assert.equal(parseBindings(one('roles/viewer', false, POLICY_MEMBERS_MAX))[0]?.members.length, POLICY_MEMBERS_MAX);
  assert.throws(() => parseBindings(one('roles/viewer', false, POLICY_MEMBERS_MAX + 1)), fault('LIMIT_REACHED'));
  const many = {
    bindings: Array.from({ length: POLICY_BINDINGS_MAX + 1 }, () => ({
      role: 'roles/viewer',
      members: [],
      conditional: false,
    })),
  };
  assert.throws(() => parseBindings(many), fault('LIMIT_REACHED'));
});
