// Messages into commands: which names, etags, masks and policies are taken, and that nothing is dropped in silence.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ReplicationSchema, type SecretSchema } from '../../../gen/google/cloud/secretmanager/v1/resources_pb.js';
import {
  CreateSecretRequestSchema,
  UpdateSecretRequestSchema,
} from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { SetIamPolicyRequestSchema } from '../../../gen/google/iam/v1/iam_policy_pb.js';
import { Fault, type FaultCode } from '../../core/error.ts';
import { decodeAddVersion, decodeCreateSecret, decodeEtag, decodePolicy, decodeUpdateSecret } from './decode.ts';
import {
  NO_VERSION,
  parseAccountName,
  parseProjectName,
  parseSecretId,
  parseSecretRef,
  parseVersionName,
  parseVersionNumber,
} from './names.ts';

const PARENT = 'projects/my-project';
const SECRET = `${PARENT}/secrets/db`;
const fault = (code: FaultCode) => (error: unknown) => error instanceof Fault && error.code === code;

describe('resource names', () => {
  test('a version by number, latest or alias; nothing else', () => {
    const selector = (text: string) => parseVersionName(`${SECRET}/versions/${text}`).selector;
    assert.equal(selector('1'), 1);
    assert.equal(selector('01'), 1);
    assert.equal(selector('latest'), 'latest');
    // Case counts: these are aliases, and no version has one yet.
    for (const text of ['Latest', 'prod', '0', '000', '9007199254740993', '99999999999999999999']) {
      assert.equal(selector(text), NO_VERSION, text);
    }
    for (const text of ['-1', '1.0', '1e3', '+1', '', '..', 'a b', 'ä', 'latest/', '999999999999999999999', '%31']) {
      assert.throws(() => selector(text), fault('INVALID_FIELD'), text);
    }
  });

  test('a version that is about to change is named by number', () => {
    assert.equal(parseVersionNumber(`${SECRET}/versions/2`).selector, 2);
    for (const text of ['latest', 'prod']) {
      assert.throws(() => parseVersionNumber(`${SECRET}/versions/${text}`), fault('VERSION_SELECTOR_INVALID'));
    }
  });

  test('a secret is its exact name', () => {
    assert.deepEqual(parseSecretRef('projects/123/secrets/A_b-9', 'name'), { project: '123', key: 'A_b-9' });
    for (const name of [
      `${SECRET}/`,
      `/${SECRET}`,
      `${SECRET}/x`,
      `${PARENT}/secrets/`,
      `${PARENT}/secrets/..`,
      `${PARENT}/secrets/a%2Fb`,
      `${PARENT}/secrets/a;x`,
      `${PARENT}/secrets/a\\b`,
      `${PARENT}/secrets/a\n`,
      `${PARENT}/secrets/é`,
      `${PARENT}/secrets/${'a'.repeat(256)}`,
      'projects//secrets/a',
      'Projects/my-project/secrets/a',
      'projects/MY-PROJECT/secrets/a',
      'projects/-/secrets/a',
      'my-project/secrets/a',
      '',
    ]) {
      assert.throws(() => parseSecretRef(name, 'name'), fault('INVALID_FIELD'), name);
    }
    assert.throws(() => parseSecretRef(`${PARENT}/locations/europe-west1/secrets/a`, 'name'), fault('UNIMPLEMENTED'));
    assert.throws(() => parseProjectName(`${PARENT}/locations/europe-west1`, 'parent'), fault('UNIMPLEMENTED'));
  });

  test('ids of secrets', () => {
    assert.equal(parseSecretId('a'.repeat(255)), 'a'.repeat(255));
    assert.throws(() => parseSecretId(''), fault('SECRET_ID_MISSING'));
    for (const id of ['a'.repeat(256), 'a/b', 'a.b', 'a b', '..', 'ä', 'a\u0000']) {
      assert.throws(() => parseSecretId(id), fault('INVALID_FIELD'), id);
    }
  });

  test('service accounts live where their address says', () => {
    const email = 'my-service@my-project.iam.gserviceaccount.com';
    for (const project of ['-', 'my-project', '123456789012']) {
      assert.equal(parseAccountName(`projects/${project}/serviceAccounts/${email}`), email);
    }
    assert.throws(
      () => parseAccountName(`projects/other-project/serviceAccounts/${email}`),
      fault('ACCOUNT_NOT_FOUND'),
    );
    assert.throws(() => parseAccountName('projects/-/serviceAccounts/1234567890'), fault('UNIMPLEMENTED'));
    assert.throws(() => parseAccountName(`projects/-/serviceAccounts/${email}/keys/k`), fault('INVALID_FIELD'));
  });

  test('whatever the name, it is parsed or a fault', () => {
    const part = fc.constantFrom(
      'projects',
      '/',
      'my-project',
      'secrets',
      'versions',
      'locations',
      '-',
      '..',
      '%2f',
      '1',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ maxLength: 4 })), { maxLength: 12 }), (parts) => {
        for (const parse of [parseVersionName, parseVersionNumber, parseAccountName]) {
          try {
            parse(parts.join(''));
          } catch (error) {
            assert.ok(error instanceof Fault, String(error));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('commands', () => {
  test('etags lose their quotes; another form matches nothing', () => {
    assert.deepEqual(decodeEtag(''), {});
    assert.deepEqual(decodeEtag('"165cdb2653c7d9"'), { etag: '165cdb2653c7d9' });
    for (const etag of ['165cdb2653c7d9', '"x"', 'W/"165cdb2653c7d9"', '""']) {
      assert.doesNotMatch(decodeEtag(etag).etag ?? '', /^[0-9a-f]*$/, etag);
    }
  });

  test('a field that is not built is refused where it is set', () => {
    const replication = create(ReplicationSchema, { replication: { case: 'automatic', value: {} } });
    const set: [string, MessageInitShape<typeof SecretSchema>][] = [
      ['topics', { topics: [{ name: 't' }] }],
      ['expire_time', { expiration: { case: 'expireTime', value: { seconds: 1n } } }],
      ['ttl', { expiration: { case: 'ttl', value: { seconds: 60n } } }],
      ['rotation', { rotation: {} }],
      ['version_aliases', { versionAliases: { a: 1n } }],
      ['version_destroy_ttl', { versionDestroyTtl: {} }],
      ['customer_managed_encryption', { customerManagedEncryption: {} }],
      ['tags', { tags: { a: 'b' } }],
      ['secret_type', { secretType: 1 }],
    ];
    for (const [field, secret] of set) {
      const request = create(CreateSecretRequestSchema, {
        parent: PARENT,
        secretId: 'db',
        secret: { ...secret, replication },
      });
      assert.throws(
        () => decodeCreateSecret(request),
        (error) => fault('UNIMPLEMENTED')(error) && String(error).includes(`[secret.${field}]`),
        field,
      );
    }
  });

  test('replication is automatic or distinct places', () => {
    const locations = (places: string[]) => {
      const replicas = places.map((location) => ({ location }));
      const secret = { replication: { replication: { case: 'userManaged', value: { replicas } } } } as const;
      const request = create(CreateSecretRequestSchema, { parent: PARENT, secretId: 'db', secret });
      return decodeCreateSecret(request).replication.locations;
    };
    assert.deepEqual(locations(['us-east1', 'europe-west1']), ['us-east1', 'europe-west1']);
    for (const places of [[], ['a', 'a'], [''], ['A'], ['../x']]) {
      assert.throws(() => locations(places), fault('INVALID_FIELD'), places.join());
    }
    const bare = create(CreateSecretRequestSchema, { parent: PARENT, secretId: 'db', secret: { replication: {} } });
    assert.throws(() => decodeCreateSecret(bare), fault('REPLICATION_MISSING'));
  });

  test('an update names what it changes', () => {
    const update = (paths: string[] | undefined, secret: MessageInitShape<typeof SecretSchema> = {}) =>
      decodeUpdateSecret(
        create(UpdateSecretRequestSchema, {
          secret: { name: SECRET, labels: { a: 'b' }, ...secret },
          ...(paths === undefined ? {} : { updateMask: { paths } }),
        }),
      );
    const ref = { project: 'my-project', key: 'db' };
    assert.throws(() => update(undefined), fault('UPDATE_MASK_MISSING'));
    assert.deepEqual(update([]), ref);
    assert.deepEqual(update(['labels', 'annotations']), { ...ref, labels: { a: 'b' }, annotations: {} });
    assert.deepEqual(update(['name', 'create_time', 'createTime', 'tags', 'etag']), ref);
    for (const path of ['*', 'bogus', 'labels.a', '', 'Labels', 'replication.automatic']) {
      assert.throws(() => update([path]), fault('UPDATE_MASK_INVALID'), path);
    }
    for (const path of ['secret_type', 'policyMember']) {
      assert.throws(() => update([path]), fault('FIELD_IMMUTABLE'), path);
    }
    // Clearing what cannot be set changes nothing; setting it is refused.
    assert.deepEqual(update(['versionAliases', 'rotation.next_rotation_time']), ref);
    assert.throws(() => update(['version_aliases'], { versionAliases: { a: 1n } }), fault('UNIMPLEMENTED'));
    assert.throws(() => update(['rotation.rotation_period'], { rotation: {} }), fault('UNIMPLEMENTED'));
  });

  test('a payload is out of sight at once, and its sum cannot wrap', () => {
    const command = decodeAddVersion(SECRET, {
      $typeName: 'google.cloud.secretmanager.v1.SecretPayload',
      data: new TextEncoder().encode('hunter2'),
      dataCrc32c: 2n ** 32n,
    });
    assert.ok(!JSON.stringify(command).includes('hunter2'));
    assert.equal(command.crc32c, -1);
    assert.equal(decodeAddVersion(SECRET, undefined).payload.reveal().length, 0);
  });

  test('a policy keeps its etag and tells its conditions', () => {
    const policy = {
      version: 3,
      etag: new Uint8Array([0, 1, 2]),
      bindings: [{ role: 'r', members: ['m'], condition: { expression: 'true' } }, { role: 's' }],
    };
    assert.deepEqual(decodePolicy(create(SetIamPolicyRequestSchema, { policy })), {
      bindings: [
        { role: 'r', members: ['m'], conditional: true },
        { role: 's', members: [], conditional: false },
      ],
      etag: 'AAEC',
    });
    assert.throws(() => decodePolicy(create(SetIamPolicyRequestSchema)), fault('INVALID_FIELD'));
    for (const version of [2, 4, -1]) {
      assert.throws(
        () => decodePolicy(create(SetIamPolicyRequestSchema, { policy: { version } })),
        fault('INVALID_FIELD'),
      );
    }
    const audited = { auditConfigs: [{ service: 'allServices' }] };
    assert.throws(() => decodePolicy(create(SetIamPolicyRequestSchema, { policy: audited })), fault('UNIMPLEMENTED'));
  });
});
