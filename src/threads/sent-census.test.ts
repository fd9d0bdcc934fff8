import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sighting } from '../core/census.ts';
import { receivedCensus, sentCensus } from './sent-census.ts';

const text = fc.constantFrom('', 'a', 'b', 'user:ä@x.org', 'allUsers');
const time = fc.integer({ min: 0, max: 8.64e15 });
const sighting = fc
  .record({
    ...{ projectUid: text, secretUid: fc.string(), version: fc.integer({ min: 1, max: 131_071 }), principal: text },
    ...{ workload: text, dialect: text, firstSeenAt: time, lastSeenAt: time, reads: fc.integer({ min: 1 }) },
    ordinal: fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
  })
  .map(({ ordinal, ...rest }): Sighting => (ordinal === null ? rest : { ...rest, ordinal }));

test('sightings are the same on the other side, in their order', () => {
  fc.assert(
    fc.property(fc.array(sighting, { maxLength: 30 }), (sightings) => {
      assert.deepEqual(receivedCensus(structuredClone(sentCensus(sightings))), sightings);
    }),
  );
});
