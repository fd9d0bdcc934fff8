// JSON and query parameters into messages of the protos, with Google's words for what does not fit.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { CreateProjectRequestSchema } from '../../../gen/google/cloud/resourcemanager/v3/projects_pb.js';
import { SecretSchema } from '../../../gen/google/cloud/secretmanager/v1/resources_pb.js';
import {
  AddSecretVersionRequestSchema,
  CreateSecretRequestSchema,
  ListSecretsRequestSchema,
  UpdateSecretRequestSchema,
} from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { GenerateAccessTokenRequestSchema } from '../../../gen/google/iam/credentials/v1/common_pb.js';
import { GetIamPolicyRequestSchema } from '../../../gen/google/iam/v1/iam_policy_pb.js';
import { Fault } from '../../core/error.ts';
import type { Json } from './json.ts';
import { jsonOf, messageOf } from './message.ts';
import { bindQuery, parseQuery } from './query.ts';

const said = (text: string) => (error: unknown) => {
  assert.ok(error instanceof Fault, String(error));
  assert.equal(error.facts['said'], text);
  return true;
};
const round = (schema: DescMessage, json: Json) => jsonOf(schema, messageOf(schema, json), false);
const query = (schema: DescMessage, text: string, body: Json = {}) =>
  jsonOf(schema, messageOf(schema, bindQuery(schema, body, parseQuery(text).fields)), false);

