// What a secret tells of its rotation: on which version AWSPENDING sits, and when the next one is. A rotation is over where
// AWSPENDING is on no version, or on the one that is current. Source: Secrets Manager API reference, RotateSecret.

import { type RotationSettings, versionIdOf } from '../../core/aws/secret.ts';
import { PENDING } from '../../core/aws/stages.ts';
import type { Need, SecretPlace } from '../../core/ports.ts';
import type { Window } from '../../core/rotation/machine.ts';
import type { Secret, Version } from '../../core/secret.ts';

/** The version that carries AWSPENDING. */
export function pendingNeed(place: SecretPlace): Extract<Need, { need: 'version' | 'payload' }> & { need: 'version' } {
  return { need: 'version', ...place, number: 0, stage: PENDING };
}

/** What names the version that is pending; undefined: a rotation is over. */
export function pendingId(secret: Secret, holder: Version | undefined): string | undefined {
  const { reserved } = secret.aws ?? {};
  if (reserved !== undefined) return reserved.versionId;
  const isOver = secret.candidateVersion === undefined || secret.candidateVersion === secret.currentVersion;
  return isOver || holder === undefined || holder.state === 'DESTROYED' ? undefined : versionIdOf(holder);
}

/** The secret with what it says of its rotation. */
export function withRotation(secret: Secret, settings: RotationSettings, window: Window | undefined): Secret {
  const { nextBy: _before, ...kept } = settings;
  const rotation = { ...kept, ...(window === undefined ? {} : { nextBy: window.closesAt - 1000 }) };
  return { ...secret, aws: { changedAt: 0, ...secret.aws, rotation } };
}
