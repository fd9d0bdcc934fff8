// What a secret is to do by itself, from flags to fields of the API: expiry, rotation, delayed destruction.

import { oneOf } from '../flags.ts';
import { apiDuration, timeAhead } from '../times.ts';

export interface ScheduleFlags {
  readonly nextRotationTime?: string;
  readonly rotationPeriod?: string;
  readonly expireTime?: string;
  readonly ttl?: string;
  readonly versionDestroyTtl?: string;
}

export interface ScheduleFields {
  readonly rotation?: { readonly nextRotationTime?: string; readonly rotationPeriod?: string };
  readonly expireTime?: string;
  readonly ttl?: string;
  readonly versionDestroyTtl?: string;
}

/** The fields that the flags ask for. @throws UsageError for what is no time or duration, or for two expiries. */
export function scheduleFields(flags: ScheduleFlags): ScheduleFields {
  const { nextRotationTime, rotationPeriod, expireTime, ttl, versionDestroyTtl } = flags;
  oneOf(flags, ['expireTime', 'ttl']);
  const rotation = {
    ...(nextRotationTime === undefined ? {} : { nextRotationTime: timeAhead('next-rotation-time', nextRotationTime) }),
    ...(rotationPeriod === undefined ? {} : { rotationPeriod: apiDuration('rotation-period', rotationPeriod) }),
  };
  return {
    ...(Object.keys(rotation).length === 0 ? {} : { rotation }),
    ...(expireTime === undefined ? {} : { expireTime: timeAhead('expire-time', expireTime) }),
    ...(ttl === undefined ? {} : { ttl: apiDuration('ttl', ttl) }),
    ...(versionDestroyTtl === undefined
      ? {}
      : { versionDestroyTtl: apiDuration('version-destroy-ttl', versionDestroyTtl) }),
  };
}
