// Requests a minute, as a bucket that holds a minute's worth and fills evenly. Kept as one number, the time at which it
// is full again (the generic cell rate algorithm, ITU-T I.371), so that threads can share it without a lock. Pure: the
// clock comes in. The classes are those of https://cloud.google.com/secret-manager/quotas.

/** Reading a payload or using a key, any other read, any change. */
export type QuotaClass = 'access' | 'read' | 'write';

const MINUTE_MS = 60_000;
const ROUNDING_MS = 0.5;

/**
 * When the bucket is full again once one request was taken out of it at `now`; undefined where there is none left to
 * take. `fullAt` is what the last request left, 0 before the first. Milliseconds since 1970, with fractions.
 */
export function takeToken(fullAt: number, perMinute: number, now: number): number | undefined {
  const eachMs = MINUTE_MS / perMinute;
  // Sums of fractions are off by a little, which must cost no request.
  const latest = now + MINUTE_MS + Math.min(eachMs / 2, ROUNDING_MS);
  // No bucket takes longer than a minute to fill, so this time is of a clock that was set back since: it begins anew.
  const from = fullAt > latest ? now : Math.max(fullAt, now);
  const next = from + eachMs;
  return next > latest ? undefined : next;
}

/** A use of a key counts as a payload that is read. */
const KEY_USES: ReadonlySet<string> = new Set(
  ['decrypt', 'encrypt', 'mac', 'random', 'rewrap', 'sign', 'verify'].map((use) => `coffer.keys.${use}`),
);

/** The class of an operation by its permission; undefined where no quota counts it. */
export function quotaClass(permission: string, kind: 'read' | 'write'): QuotaClass | undefined {
  if (permission === 'secretmanager.versions.access' || KEY_USES.has(permission)) return 'access';
  return permission.startsWith('secretmanager.') || permission.startsWith('coffer.keys.') ? kind : undefined;
}
