// A staging label moved from one version to another: UpdateSecretVersionStage. Whoever moves a label names the version that
// has it, so that nobody moves what somebody else has moved meanwhile. Where AWSCURRENT was, AWSPREVIOUS is put.

import { versionIdOf } from '../../core/aws/secret.ts';
import { attachStage, CURRENT, detachStage, PENDING, stagesOf } from '../../core/aws/stages.ts';
import { Fault } from '../../core/error.ts';
import { secretEvent } from '../../core/events.ts';
import type { Need } from '../../core/ports.ts';
import type { Secret, Version } from '../../core/secret.ts';
import { type Input, type Operation, operation, secretFacts } from '../operation.ts';
import { eventOf, placeOf, secretTarget } from '../secrets.ts';
import { checkEnabled } from '../versions.ts';
import { type AwsRef, type AwsResult, idNeed } from './ref.ts';

export interface MoveStage extends AwsRef {
  readonly stage: string;
  readonly removeFrom?: string;
  readonly moveTo?: string;
}

type StageNeeds = Readonly<Record<'holder' | 'to', Need & { need: 'version' }>>;

/** The secret with the label moved, or taken away. */
function moved(input: Input<MoveStage, StageNeeds, unknown>, before: Secret): Secret {
  const { stage, removeFrom, moveTo } = input.command;
  const project = input.project(input.command.project);
  const { holder: holding, to } = input.rows;
  // A label may still be on a version that is destroyed, which AWS's API does not know.
  const holder = stagesOf(before).has(stage) ? holding : undefined;
  const reserved = stage === PENDING ? before.aws?.reserved?.versionId : undefined;
  const held = holder === undefined ? reserved : versionIdOf(holder);
  if (moveTo !== undefined && (to === undefined || to.state === 'DESTROYED')) {
    throw new Fault('VERSION_NOT_FOUND', { ...secretFacts(project, before.name), version: moveTo });
  }
  if (removeFrom !== undefined && removeFrom !== held) {
    const problem = `The staging label ${stage} isn't currently attached to version ${removeFrom}.`;
    throw new Fault('AWS_REQUEST_INVALID', { problem });
  }
  if (to === undefined) return taken(before, input.command);
  if (held !== undefined && held !== versionIdOf(to) && removeFrom === undefined) {
    throw new Fault('STAGE_HELD', { stage, holder: held });
  }
  if (stage === CURRENT) checkEnabled(project, before, to);
  return attachStage(before, stage, to.number);
}

function taken(before: Secret, { stage, removeFrom }: MoveStage): Secret {
  if (stage === CURRENT) {
    const problem =
      'You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.';
    throw new Fault('AWS_REQUEST_INVALID', { problem });
  }
  if (removeFrom === undefined) {
    const problem = 'You must provide a value for RemoveFromVersionId or MoveToVersionId.';
    throw new Fault('AWS_REQUEST_INVALID', { problem });
  }
  return detachStage(before, stage);
}

export const moveStage: Operation<MoveStage, AwsResult> = operation({
  name: 'versions.moveStage',
  help: 'move a staging label from one version of a secret to another',
  kind: 'write',
  permission: 'secretmanager.versions.add',
  target: (command) => secretTarget(command),
  needs: (command): StageNeeds => ({
    holder: { need: 'version', ...placeOf(command), number: 0, stage: command.stage },
    to: idNeed(command, command.moveTo ?? ''),
  }),
  decide: (input) => {
    const before = input.secret(input.command);
    const project = input.project(input.command.project);
    const labelled: Secret = moved(input, before);
    const secret: Secret = {
      ...labelled,
      aws: { changedAt: 0, ...labelled.aws },
      etag: input.entropy.etag(),
    };
    const version: Version | undefined = input.rows.to ?? input.rows.holder;
    return {
      result: { project, secret },
      changes: [{ change: 'secret.update', secret }],
      events: [secretEvent('SECRET_UPDATE', eventOf(input, project, secret))],
      ...(version === undefined ? {} : { version: version.number }),
      details: { stage: input.command.stage },
    };
  },
});
