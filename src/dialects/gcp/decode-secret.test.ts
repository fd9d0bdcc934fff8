// Secrets and changes of them as commands: every field of the proto, every path of a mask, and that what is wrong with
// them travels along instead of being thrown before the caller may know.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { type Secret, SecretSchema } from '../../../gen/google/cloud/secretmanager/v1/resources_pb.js';
import {
  CreateSecretRequestSchema,
  UpdateSecretRequestSchema,
} from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { Fault, type FaultCode, type FaultData } from '../../core/error.ts';
import { decodeCreateSecret, decodeUpdateSecret } from './decode-secret.ts';

type SecretInit = MessageInitShape<typeof SecretSchema>;

const PARENT = 'projects/my-project';
const NAME = `${PARENT}/secrets/db`;
const REGION = `${PARENT}/locations/europe-west1`;
const KEY = `${PARENT}/locations/global/keyRings/r/cryptoKeys/k`;
const CMEK = { customerManagedEncryption: { kmsKeyName: KEY } };

const created = (secret: SecretInit, parent = PARENT) =>
  decodeCreateSecret(create(CreateSecretRequestSchema, { parent, secretId: 'db', secret }), undefined);
const changed = (paths: string[] | undefined, secret: SecretInit = {}, name = NAME) =>
  decodeUpdateSecret(
    create(UpdateSecretRequestSchema, {
      secret: { name, ...secret },
      ...(paths === undefined ? {} : { updateMask: { paths } }),
    }),
    undefined,
  );
const codeOf = ({ invalid }: { readonly invalid?: FaultData }): FaultCode | undefined => invalid?.code;

/** Every field that can be set, as the wire has it and as the core does. */
const WHOLE: SecretInit = {
  replication: { replication: { case: 'automatic', value: CMEK } },
  labels: { a: 'b' },
  annotations: { c: 'd' },
  tags: { 'tagKeys/1': 'tagValues/2' },
  topics: [{ name: `${PARENT}/topics/one` }, { name: `${PARENT}/topics/two` }],
  versionAliases: { prod: 3n },
  expiration: { case: 'ttl', value: { seconds: 90n } },
  versionDestroyTtl: { seconds: 86_400n },
  rotation: { nextRotationTime: { seconds: 2_000_000_000n }, rotationPeriod: { seconds: 3600n } },
};
const SET = {
  replication: { locations: [], kmsKey: KEY },
  labels: { a: 'b' },
  annotations: { c: 'd' },
  topics: [`${PARENT}/topics/one`, `${PARENT}/topics/two`],
  versionAliases: { prod: 3 },
  expiration: { ttlSeconds: 90 },
  versionDestroyTtlSeconds: 86_400,
  nextRotationAt: 2_000_000_000_000,
  rotationPeriodSeconds: 3600,
};

describe('a new secret', () => {
  test('is every field of it', () => {
    const tags = { 'tagKeys/1': 'tagValues/2' };
    assert.deepEqual(created(WHOLE), { project: 'my-project', name: 'db', ...SET, tags });
  });

  test('of a region may be none at all, and has its key outside of the replication', () => {
    const place = { project: 'my-project', location: 'europe-west1', name: 'db' };
    const bare = decodeCreateSecret(create(CreateSecretRequestSchema, { parent: REGION, secretId: 'db' }), undefined);
    assert.deepEqual(bare, place);
    const { kmsKey, replication } = created(CMEK, REGION);
    assert.deepEqual([kmsKey, replication], [KEY, undefined]);
  });

  test('names its replicas: none of them is not the same as all places', () => {
    const replicas = (...value: { location: string }[]) =>
      created({ replication: { replication: { case: 'userManaged', value: { replicas: value } } } });
    const east = { location: 'us-east1', ...CMEK };
    assert.deepEqual(replicas(east, { location: 'x' }).replication, {
      locations: [{ location: 'us-east1', kmsKey: KEY }, { location: 'x' }],
    });
    assert.equal(codeOf(replicas()), 'INVALID_FIELD');
    assert.equal(created({ replication: {} }).replication, undefined);
  });

  test('of a type that the server does not have is refused by name', () => {
    const { invalid } = created({ secretType: 1 });
    const fault = invalid && new Fault(invalid.code, invalid.facts);
    assert.equal(fault?.message, 'Field [secret.secret_type] is not supported by this server');
  });

  test('carries what is wrong with it', () => {
    const wrong: [string, SecretInit][] = [
      ['secret.ttl', { expiration: { case: 'ttl', value: { seconds: 2n ** 62n } } }],
      ['secret.expire_time', { expiration: { case: 'expireTime', value: { seconds: 2n ** 62n } } }],
      ['secret.version_destroy_ttl', { versionDestroyTtl: { seconds: 1n, nanos: -1 } }],
      ['secret.rotation.next_rotation_time', { rotation: { nextRotationTime: { nanos: -1 } } }],
      ['secret.rotation.rotation_period', { rotation: { rotationPeriod: { nanos: 2e9 } } }],
    ];
    for (const [field, secret] of wrong) assert.equal(created(secret).invalid?.facts['field'], field);
  });
});

