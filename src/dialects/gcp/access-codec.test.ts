// The codec written by hand and the general one never differ by a byte.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  type AccessSecretVersionResponse,
  AccessSecretVersionResponseSchema,
} from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { Redacted } from '../../core/redacted.ts';
import type { Project, Secret, Version } from '../../core/secret.ts';
import { accessBytes, accessJson } from './access-codec.ts';
import { codecOf, generalCodec } from './codec.ts';
import { encodeAccessed } from './encode.ts';

const chosen = codecOf(AccessSecretVersionResponseSchema);
const general = generalCodec(AccessSecretVersionResponseSchema);

/** Names and numbers around every border that the codec looks at, and payloads around each length of a varint. */
const message: fc.Arbitrary<AccessSecretVersionResponse> = fc
  .record(
    {
      name: fc.oneof(
        fc.constantFrom('', 'projects/1/secrets/a/versions/1', 'é', '"', '\\', '\u007f', 'a\u0000b', '<'),
        fc.string({ maxLength: 300 }),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
      ),
      payload: fc.option(
        fc.record(
          {
            data: fc.oneof(
              fc.uint8Array({ maxLength: 300 }),
              fc.constantFrom(127, 128, 16_383, 16_384, 65_536).map((length) => new Uint8Array(length).fill(7)),
            ),
            dataCrc32c: fc.oneof(
              fc.constantFrom(-1n, 0n, 127n, 128n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, -(2n ** 63n)),
              fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
            ),
          },
          { requiredKeys: [] },
        ),
        { nil: undefined },
      ),
    },
    { requiredKeys: [] },
  )
  .map((fields) => create(AccessSecretVersionResponseSchema, fields as never));

describe('an answer that carries a payload', () => {
  test('is the same by hand and by the descriptor', () => {
    fc.assert(
      fc.property(message, fc.boolean(), fc.boolean(), (answer, pretty, enumAsInteger) => {
        const system = { pretty, enumAsInteger };
        assert.equal(chosen.json(answer, system), general.json(answer, system));
        assert.deepEqual(Buffer.from(chosen.bytes(answer)), Buffer.from(general.bytes(answer)));
      }),
      { numRuns: 500 },
    );
  });

  test('is made by hand where a version of ours is answered', () => {
    const data = Buffer.from('a value');
    const answer = encodeAccessed({
      project: { number: '123456789012' } as Project,
      secret: { name: 'a/b', location: '' } as unknown as Secret,
      version: { number: 7, crc32c: 0xffffffff } as Version,
      ordinal: 7,
      payload: new Redacted<Uint8Array>(data),
    });
    assert.match(accessJson(answer, true) ?? '', /"data": "YSB2YWx1ZQ==",\n {4}"dataCrc32c": "4294967295"/);
    const bytes = accessBytes(answer);
    assert.ok(bytes);
    const read = fromBinary(AccessSecretVersionResponseSchema, bytes);
    assert.deepEqual(Buffer.from(read.payload?.data ?? []), data);
    assert.deepEqual(Buffer.from(general.bytes(answer)), bytes);
  });

  test('keeps fields that nobody knows', () => {
    const answer = fromBinary(AccessSecretVersionResponseSchema, Uint8Array.of(0x0a, 1, 0x61, 0x18, 5));
    assert.deepEqual(Buffer.from(chosen.bytes(answer)), Buffer.from(general.bytes(answer)));
  });
});
