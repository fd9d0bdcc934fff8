// The life of a version: ENABLED ⇄ DISABLED → DESTROYED. Destroying is final; enabling and disabling are idempotent.
// Source: google/cloud/secretmanager/v1/resources.proto `SecretVersion.State`.

import { Fault } from './error.ts';
import type { Secret, Version, VersionState } from './secret.ts';

/**
 * `version` moved to `state` at `now`, with a new etag; any state but the one it waits for ends a planned destruction. Throws
 * VERSION_DESTROYED once nothing can be moved.
 */
export function moveVersion(secret: Secret, version: Version, state: VersionState, now: number, etag: string): Version {
  if (version.state === 'DESTROYED') {
    throw new Fault('VERSION_DESTROYED', { secret: secret.name, version: version.number });
  }
  const { scheduledDestroyAt: _ended, deletedAt, ...kept } = version;
  if (state === 'ENABLED') return { ...kept, state, etag };
  if (state === 'DISABLED') return { ...kept, state, etag, deletedAt: Math.min(deletedAt ?? now, now) };
  const { fingerprint: _gone, ...rest } = kept;
  return { ...rest, state, etag, destroyedAt: now };
}

/**
 * `version` as a request to destroy it leaves it: destroyed, or disabled until the delay of its secret is over. Throws
 * VERSION_DESTROYED, or VERSION_SCHEDULED where it waits already, whatever the delay is by now.
 */
export function destroyVersionLater(secret: Secret, version: Version, now: number, etag: string): Version {
  if (version.scheduledDestroyAt !== undefined) {
    throw new Fault('VERSION_SCHEDULED', { secret: secret.name, version: version.number });
  }
  const { versionDestroyTtlSeconds: delaySeconds } = secret;
  if (delaySeconds === undefined) return moveVersion(secret, version, 'DESTROYED', now, etag);
  const disabled = moveVersion(secret, version, 'DISABLED', now, etag);
  return { ...disabled, scheduledDestroyAt: now + delaySeconds * 1000 };
}
