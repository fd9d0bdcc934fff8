import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault, type FaultCode } from './error.ts';
import { advanceRotation, changeRotation, parseDestroyTtl, parseExpiration } from './schedule.ts';

const NOW = 1_800_000_000_000;
const HUNDRED_YEARS = 876_000 * 3600;
const ahead = (seconds: number) => NOW + seconds * 1000;

function refuses(code: FaultCode, work: () => unknown, bound?: string): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.code, code);
    assert.equal(error.facts['bound'], bound);
    return true;
  });
}

test('an expiration lies 60 seconds to 100 years ahead, as a time or as a ttl', () => {
  assert.equal(parseExpiration({ ttlSeconds: 60 }, NOW), ahead(60));
  assert.equal(parseExpiration({ ttlSeconds: HUNDRED_YEARS }, NOW), ahead(HUNDRED_YEARS));
  assert.equal(parseExpiration({ at: ahead(60) }, NOW), ahead(60));
  assert.equal(parseExpiration({ ttlSeconds: 60.5 }, NOW), ahead(60.5));
  assert.equal(parseExpiration({ ttlSeconds: 60.000_000_9 }, NOW), ahead(60), 'whole milliseconds');
  for (const early of [
    { ttlSeconds: 59.999 },
    { ttlSeconds: 0 },
    { ttlSeconds: -1 },
    { at: NOW },
    { at: Number.NaN },
  ]) {
    refuses('EXPIRATION_OUT_OF_RANGE', () => parseExpiration(early, NOW), 'at least [1m]');
  }
  for (const late of [{ ttlSeconds: HUNDRED_YEARS + 1 }, { at: ahead(HUNDRED_YEARS) + 1 }, { at: Infinity }]) {
    refuses('EXPIRATION_OUT_OF_RANGE', () => parseExpiration(late, NOW), 'at most [876000h]');
  }
});

test('a delay of destruction is 24 to 24000 hours', () => {
  assert.equal(parseDestroyTtl(86_400), 86_400);
  assert.equal(parseDestroyTtl(86_400_000), 86_400_000);
  refuses('INVALID_FIELD', () => parseDestroyTtl(86_400.5));
  refuses('DESTROY_TTL_OUT_OF_RANGE', () => parseDestroyTtl(86_399), 'at least [24h]');
  refuses('DESTROY_TTL_OUT_OF_RANGE', () => parseDestroyTtl(86_400_001), 'at most [24000h]');
});

test('a rotation needs topics, a time 5 minutes to 100 years ahead, and a period of an hour to 100 years', () => {
  const topics = ['projects/p/topics/t'];
  const set = (nextRotationAt?: number, rotationPeriodSeconds?: number) =>
    changeRotation(
      undefined,
      {
        ...(nextRotationAt === undefined ? {} : { nextRotationAt }),
        ...(rotationPeriodSeconds === undefined ? {} : { rotationPeriodSeconds }),
      },
      topics,
      NOW,
    );
  assert.deepEqual(set(ahead(300)), { nextAt: ahead(300) });
  assert.deepEqual(set(ahead(HUNDRED_YEARS), 3600), { nextAt: ahead(HUNDRED_YEARS), periodSeconds: 3600 });
  assert.deepEqual(set(ahead(300), HUNDRED_YEARS), { nextAt: ahead(300), periodSeconds: HUNDRED_YEARS });
  assert.equal(set(), undefined);
  refuses('ROTATION_TIME_OUT_OF_RANGE', () => set(ahead(300) - 1), 'at least [5m]');
  refuses('ROTATION_TIME_OUT_OF_RANGE', () => set(ahead(HUNDRED_YEARS) + 1), 'at most [876000h]');
  refuses('ROTATION_PERIOD_OUT_OF_RANGE', () => set(ahead(300), 3599), 'at least [1h]');
  refuses('ROTATION_PERIOD_OUT_OF_RANGE', () => set(ahead(300), HUNDRED_YEARS + 1), 'at most [876000h]');
  refuses('INVALID_FIELD', () => set(ahead(300), 3600.5));
  assert.deepEqual(set(ahead(300) + 0.7), { nextAt: ahead(300) });
  refuses('ROTATION_TIME_MISSING', () => set(undefined, 3600));
  refuses('ROTATION_WITHOUT_TOPICS', () => changeRotation(undefined, { nextRotationAt: ahead(300) }, [], NOW));
});

test('a rotation changes by halves: absent stays, null is cleared, an old time may have come near', () => {
  const topics = ['projects/p/topics/t'];
  const before = { nextAt: ahead(10), periodSeconds: 3600 };
  const change = (fields: object) => changeRotation(before, fields, topics, NOW);
  assert.deepEqual(change({}), before);
  assert.deepEqual(change({ nextRotationAt: ahead(10) }), before);
  assert.deepEqual(change({ rotationPeriodSeconds: 7200 }), { nextAt: ahead(10), periodSeconds: 7200 });
  assert.deepEqual(change({ rotationPeriodSeconds: null }), { nextAt: ahead(10) });
  assert.equal(change({ nextRotationAt: null, rotationPeriodSeconds: null }), undefined);
  refuses('ROTATION_TIME_MISSING', () => change({ nextRotationAt: null }));
  refuses('ROTATION_WITHOUT_TOPICS', () => changeRotation(before, {}, [], NOW));
});

test('after a notice the next time is the first that lies ahead, however many were missed', () => {
  const due = { nextAt: NOW, periodSeconds: 3600 };
  assert.deepEqual(advanceRotation(due, NOW), { nextAt: ahead(3600), periodSeconds: 3600 });
  assert.deepEqual(advanceRotation(due, ahead(3599)), { nextAt: ahead(3600), periodSeconds: 3600 });
  assert.deepEqual(advanceRotation(due, ahead(3600)), { nextAt: ahead(7200), periodSeconds: 3600 });
  assert.deepEqual(advanceRotation(due, ahead(100 * 3600 + 1)), { nextAt: ahead(101 * 3600), periodSeconds: 3600 });
  assert.equal(advanceRotation({ nextAt: NOW }, NOW), undefined);
});