describe('a change', () => {
  const ref = { project: 'my-project', key: 'db' };
  const PATHS: Record<string, object> = {
    labels: { labels: SET.labels },
    annotations: { annotations: SET.annotations },
    version_aliases: { versionAliases: SET.versionAliases },
    topics: { topics: SET.topics },
    expire_time: { expiration: SET.expiration },
    ttl: { expiration: SET.expiration },
    version_destroy_ttl: { versionDestroyTtlSeconds: SET.versionDestroyTtlSeconds },
    rotation: { nextRotationAt: SET.nextRotationAt, rotationPeriodSeconds: SET.rotationPeriodSeconds },
    'rotation.next_rotation_time': { nextRotationAt: SET.nextRotationAt },
    'rotation.rotation_period': { rotationPeriodSeconds: SET.rotationPeriodSeconds },
    customer_managed_encryption: { kmsKey: KEY },
    replication: { replication: SET.replication },
  };
  const camel = (path: string) => path.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

  test('sets what its mask names, in either spelling, and nothing else', () => {
    for (const [path, change] of Object.entries(PATHS)) {
      for (const spelling of [path, camel(path)]) {
        assert.deepEqual(changed([spelling], { ...WHOLE, ...CMEK }), { ...ref, ...change }, spelling);
      }
    }
    assert.deepEqual(changed([], WHOLE), ref);
    assert.deepEqual(changed(['name', 'create_time', 'createTime', 'tags', 'etag'], WHOLE), ref);
  });

  test('clears what its mask names and the secret does not have', () => {
    for (const [path, change] of Object.entries(PATHS)) {
      if (path === 'replication') continue;
      const cleared = Object.entries(change).map(([field, value]) => {
        if (Array.isArray(value)) return [field, []];
        return [field, ['labels', 'annotations', 'versionAliases'].includes(field) ? {} : null];
      });
      assert.deepEqual(changed([path]), { ...ref, ...Object.fromEntries(cleared) }, path);
    }
    // A replication cannot be taken away.
    assert.equal(codeOf(changed(['replication'])), 'UPDATE_MASK_INVALID');
  });

  test('takes an expiry by whichever of its two names', () => {
    const at = { expiration: { case: 'expireTime', value: { seconds: 2_000_000_000n } } } as const;
    for (const path of ['ttl', 'expireTime']) {
      assert.deepEqual(changed([path], at), { ...ref, expiration: { at: 2_000_000_000_000 } });
    }
  });

  test('carries what is wrong with its mask, and then changes nothing', () => {
    assert.equal(codeOf(changed(undefined)), 'UPDATE_MASK_MISSING');
    for (const path of ['*', 'bogus', 'labels.a', '', 'Labels', 'rotation.x', '__proto__', 'constructor']) {
      const { invalid, ...command } = changed(['labels', path], WHOLE);
      assert.equal(invalid?.code, 'UPDATE_MASK_INVALID', path);
      assert.deepEqual(command, ref);
    }
    for (const path of ['secret_type', 'policyMember']) assert.equal(codeOf(changed([path])), 'FIELD_IMMUTABLE', path);
    const regional = changed(['replication.automatic'], WHOLE, `${REGION}/secrets/db`);
    assert.match(String(regional.invalid?.facts['said']), /not supported in updates of regional secret/);
  });

  test('keeps its etag beside what is wrong', () => {
    const command = changed(['*'], { etag: '"165cdb2653c7d9"' });
    assert.deepEqual([command.etag, codeOf(command)], ['165cdb2653c7d9', 'UPDATE_MASK_INVALID']);
  });

  test('of any mask is a command', () => {
    const secret: Secret = create(SecretSchema, { name: NAME, ...WHOLE });
    const path = fc.oneof(fc.constantFrom(...Object.keys(PATHS)), fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(fc.array(path, { maxLength: 5 }), (paths) => {
        const request = create(UpdateSecretRequestSchema, { secret, updateMask: { paths } });
        assert.equal(decodeUpdateSecret(request, '').key, 'db');
      }),
      { numRuns: 500 },
    );
  });
});
