// Names and the small parts of messages: which are taken, and that nothing is read into them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Fault, type FaultCode } from '../../core/error.ts';
import { decodeDuration, decodeEtag, decodePayload, decodeTime } from './decode.ts';
import {
  parseAccountName,
  parseLocationName,
  parseParent,
  parseProjectName,
  parseSecretId,
  parseSecretRef,
  parseVersionName,
  parseVersionNumber,
} from './names.ts';

const PARENT = 'projects/my-project';
const SECRET = `${PARENT}/secrets/db`;
const REGIONAL = `${PARENT}/locations/europe-west1/secrets/db`;
const fault = (code: FaultCode) => (error: unknown) => error instanceof Fault && error.code === code;
const says = (text: string) => (error: unknown) => error instanceof Fault && error.facts['said'] === text;

describe('resource names', () => {
  test('a version by number, latest or alias; nothing else', () => {
    const selector = (text: string) => parseVersionName(`${SECRET}/versions/${text}`, undefined).selector;
    assert.equal(selector('1'), 1);
    assert.equal(selector('01'), 1);
    assert.equal(selector('0'), 0);
    assert.equal(selector('9223372036854775807'), 2 ** 63);
    assert.equal(selector('latest'), 'latest');
    // Case counts.
    for (const alias of ['Latest', 'NEW', 'prod', 'a'.repeat(63)]) assert.deepEqual(selector(alias), { alias }, alias);
    for (const text of ['-1', '1.0', '1e3', '+1', '', '..', 'a b', 'ä', 'latest/', '1'.repeat(20), '%31', '1a', '_a']) {
      assert.throws(() => selector(text), fault('INVALID_FIELD'), text);
    }
    assert.throws(() => selector('a'.repeat(64)), fault('INVALID_FIELD'));
  });

  test('a version that is about to change is named by number', () => {
    assert.deepEqual(parseVersionNumber(`${SECRET}/versions/2`, ''), { project: 'my-project', key: 'db', number: 2 });
    for (const text of ['latest', 'prod']) {
      assert.throws(() => parseVersionNumber(`${SECRET}/versions/${text}`, ''), fault('VERSION_SELECTOR_INVALID'));
    }
  });

  test('a secret is its exact name', () => {
    assert.deepEqual(parseSecretRef('projects/123/secrets/A_b-9', 'name', undefined), { project: '123', key: 'A_b-9' });
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
      `${PARENT}/locations//secrets/a`,
      `${PARENT}/locations/europe-west1/secrets/`,
      `${PARENT}/locations/europe/secrets/a`,
      `${PARENT}/locations/../secrets/a`,
      `${PARENT}/locations/global/secrets/a`,
      `${PARENT}/locations/-/secrets/a`,
      'projects//secrets/a',
      'Projects/my-project/secrets/a',
      'projects/MY-PROJECT/secrets/a',
      'projects/-/secrets/a',
      'my-project/secrets/a',
      '',
    ]) {
      assert.throws(() => parseSecretRef(name, 'name', undefined), fault('INVALID_FIELD'), name);
    }
  });

  test('a location is a part of the name', () => {
    const place = { project: 'my-project', location: 'europe-west1' };
    assert.deepEqual(parseParent(`${PARENT}/locations/europe-west1`, undefined), place);
    assert.deepEqual(parseSecretRef(REGIONAL, 'name', undefined), { ...place, key: 'db' });
    const version = parseVersionName(`${REGIONAL}/versions/prod`, undefined);
    assert.deepEqual(version, { ...place, key: 'db', selector: { alias: 'prod' } });
    assert.deepEqual(parseLocationName(`${PARENT}/locations/nowhere`), { project: 'my-project', location: 'nowhere' });
    for (const parse of [parseProjectName, (name: string) => parseParent(`${name}/secrets`, undefined)]) {
      assert.throws(() => parse(`${PARENT}/locations/europe-west1`, 'parent'), fault('INVALID_FIELD'));
    }
  });

  test('a host has the secrets of its own location, and calls other names misspelled', () => {
    const place = { project: 'my-project', location: 'europe-west1' };
    assert.deepEqual(parseSecretRef(SECRET, 'name', ''), { project: 'my-project', key: 'db' });
    assert.deepEqual(parseSecretRef(REGIONAL, 'name', 'europe-west1'), { ...place, key: 'db' });
    assert.deepEqual(parseParent(`${PARENT}/locations/europe-west1`, 'europe-west1'), place);
    const refused: [() => unknown, string][] = [
      [
        () => parseVersionName(`${REGIONAL}/versions/1`, ''),
        `The provided Secret ID [${REGIONAL}/versions/1] does not match the expected format ` +
          '[projects/*/secrets/*/versions/*]',
      ],
      [
        () => parseSecretRef(SECRET, 'name', 'europe-west1'),
        `The provided Secret ID [${SECRET}] does not match the expected format ` +
          '[projects/*/locations/europe-west1/secrets/*]',
      ],
      [
        () => parseSecretRef(REGIONAL, 'name', 'us-east1'),
        `The provided Secret ID [${REGIONAL}] does not match the expected format ` +
          '[projects/*/locations/us-east1/secrets/*]',
      ],
      [
        () => parseParent(`${PARENT}/locations/europe-west1`, ''),
        `The provided Project ID [${PARENT}/locations/europe-west1] does not match the expected format [projects/*]`,
      ],
      [
        () => parseParent(PARENT, 'us-east1'),
        `The provided Project ID [${PARENT}] does not match the expected format [projects/*/locations/us-east1]`,
      ],
    ];
    for (const [parse, said] of refused) assert.throws(parse, says(said), said);
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
        for (const parse of [parseVersionName, parseVersionNumber, parseParent, parseAccountName]) {
          try {
            parse(parts.join(''), undefined);
          } catch (error) {
            assert.ok(error instanceof Fault, String(error));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parts of messages', () => {
  test('etags lose their quotes; another form matches nothing', () => {
    assert.deepEqual(decodeEtag(''), {});
    assert.deepEqual(decodeEtag('"165cdb2653c7d9"'), { etag: '165cdb2653c7d9' });
    for (const etag of ['165cdb2653c7d9', '"x"', 'W/"165cdb2653c7d9"', '""']) {
      assert.doesNotMatch(decodeEtag(etag).etag ?? '', /^[0-9a-f]*$/, etag);
    }
  });

  test('a payload is out of sight at once, and its sum cannot wrap', () => {
    const command = decodePayload({
      $typeName: 'google.cloud.secretmanager.v1.SecretPayload',
      data: new TextEncoder().encode('hunter2'),
      dataCrc32c: 2n ** 32n,
    });
    assert.ok(!JSON.stringify(command).includes('hunter2'));
    assert.equal(command.crc32c, -1);
    assert.equal(decodePayload(undefined).payload.reveal().length, 0);
  });

  test('times and durations are those that their protos allow', () => {
    const time = (seconds: bigint, nanos = 0) =>
      decodeTime({ $typeName: 'google.protobuf.Timestamp', seconds, nanos }, 'f');
    const duration = (seconds: bigint, nanos = 0) =>
      decodeDuration({ $typeName: 'google.protobuf.Duration', seconds, nanos }, 'f');
    assert.equal(time(1_800_000_000n, 123_999_999), 1_800_000_000_123);
    assert.equal(time(253_402_300_799n), 253_402_300_799_000);
    assert.equal(duration(90n), 90);
    assert.equal(duration(59n, 999_999_999), 59.999999999);
    assert.equal(duration(-1n, -500_000_000), -1.5);
    for (const [seconds, nanos] of [
      [2n ** 63n - 1n, 0],
      [-(2n ** 63n), 0],
      [1n, 1_000_000_000],
    ] as const) {
      assert.throws(() => time(seconds, nanos), fault('INVALID_FIELD'));
      assert.throws(() => duration(seconds, nanos), fault('INVALID_FIELD'));
    }
    assert.throws(() => time(1n, -1), fault('INVALID_FIELD'));
    assert.throws(() => duration(1n, -1), fault('INVALID_FIELD'));
  });
});
