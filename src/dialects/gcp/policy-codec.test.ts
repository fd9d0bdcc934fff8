import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, toJson } from '@bufbuild/protobuf';
import { GetIamPolicyRequestSchema, SetIamPolicyRequestSchema } from '../../../gen/google/iam/v1/iam_policy_pb.js';
import { PolicySchema } from '../../../gen/google/iam/v1/policy_pb.js';
import { hashedRole } from '../../core/iam/bindings.ts';
import { EMPTY_POLICY, type Policy } from '../../core/iam/policy.ts';
import { decodePolicy, encodePolicy, requestedVersion } from './policy-codec.ts';

const condition = { title: 't', description: 'd', expression: 'true' };
const role = 'roles/secretmanager.secretAccessor';
const plain: Policy = { bindings: [{ role, members: ['user:a@b.c'] }], etag: 'AAEC' };
const conditional: Policy = { bindings: [{ role, members: ['user:a@b.c'], condition }], etag: 'AAEC' };

const set = (policy?: object) =>
  decodePolicy(create(SetIamPolicyRequestSchema, policy === undefined ? {} : { policy }));
const shown = (policy: Policy, asked: number) => toJson(PolicySchema, encodePolicy(policy, asked));

describe('setting', () => {
  test('a policy keeps its version, its etag and its conditions', () => {
    const bindings = [{ role: 'r', members: ['m'], condition: { title: 't', expression: 'true' } }, { role: 's' }];
    assert.deepEqual(set({ version: 3, etag: new Uint8Array([0, 1, 2]), bindings }), {
      version: 3,
      bindings: [
        { role: 'r', members: ['m'], condition: { title: 't', description: '', expression: 'true' } },
        { role: 's', members: [] },
      ],
      etag: 'AAEC',
    });
    assert.deepEqual(set({}), { version: 0, bindings: [] });
  });

  test('no policy, a format that does not exist, and audit configurations', () => {
    assert.throws(() => set(), { code: 'INVALID_FIELD' });
    for (const version of [2, 4, -1]) assert.throws(() => set({ version }), { code: 'INVALID_FIELD' });
    assert.throws(() => set({ auditConfigs: [{ service: 'allServices' }] }), { code: 'UNIMPLEMENTED' });
  });
});

describe('getting', () => {
  test('formats that can be asked for', () => {
    const asked = (options?: { requestedPolicyVersion: number }) =>
      requestedVersion(create(GetIamPolicyRequestSchema, options === undefined ? {} : { options }));
    assert.equal(asked(), 0);
    for (const version of [0, 1, 3]) assert.equal(asked({ requestedPolicyVersion: version }), version);
    for (const version of [2, 4, -1]) {
      assert.throws(() => asked({ requestedPolicyVersion: version }), { code: 'INVALID_FIELD' });
    }
  });

  test('version 3 shows conditions, and is 1 without any', () => {
    const members = ['user:a@b.c'];
    assert.deepEqual(shown(conditional, 3), { version: 3, etag: 'AAEC', bindings: [{ role, members, condition }] });
    assert.deepEqual(shown(plain, 3), { version: 1, etag: 'AAEC', bindings: [{ role, members }] });
    assert.deepEqual(shown(EMPTY_POLICY, 3), { etag: 'ACAB' });
  });

  test('less than 3 shows a hash in place of the condition', () => {
    const bindings = [{ role: hashedRole(role, condition), members: ['user:a@b.c'] }];
    for (const asked of [0, 1]) assert.deepEqual(shown(conditional, asked), { version: 1, etag: 'AAEC', bindings });
  });
});
