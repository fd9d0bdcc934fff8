import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Fault } from '../error.ts';
import {
  CONDITIONAL_BINDINGS_MAX,
  CONDITIONS_CHARS_MAX,
  CONDITIONS_PER_MEMBER_MAX,
  POLICY_BINDINGS_MAX,
  POLICY_MEMBERS_MAX,
} from '../limits.ts';
import { hashedRole, type PolicyInput, parseBindings, policyDifference } from './bindings.ts';
import type { Condition } from './condition.ts';
import { type Binding, EMPTY_POLICY, type Policy } from './policy.ts';

const role = 'roles/secretmanager.secretAccessor';
const soon: Condition = {
  title: 'soon',
  description: '',
  expression: 'request.time < timestamp("2030-01-01T00:00:00Z")',
};
const late: Condition = { ...soon, title: 'late' };
const ann = 'user:ann@b.c';
const bob = 'user:bob@b.c';

const fault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;
const set = (bindings: readonly Binding[], before: Policy = EMPTY_POLICY, more: Partial<PolicyInput> = {}) =>
  parseBindings({ ...more, bindings }, before);
const many = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));

describe('bindings as they are stored', () => {
  test('those of one role are joined, doubles and empty ones dropped', () => {
    const bindings = set([
      { role, members: [ann] },
      { role, members: ['user:Ann@b.c', bob] },
      { role: 'roles/editor', members: [] },
    ]);
    assert.deepEqual(bindings, [{ role, members: [ann, bob] }]);
  });

  test('a role under another condition is another binding', () => {
    const bindings = set([
      { role, members: [ann], condition: soon },
      { role, members: [ann], condition: late },
      { role, members: [ann] },
      { role, members: [bob], condition: { ...soon } },
      { role, members: [], condition: { ...soon, description: 'nobody' } },
    ]);
    assert.deepEqual(bindings, [
      { role, members: [ann, bob], condition: soon },
      { role, members: [ann], condition: late },
      { role, members: [ann] },
    ]);
  });

  test('unknown roles, and too many bindings or members, are refused', () => {
    const members = (count: number) => [{ role, members: many(count, (i) => `user:u${i}@b.c`) }];
    assert.throws(() => set([{ role: 'roles/none', members: [ann] }]), fault('ROLE_UNKNOWN'));
    assert.equal(set(members(POLICY_MEMBERS_MAX))[0]?.members.length, POLICY_MEMBERS_MAX);
    assert.throws(() => set(members(POLICY_MEMBERS_MAX + 1)), fault('LIMIT_REACHED'));
    assert.throws(() => set(many(POLICY_BINDINGS_MAX + 1, () => ({ role, members: [] }))), fault('LIMIT_REACHED'));
  });
});

describe('what a condition may not stand on', () => {
  test('basic roles, and everybody', () => {
    for (const basic of ['roles/owner', 'roles/editor', 'roles/viewer']) {
      assert.throws(() => set([{ role: basic, members: [ann], condition: soon }]), fault('CONDITION_INVALID'), basic);
    }
    for (const public_ of ['allUsers', 'allAuthenticatedUsers']) {
      const split = [
        { role, members: [ann], condition: soon },
        { role, members: [public_], condition: soon },
      ];
      assert.throws(() => set(split), fault('POLICY_INVALID'), public_);
    }
    assert.throws(
      () => set([{ role, members: [ann], condition: { ...soon, expression: 'x' } }]),
      fault('CONDITION_INVALID'),
    );
  });

  test('more than the limits, before anything of it is compiled', () => {
    const titled = (i: number): Condition => ({ ...soon, title: `t${i}` });
    const each = (count: number, member: (i: number) => string) =>
      many(count, (i) => ({ role, members: [member(i)], condition: titled(i) }));
    const distinct = (i: number) => `user:u${i}@b.c`;
    assert.equal(set(each(CONDITIONAL_BINDINGS_MAX, distinct)).length, CONDITIONAL_BINDINGS_MAX);
    assert.throws(() => set(each(CONDITIONAL_BINDINGS_MAX + 1, distinct)), fault('LIMIT_REACHED'));
    assert.equal(set(each(CONDITIONS_PER_MEMBER_MAX, () => ann)).length, CONDITIONS_PER_MEMBER_MAX);
    assert.throws(() => set(each(CONDITIONS_PER_MEMBER_MAX + 1, () => ann)), fault('LIMIT_REACHED'));
    const long = (chars: number): Binding[] => [
      { role, members: [ann], condition: { ...soon, expression: 'true'.padEnd(4000) } },
      { role, members: [ann], condition: { ...late, expression: `not CEL${' '.repeat(chars)}` } },
    ];
    assert.throws(() => set(long(CONDITIONS_CHARS_MAX)), fault('LIMIT_REACHED'));
    assert.throws(() => set(long(100)), fault('CONDITION_INVALID'));
  });
});

