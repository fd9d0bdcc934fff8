// Requests a minute, as a token bucket: it holds a minute's worth, and fills again evenly. Pure: the clock comes in.
// The classes are those of https://cloud.google.com/secret-manager/quotas.

/** Reading a payload, any other read, any change. */
export type QuotaClass = 'access' | 'read' | 'write';

export interface Bucket {
  /** What is left; a part of a token counts for nothing. */
  readonly tokens: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const MINUTE_MS = 60_000;

/** The bucket once one request was taken out of it at `now`; undefined where there is none left to take. */
export function takeToken(bucket: Bucket | undefined, perMinute: number, now: number): Bucket | undefined {
  // A clock that was set back fills nothing, and a smaller quota holds at once.
  const elapsedMs = bucket === undefined ? MINUTE_MS : Math.max(0, now - bucket.at);
  const tokens = Math.min(perMinute, (bucket?.tokens ?? 0) + (elapsedMs * perMinute) / MINUTE_MS);
  return tokens < 1 ? undefined : { tokens: tokens - 1, at: now };
}

/** The class of an operation by its permission; undefined where no quota counts it. */
export function quotaClass(permission: string, kind: 'read' | 'write'): QuotaClass | undefined {
  if (permission === 'secretmanager.versions.access') return 'access';
  return permission.startsWith('secretmanager.') ? kind : undefined;
}
