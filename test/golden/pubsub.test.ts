// What the transcript of Pub/Sub cannot say: names of hosts, methods with streams, and a quota's details.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Message, toJson } from '@bufbuild/protobuf';
import { Publisher, Subscriber } from '../../gen/google/pubsub/v1/pubsub_pb.js';
import { Code } from '../../gen/google/rpc/code_pb.js';
import { ErrorInfoSchema, HelpSchema } from '../../gen/google/rpc/error_details_pb.js';
import { Fault } from '../../src/core/error.ts';
import { createGcpDialect } from '../../src/dialects/gcp/dialect.ts';
import { statusOf } from '../../src/dialects/gcp/errors.ts';
import { ownsGcpHost, servicesOf } from '../../src/dialects/gcp/hosts.ts';
import { METHODS } from '../../src/dialects/gcp/methods.ts';
import { statusFailure, statusResponse } from '../../src/dialects/gcp/status.ts';
import type { Door } from '../../src/ops/door.ts';
import { ownsName } from '../../src/proxy/owned-names.ts';

test('the server answers for Pub/Sub’s name, and a run leaves it to Google', () => {
  assert.ok(ownsGcpHost('pubsub.googleapis.com'));
  assert.deepEqual(servicesOf('pubsub.googleapis.com'), [Publisher.typeName, Subscriber.typeName]);
  assert.equal(ownsName('pubsub.googleapis.com'), false);
});

test('every method without streams has a row; one with streams is unknown', async () => {
  for (const service of [Publisher, Subscriber]) {
    for (const { name, methodKind } of service.methods) {
      assert.equal(METHODS.has(`/${service.typeName}/${name}`), methodKind === 'unary', name);
    }
  }
  const nobody = () => assert.fail('nobody is asked');
  const door: Door = { call: nobody, authenticate: nobody, assertion: nobody, bearer: nobody, client: nobody };
  const answer = await createGcpDialect(door).grpc({
    id: 'r',
    protocol: 'h2',
    secure: false,
    method: 'POST',
    host: 'pubsub.googleapis.com',
    path: '/google.pubsub.v1.Subscriber/StreamingPull',
    query: '',
    headers: {},
    peer: { address: '127.0.0.1', port: 1 },
    service: 'google.pubsub.v1.Subscriber',
    rpc: 'StreamingPull',
    message: new Uint8Array(),
  });
  assert.deepEqual(answer, {
    ok: false,
    code: Code.UNIMPLEMENTED,
    message: 'unknown method StreamingPull for service google.pubsub.v1.Subscriber',
  });
});

test('a used-up quota is told as Service Control tells it, over both transports', () => {
  const facts = { project: 'my-project', projectNumber: '123456789012', quota: 'read', limit: 600 };
  const status = statusOf(new Fault('QUOTA_EXCEEDED', facts), {
    host: 'secretmanager.googleapis.com',
    service: 'google.cloud.secretmanager.v1.SecretManagerService',
    rpc: 'ListSecrets',
  });
  assert.equal(status.code, Code.RESOURCE_EXHAUSTED);
  assert.equal(
    status.message,
    "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of service " +
      "'secretmanager.googleapis.com' for consumer 'project_number:123456789012'.",
  );
  const [info, help] = status.details as [Message, Message];
  assert.deepEqual(toJson(ErrorInfoSchema, info as never), {
    reason: 'RATE_LIMIT_EXCEEDED',
    domain: 'googleapis.com',
    metadata: {
      consumer: 'projects/123456789012',
      quota_limit: 'ReadRequestsPerMinutePerProject',
      quota_limit_value: '600',
      quota_location: 'global',
      quota_metric: 'secretmanager.googleapis.com/read_requests',
      quota_unit: '1/min/{project}',
      service: 'secretmanager.googleapis.com',
    },
  });
  assert.match(JSON.stringify(toJson(HelpSchema, help as never)), /Request a higher quota limit\./);
  const { status: http, body } = statusResponse(status, false);
  assert.deepEqual([http, JSON.parse(String(body)).error.details.length], [429, 2]);
  assert.ok((statusFailure(status).details?.length ?? 0) > 0);
});

test('Pub/Sub’s refusals are its own', () => {
  const call = { host: 'pubsub.googleapis.com', service: 'google.pubsub.v1.Publisher', rpc: 'GetTopic' };
  const facts = { permission: 'pubsub.topics.get', resource: 'projects/p/topics/t' };
  assert.deepEqual(statusOf(new Fault('PERMISSION_DENIED', facts), call), {
    code: Code.PERMISSION_DENIED,
    message: 'User not authorized to perform this action.',
    details: [],
  });
});