describe('policy versions', () => {
  const before: Policy = {
    bindings: [
      { role, members: [ann], condition: soon },
      { role: 'roles/viewer', members: [bob] },
    ],
    etag: 'AAEC',
  };
  const hashed = hashedRole(role, soon);

  test('a hash tells conditions apart and is always the same', () => {
    assert.match(hashed, /^roles\/secretmanager\.secretAccessor_withcond_[0-9a-f]{20}$/);
    assert.equal(hashedRole(role, { ...soon }), hashed);
    const others = [late, { ...soon, description: 'd' }, { ...soon, expression: 'true' }];
    assert.equal(new Set([soon, ...others].map((each) => hashedRole(role, each))).size, 4);
  });

  test('conditions need version 3', () => {
    for (const version of [0, 1]) {
      const sent = [{ role, members: [ann], condition: soon }];
      assert.throws(() => set(sent, EMPTY_POLICY, { version }), fault('POLICY_VERSION_NEEDED'));
    }
    assert.deepEqual(set(before.bindings, before, { version: 3, etag: 'AAEC' }), before.bindings);
  });

  test('an older client that reads and writes back keeps the conditions', () => {
    const sent = [
      { role: hashed, members: [ann, bob] },
      { role: 'roles/viewer', members: [bob] },
    ];
    assert.deepEqual(set(sent, before, { version: 1, etag: 'AAEC' }), [
      { role, members: [ann, bob], condition: soon },
      { role: 'roles/viewer', members: [bob] },
    ]);
  });

  test('and cannot drop them unseen, but may overwrite all blindly', () => {
    const sent = [{ role, members: [ann] }];
    for (const version of [0, 1]) {
      assert.throws(() => set(sent, before, { version, etag: 'AAEC' }), fault('POLICY_VERSION_TOO_LOW'));
      assert.deepEqual(set(sent, before, { version }), sent);
    }
    assert.deepEqual(set(sent, before, { version: 3, etag: 'AAEC' }), sent);
  });

  test('a hash of no stored condition is no role, and both at once are refused', () => {
    const unknown = [{ role: hashedRole(role, late), members: [ann] }];
    assert.throws(() => set(unknown, before, { version: 1 }), fault('ROLE_UNKNOWN'));
    assert.throws(() => set([{ role: hashed, members: [ann] }]), fault('ROLE_UNKNOWN'));
    const mixed = [
      { role: hashed, members: [ann] },
      { role, members: [ann], condition: late },
    ];
    assert.throws(() => set(mixed, before, { version: 3 }), fault('POLICY_CONDITIONS_MIXED'));
  });
});

test('the difference of two policies names members, roles and conditions', () => {
  const before = {
    bindings: [
      { role, members: [ann, bob] },
      { role: 'roles/viewer', members: [bob] },
    ],
  };
  const after = {
    bindings: [{ role, members: [ann] }, { role, members: [bob], condition: soon }, before.bindings[1] as Binding],
  };
  assert.deepEqual(policyDifference(before, after), {
    added: [`${role} ${bob} (condition: soon)`],
    removed: [`${role} ${bob}`],
    roles: [role],
  });
  const renewed = { bindings: [{ role, members: [ann], condition: { ...soon, expression: 'true' } }] };
  const old = { bindings: [{ role, members: [ann], condition: soon }] };
  assert.deepEqual(policyDifference(old, renewed).roles, [role], 'another expression under the same title');
  assert.deepEqual(policyDifference(old, old), { added: [], removed: [], roles: [] });
});
