// What a secret does by itself as time passes: expiry, delayed destruction, notices of rotation. Bounds and order of the
// checks are those of resources.proto and of the real service; a bound is met exactly.

import { Fault, type FaultCode } from './error.ts';
import {
  DESTROY_TTL_SECONDS_MAX,
  DESTROY_TTL_SECONDS_MIN,
  EXPIRATION_SECONDS_MIN,
  ROTATION_AHEAD_SECONDS_MIN,
  ROTATION_PERIOD_SECONDS_MIN,
  SCHEDULE_SECONDS_MAX,
} from './limits.ts';
import type { Rotation } from './secret.ts';

/** When a secret deletes itself: at a moment, or so long from now. */
export type Expiration = { readonly at: number } | { readonly ttlSeconds: number };

/** The moment in milliseconds; throws EXPIRATION_OUT_OF_RANGE. */
export function parseExpiration(expiration: Expiration, now: number): number {
  const at = Math.floor('at' in expiration ? expiration.at : now + expiration.ttlSeconds * 1000);
  checkRange('EXPIRATION_OUT_OF_RANGE', (at - now) / 1000, EXPIRATION_SECONDS_MIN, SCHEDULE_SECONDS_MAX);
  return at;
}

/** The seconds themselves, whole ones; throws DESTROY_TTL_OUT_OF_RANGE or INVALID_FIELD. */
export function parseDestroyTtl(seconds: number): number {
  checkRange('DESTROY_TTL_OUT_OF_RANGE', seconds, DESTROY_TTL_SECONDS_MIN, DESTROY_TTL_SECONDS_MAX);
  checkWhole('version_destroy_ttl', seconds);
  return seconds;
}

/** Changes of a rotation: absent stays, null is cleared. */
export interface RotationChange {
  readonly nextRotationAt?: number | null;
  readonly rotationPeriodSeconds?: number | null;
}

/**
 * The rotation after a change, undefined where nothing of it is left. A time that was there before may lie in any
 * distance; a new one must lie ahead. Throws ROTATION_* or INVALID_FIELD.
 */
export function changeRotation(
  before: Rotation | undefined,
  change: RotationChange,
  topics: readonly string[],
  now: number,
): Rotation | undefined {
  const nextAt = changed(before?.nextAt, change.nextRotationAt && Math.floor(change.nextRotationAt));
  const periodSeconds = changed(before?.periodSeconds, change.rotationPeriodSeconds);
  if (nextAt === undefined && periodSeconds === undefined) return undefined;
  if (topics.length === 0) throw new Fault('ROTATION_WITHOUT_TOPICS');
  if (nextAt === undefined) throw new Fault('ROTATION_TIME_MISSING');
  if (nextAt !== before?.nextAt) {
    const aheadSeconds = (nextAt - now) / 1000;
    checkRange('ROTATION_TIME_OUT_OF_RANGE', aheadSeconds, ROTATION_AHEAD_SECONDS_MIN, SCHEDULE_SECONDS_MAX);
  }
  if (periodSeconds === undefined) return { nextAt };
  checkRange('ROTATION_PERIOD_OUT_OF_RANGE', periodSeconds, ROTATION_PERIOD_SECONDS_MIN, SCHEDULE_SECONDS_MAX);
  checkWhole('rotation.rotation_period', periodSeconds);
  return { nextAt, periodSeconds };
}

function changed<T>(before: T | undefined, change: T | null | undefined): T | undefined {
  return change === undefined ? before : (change ?? undefined);
}

/** The rotation once its notice went out: the first time of its period after `now`, or nothing where it has no period. */
export function advanceRotation({ nextAt = 0, periodSeconds }: Rotation, now: number): Rotation | undefined {
  if (periodSeconds === undefined) return undefined;
  const periodMs = periodSeconds * 1000;
  const periods = Math.max(1, Math.floor((now - nextAt) / periodMs) + 1);
  return { nextAt: nextAt + periods * periodMs, periodSeconds };
}

/** Throws `code` with the bound that was missed, as Go writes durations. What is no number misses the lower one. */
function checkRange(code: FaultCode, seconds: number, min: number, max: number): void {
  if (!(seconds >= min)) throw new Fault(code, { bound: `at least [${goDuration(min)}]` });
  if (seconds > max) throw new Fault(code, { bound: `at most [${goDuration(max)}]` });
}

function checkWhole(field: string, seconds: number): void {
  if (!Number.isInteger(seconds)) throw new Fault('INVALID_FIELD', { field, problem: 'must be whole seconds' });
}

function goDuration(seconds: number): string {
  return seconds % 3600 === 0 ? `${seconds / 3600}h` : `${seconds / 60}m`;
}
