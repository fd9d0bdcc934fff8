// The life of a version: ENABLED ⇄ DISABLED → DESTROYED. Destroying is final; enabling and disabling are idempotent.
// Source: google/cloud/secretmanager/v1/resources.proto `SecretVersion.State`.

import { Fault } from './error.ts';
import type { Secret, Version, VersionState } from './secret.ts';

/** `version` moved to `state` at `now`, with a new etag; throws VERSION_DESTROYED once nothing can be moved. */
export function moveVersion(secret: Secret, version: Version, state: VersionState, now: number, etag: string): Version {
  if (version.state === 'DESTROYED') {
    throw new Fault('VERSION_DESTROYED', { secret: secret.name, version: version.number });
  }
  return { ...version, state, etag, ...(state === 'DESTROYED' ? { destroyedAt: now } : {}) };
}
