// The fault table on this wire: complete, filled in, and silent about what is inside.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { Code } from '../../../gen/google/rpc/code_pb.js';
import { ErrorInfoSchema } from '../../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../../gen/google/rpc/status_pb.js';
import { FAULT_CODES, Fault } from '../../core/error.ts';
import { CLASS_CODES, statusOf } from './errors.ts';
import { statusFailure, statusResponse } from './status.ts';

const CALL = {
  host: 'secretmanager.googleapis.com',
  service: 'google.cloud.secretmanager.v1.SecretManagerService',
  rpc: 'GetSecret',
};
const FACTS = {
  account: 'a@b',
  alias: 'prod',
  at: '',
  field: 'f',
  limit: 1,
  limitBytes: 1,
  permission: 'p',
  problem: 'p',
  project: 'p',
  projectNumber: '1',
  resource: 'r',
  role: 'r',
  said: 'said',
  secret: 's',
  selector: 's',
  state: 'DISABLED',
  version: 1,
  what: 'w',
};

describe('faults on the wire', () => {
  test('each code has its class, and a text without gaps', () => {
    for (const code of FAULT_CODES) {
      const fault = new Fault(code, FACTS);
      const status = statusOf(fault, CALL);
      assert.equal(status.code, CLASS_CODES[fault.class], code);
      assert.doesNotMatch(status.message, /[{}]|undefined/, code);
      const { status: http } = statusResponse(status, false);
      assert.ok(http >= 400 && http <= 503, `${code}: ${http}`);
    }
  });

  test('a bug tells that there was one, and no more', () => {
    const status = statusOf(new Error('hunter2 at /srv/file.ts:1'), CALL);
    assert.deepEqual(status, { code: Code.INTERNAL, message: 'Internal error encountered.', details: [] });
  });

  test('what failed inside is not told', () => {
    for (const code of ['STORE_UNAVAILABLE', 'AUDIT_UNAVAILABLE', 'SEALED', 'INTERNAL'] as const) {
      assert.doesNotMatch(statusOf(new Fault(code, { problem: 'disk /dev/sda1 is full' }), CALL).message, /sda1/);
    }
  });

  test('a REST error is the object that Google answers', () => {
    const denied = new Fault('PERMISSION_DENIED', {
      permission: 'secretmanager.versions.access',
      resource: 'projects/p/secrets/s/versions/latest',
    });
    const { status, body } = statusResponse(statusOf(denied, CALL), true);
    assert.equal(status, 403);
    assert.deepEqual(JSON.parse(String(body)), {
      error: {
        code: 403,
        message:
          "Permission 'secretmanager.versions.access' denied for resource " +
          "'projects/p/secrets/s/versions/latest' (or it may not exist).",
        status: 'PERMISSION_DENIED',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'IAM_PERMISSION_DENIED',
            domain: 'iam.googleapis.com',
            metadata: {
              permission: 'secretmanager.versions.access',
              resource: 'projects/p/secrets/s/versions/latest',
            },
          },
        ],
      },
    });
    assert.match(String(body), /^\{\n {2}"error": \{\n {4}"code": 403,/);
    assert.ok(String(body).endsWith('}\n'));
  });

  test('a gRPC error carries the same status in its details', () => {
    const failure = statusFailure(statusOf(new Fault('CREDENTIAL_MISSING'), CALL));
    assert.equal(failure.code, Code.UNAUTHENTICATED);
    const status = fromBinary(StatusSchema, failure.details ?? new Uint8Array());
    assert.equal(status.code, failure.code);
    assert.equal(status.message, failure.message);
    const info = anyUnpack(status.details[0] as never, ErrorInfoSchema);
    assert.equal(info?.reason, 'CREDENTIALS_MISSING');
    assert.deepEqual(info?.metadata, {
      service: 'secretmanager.googleapis.com',
      method: 'google.cloud.secretmanager.v1.SecretManagerService.GetSecret',
    });
  });

  test('the challenge says whether the token was bad or absent', () => {
    const challenge = (code: 'CREDENTIAL_MISSING' | 'CREDENTIAL_INVALID') =>
      statusResponse(statusOf(new Fault(code), CALL), true).headers?.['www-authenticate'];
    assert.equal(challenge('CREDENTIAL_MISSING'), 'Bearer realm="https://accounts.google.com/"');
    assert.equal(challenge('CREDENTIAL_INVALID'), 'Bearer realm="https://accounts.google.com/", error="invalid_token"');
  });

  test('each service speaks of a denial in its own words', () => {
    const denied = new Fault('PERMISSION_DENIED', { permission: 'p.q', resource: 'projects/x' });
    const message = (service: string) => statusOf(denied, { ...CALL, service }).message;
    assert.equal(
      message('google.iam.credentials.v1.IAMCredentials'),
      "Permission 'p.q' denied on resource (or it may not exist).",
    );
    assert.equal(
      message('google.cloud.resourcemanager.v3.Projects'),
      "Permission 'p.q' denied on resource '//cloudresourcemanager.googleapis.com/projects/x' (or it may not exist).",
    );
  });
});
