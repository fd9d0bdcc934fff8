// CancelRotateSecret: a secret is rotated no more, until somebody asks again. What is under way goes no step further; labels
// stay as they are, and the function and the rules are kept. Source: the API reference, CancelRotateSecret.

import { Fault } from '../../core/error.ts';
import { secretEvent } from '../../core/events.ts';
import type { AwsRef } from '../aws/ref.ts';
import { type Operation, operation, secretFacts } from '../operation.ts';
import { eventOf, placeOf, type SecretResult, secretTarget } from '../secrets.ts';
import { pendingId, pendingNeed, withRotation } from './under-way.ts';

export interface CancelledRotation extends SecretResult {
  /** What names the version that AWSPENDING is on; absent: a rotation is over. */
  readonly versionId?: string;
}

export const cancelRotation: Operation<AwsRef, CancelledRotation> = operation({
  name: 'rotations.cancel',
  help: 'rotate a secret no more, and go no step further with a rotation that is under way',
  kind: 'write',
  permission: 'secretmanager.secrets.update',
  target: (command: AwsRef) => secretTarget(command),
  needs: (command) =>
    ({ rotation: { need: 'rotation', ...placeOf(command) }, pending: pendingNeed(placeOf(command)) }) as const,
  decide: (input) => {
    const before = input.secret(input.command);
    const project = input.project(input.command.project);
    const settings = before.aws?.rotation;
    if (settings === undefined) throw new Fault('ROTATION_FUNCTION_MISSING', secretFacts(project, before.name));
    const off = withRotation(before, { ...settings, isEnabled: false }, undefined);
    const secret = { ...off, etag: input.entropy.etag() };
    const versionId = pendingId(before, input.rows.pending);
    const { rotation } = input.rows;
    return {
      result: { project, secret, ...(versionId === undefined ? {} : { versionId }) },
      changes: [
        { change: 'secret.update', secret },
        ...(rotation === undefined ? [] : [{ change: 'rotation.delete', secretUid: before.uid } as const]),
      ],
      events: [secretEvent('SECRET_UPDATE', eventOf(input, project, secret))],
    };
  },
});