describe('JSON into messages', () => {
  test('both spellings of a name, numbers as text, bytes in either alphabet', () => {
    const secret = { replication: { userManaged: { replicas: [{ location: 'x' }] } }, labels: { a: 'b' } };
    assert.deepEqual(round(CreateSecretRequestSchema, { secret_id: 'a', secret }), { secretId: 'a', secret });
    for (const data of ['-_8=', '-_8', '+/8=', '+/8']) {
      const payload = { data, data_crc32c: 4294967295 };
      assert.deepEqual(round(AddSecretVersionRequestSchema, { payload }), {
        payload: { data: '+/8=', dataCrc32c: '4294967295' },
      });
    }
  });

  test('a day that its month does not have is none of the next month', () => {
    const time = (expireTime: string) => round(SecretSchema, { expireTime });
    assert.deepEqual(time('2028-02-29T23:59:59+14:00'), { expireTime: '2028-02-29T09:59:59Z' });
    for (const text of ['2027-02-29T00:00:00Z', '2027-04-31T00:00:00Z', '2027-13-01T00:00:00Z']) {
      assert.throws(
        () => time(text),
        said("Invalid value at 'expire_time' (type.googleapis.com/google.protobuf.Timestamp)"),
      );
    }
  });

  test('null is absent, and one value is a list of one', () => {
    assert.deepEqual(round(SecretSchema, { labels: null, replication: null, etag: null }), {});
    assert.deepEqual(round(GenerateAccessTokenRequestSchema, { scope: 'a', lifetime: '3600s' }), {
      scope: ['a'],
      lifetime: '3600s',
    });
  });

  test('masks in either spelling, an empty one included', () => {
    for (const mask of ['createTime,labels', 'create_time,labels']) {
      assert.deepEqual(round(UpdateSecretRequestSchema, { updateMask: mask }), { updateMask: 'createTime,labels' });
    }
    assert.deepEqual(round(UpdateSecretRequestSchema, { update_mask: '' }), { updateMask: '' });
    assert.deepEqual(round(UpdateSecretRequestSchema, { updateMask: '*' }), { updateMask: '*' });
  });

  test('unknown names, with the place in the names of the proto', () => {
    const unknown = (json: Json, text: string) =>
      assert.throws(() => messageOf(CreateSecretRequestSchema, json), said(`Invalid JSON payload received. ${text}`));
    unknown({ bogus: 1 }, 'Unknown name "bogus": Cannot find field.');
    unknown({ Secret: {} }, 'Unknown name "Secret": Cannot find field.');
    unknown({ secret: { bogus: 1 } }, `Unknown name "bogus" at 'secret': Cannot find field.`);
    unknown(
      { secret: { replication: { userManaged: { replicas: [{}, { x: 1 }] } } } },
      `Unknown name "x" at 'secret.replication.user_managed.replicas[1]': Cannot find field.`,
    );
    unknown({ 'my secret: hunter2': 1 }, 'Unknown name "(not a name)": Cannot find field.');
    unknown([], 'Unknown name "": Root element must be a message.');
    unknown('x', 'Unknown name "": Root element must be a message.');
    unknown({ secretId: 'a', secret_id: 'b' }, 'An object has the same name twice.');
  });

  test('values of the wrong type are named by type and not repeated', () => {
    const wrong = (schema: DescMessage, json: Json, text: string) =>
      assert.throws(() => messageOf(schema, json), said(text));
    wrong(ListSecretsRequestSchema, { pageSize: 'hunter2' }, "Invalid value at 'page_size' (TYPE_INT32)");
    wrong(ListSecretsRequestSchema, { pageSize: 2 ** 31 }, "Invalid value at 'page_size' (TYPE_INT32)");
    wrong(ListSecretsRequestSchema, { pageSize: 1.5 }, "Invalid value at 'page_size' (TYPE_INT32)");
    wrong(ListSecretsRequestSchema, { parent: 7 }, "Invalid value at 'parent' (TYPE_STRING)");
    wrong(ListSecretsRequestSchema, { parent: '\ud800' }, "Invalid value at 'parent' (TYPE_STRING)");
    wrong(AddSecretVersionRequestSchema, { payload: { data: '***' } }, "Invalid value at 'payload.data' (TYPE_BYTES)");
    wrong(
      AddSecretVersionRequestSchema,
      { payload: { dataCrc32c: '9223372036854775808' } },
      "Invalid value at 'payload.data_crc32c' (TYPE_INT64)",
    );
    wrong(
      CreateProjectRequestSchema,
      { project: { state: 'BOGUS' } },
      "Invalid value at 'project.state' (type.googleapis.com/google.cloud.resourcemanager.v3.Project.State)",
    );
    wrong(SecretSchema, { ttl: 'soon' }, "Invalid value at 'ttl' (type.googleapis.com/google.protobuf.Duration)");
    wrong(
      CreateSecretRequestSchema,
      { secret: { labels: ['a'] } },
      "Invalid value at 'secret' (Map), Cannot bind a list to map for field 'labels'.",
    );
    wrong(
      CreateSecretRequestSchema,
      { secret: { labels: { a: 1 } } },
      "Invalid value at 'secret.labels[].value' (TYPE_STRING)",
    );
    wrong(
      CreateSecretRequestSchema,
      { secret: { ttl: '60s', expireTime: '2030-01-01T00:00:00Z' } },
      "Invalid value at 'secret' (oneof), oneof field 'expiration' is already set. Cannot set 'expireTime'",
    );
  });

  test('whatever the JSON, it is a message or a fault', () => {
    const key = fc.constantFrom(
      'secret',
      'labels',
      'ttl',
      'name',
      'replication',
      'automatic',
      'etag',
      '__proto__',
      'x',
    );
    const value = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 1, -1.5, 2 ** 40, '', 'a', '1s'),
        fc.array(tie('json'), { maxLength: 3 }),
        fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).json;
    fc.assert(
      fc.property(
        fc.constantFrom(SecretSchema, CreateSecretRequestSchema, UpdateSecretRequestSchema),
        value,
        (schema, json) => {
          try {
            const message = messageOf(schema, json as Json);
            fromBinary(schema, toBinary(schema, message as never));
          } catch (error) {
            assert.ok(error instanceof Fault, String(error));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('query parameters', () => {
  test('fields by either name, nested ones by dots, masks and texts decoded once', () => {
    assert.deepEqual(query(ListSecretsRequestSchema, 'pageSize=5&page_token=a%2Bb%3D+c'), {
      pageSize: 5,
      pageToken: 'a+b= c',
    });
    assert.deepEqual(query(GetIamPolicyRequestSchema, 'options.requestedPolicyVersion=3'), {
      options: { requestedPolicyVersion: 3 },
    });
    assert.deepEqual(query(GenerateAccessTokenRequestSchema, 'scope=a&scope=b&lifetime=5s'), {
      scope: ['a', 'b'],
      lifetime: '5s',
    });
    assert.deepEqual(query(UpdateSecretRequestSchema, 'updateMask=labels,create_time', { secret: { etag: 'e' } }), {
      secret: { etag: 'e' },
      updateMask: 'labels,createTime',
    });
  });

  test('system parameters are not fields', () => {
    const system = (text: string) => parseQuery(text).system;
    assert.deepEqual(system(''), { enumAsInteger: false, pretty: true });
    assert.deepEqual(system('$alt=json;enum-encoding=int&key=k&quotaUser=q&fields=name'), {
      enumAsInteger: true,
      pretty: true,
    });
    assert.deepEqual(system('$alt=json%3Benum-encoding%3Dint&prettyPrint=false'), {
      enumAsInteger: true,
      pretty: false,
    });
    assert.deepEqual(parseQuery('alt=json&key=k').fields, []);
    assert.throws(() => parseQuery('alt=media'), Fault);
  });

  test('a credential in the URL is refused, whatever its value', () => {
    for (const name of ['access_token', 'oauth_token', 'bearer_token', 'access%5Ftoken']) {
      assert.throws(
        () => parseQuery(`${name}=ya29.x`),
        (error) => error instanceof Fault && !String(error).includes('ya29'),
      );
    }
  });

  test('what cannot be bound is refused', () => {
    const refused = (text: string, body: Json = {}) =>
      assert.throws(() => query(UpdateSecretRequestSchema, text, body), Fault, text);
    assert.throws(
      () => query(ListSecretsRequestSchema, 'foo=1'),
      said(
        'Invalid JSON payload received. Unknown name "foo": Cannot bind query parameter. ' +
          "Field 'foo' could not be found in request message.",
      ),
    );
    refused('secret=1');
    refused('secret.labels=1');
    refused('secret.labels.a=1');
    refused('updateMask.paths=a');
    refused('updateMask=a&update_mask=b');
    refused('secret.etag=a&secret.etag=b');
    refused('secret.etag=a', { secret: { etag: 'b' } });
    refused('secret.etag=a', { secret: 'x' });
    refused('%zz=1');
    refused('updateMask=%ff');
    refused('__proto__=1');
    refused('constructor.prototype=1');
  });

  test('a query leaves the body as it was sent', () => {
    const body = Object.freeze({ secret: Object.freeze({ etag: 'e' }) });
    query(UpdateSecretRequestSchema, 'secret.name=n', body);
    assert.deepEqual(body, { secret: { etag: 'e' } });
  });
});
