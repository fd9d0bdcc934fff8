import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../client/error.ts';
import type { Context } from './context.ts';
import { addBinding, changePolicy, type Policy, policyBody, readCondition, removeBinding } from './policy.ts';

const role = 'roles/secretmanager.secretAccessor';
const condition = { expression: 'true', title: 'always' };

test('a member joins the binding of its role, once', () => {
  const empty: Policy = { etag: 'E' };
  const one = addBinding(empty, 'user:a@x', role, 'unspecified');
  assert.deepEqual(one, { etag: 'E', bindings: [{ role, members: ['user:a@x'] }] });
  const two = addBinding(one, 'user:b@x', role, 'unspecified');
  assert.deepEqual(two.bindings, [{ role, members: ['user:a@x', 'user:b@x'] }]);
  assert.deepEqual(addBinding(two, 'user:a@x', role, 'none').bindings, two.bindings);
  assert.equal(addBinding(two, 'user:a@x', 'roles/viewer', 'none').bindings?.length, 2);
});

test('a binding with another condition is another binding', () => {
  const policy: Policy = { bindings: [{ role, members: ['user:a@x'], condition }] };
  assert.throws(() => addBinding(policy, 'user:b@x', role, 'unspecified'), /--condition=None/);
  assert.equal(addBinding(policy, 'user:b@x', role, 'none').bindings?.length, 2);
  assert.deepEqual(addBinding(policy, 'user:b@x', role, { ...condition }).bindings, [
    { role, members: ['user:a@x', 'user:b@x'], condition },
  ]);
  assert.throws(() => removeBinding(policy, 'user:a@x', role, 'unspecified', false), /--all/);
  assert.throws(() => removeBinding(policy, 'user:a@x', role, 'none', false), /not found!/);
  assert.deepEqual(removeBinding(policy, 'user:a@x', role, 'unspecified', true).bindings, []);
});

test('a condition is written as gcloud takes it', async () => {
  const read = (flag: string) => readCondition({} as Context, { member: 'user:a@x', role, condition: flag });
  assert.equal(await read('None'), 'none');
  assert.deepEqual(await read('expression=true,title=always'), condition);
  const commas = 'title=a,expression=resource.name in ["x", "y"],description=b, c';
  const expression = 'resource.name in ["x", "y"]';
  assert.deepEqual(await read(commas), { expression, title: 'a', description: 'b, c' });
  assert.deepEqual(await read('^:^title=a,title=b:expression=true'), { expression: 'true', title: 'a,title=b' });
  for (const flag of ['', 'title=x', 'expression=true', 'none', 'expression=,title=x']) {
    await assert.rejects(
      read(flag),
      /^CliError: Invalid value for \[condition\]: condition must be either `None`/,
      flag,
    );
  }
  const basic = { member: 'user:a@x', role: 'roles/viewer', condition: 'expression=true,title=x' };
  await assert.rejects(readCondition({} as Context, basic), /basic role is not allowed/);
  const both = { member: 'user:a@x', role, condition: 'None', all: true };
  await assert.rejects(readCondition({} as Context, both), /at most one of --all/);
});

test('what is set says that this client knows conditions', () => {
  assert.deepEqual(policyBody({ version: 1, etag: 'E' }), { policy: { version: 3, etag: 'E' } });
});

test('removing drops a binding that lost its last member, and needs one to remove', () => {
  const policy: Policy = { etag: 'E', bindings: [{ role, members: ['user:a@x', 'user:b@x'] }] };
  const one = removeBinding(policy, 'user:a@x', role, 'unspecified', false);
  assert.deepEqual(one.bindings, [{ role, members: ['user:b@x'] }]);
  assert.deepEqual(removeBinding(one, 'user:b@x', role, 'unspecified', false).bindings, []);
  assert.throws(() => removeBinding(one, 'user:a@x', role, 'unspecified', false), /not found!/);
  assert.equal(one.etag, 'E', 'the etag stays, so that a change by somebody else is noticed');
});

test('a conflict is tried again from the read on, a bounded number of times', async () => {
  let reads = 0;
  const sets: Policy[] = [];
  const access = (failures: number) => ({
    get: () => Promise.resolve({ etag: String(++reads) }),
    set: (policy: Policy) => {
      sets.push(policy);
      if (sets.length <= failures) throw new ApiError(409, 'ABORTED', 'changed meanwhile');
      return Promise.resolve(policy);
    },
  });
  const policy = await changePolicy(access(2), (each) => addBinding(each, 'user:a@x', role, 'none'));
  assert.equal(policy.etag, '3');
  reads = 0;
  sets.length = 0;
  await assert.rejects(
    changePolicy(access(100), (each) => each),
    /changed meanwhile/,
  );
  assert.equal(sets.length, 6);
  await assert.rejects(
    changePolicy(
      { get: () => Promise.reject(new ApiError(403, 'PERMISSION_DENIED', 'no')), set: Promise.resolve },
      (p) => p,
    ),
    /no/,
  );
});
