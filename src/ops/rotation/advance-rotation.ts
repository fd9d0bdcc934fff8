// What the server itself does with a rotation: takes one that is due, says that it is still at it, and writes down how each
// step ended. Each is judged again in its transaction under the epoch that it was decided under: whoever lost its lease, or
// whose rotation was cancelled, changes nothing. No lock is held while a function runs.

import { awsAccountOf } from '../../core/aws/access-key.ts';
import { isOwnFunction, regionOfFunction } from '../../core/aws/rotation-function.ts';
import { lateWindow, nextWindow } from '../../core/aws/rotation-schedule.ts';
import { homeOf, type RotationSettings, secretArn } from '../../core/aws/secret.ts';
import { detachStage, PENDING, reserve } from '../../core/aws/stages.ts';
import { Fault } from '../../core/error.ts';
import { rotationEvent, versionEvent } from '../../core/events.ts';
import type { Change, Need } from '../../core/ports.ts';
import {
  claimed,
  isClaimable,
  isLastStep,
  planned,
  postponed,
  type Rotation,
  setBack,
  started,
  stepped,
  verbOf,
} from '../../core/rotation/machine.ts';
import type { FunctionCall } from '../../core/rotation/port.ts';
import type { NewEvent, Project, Secret, Uid } from '../../core/secret.ts';
import { moveVersion } from '../../core/version-state.ts';
import { type Decision, type Input, type Operation, operation, secretFacts, type Target } from '../operation.ts';
import { eventOf, placeOf, type SecretRef, secretTarget } from '../secrets.ts';
import { pendingId, pendingNeed, withRotation } from './under-way.ts';

/** A rotation, as it was when it was decided to ask for this. */
export interface RotationRef extends SecretRef {
  readonly secretUid: Uid;
  readonly epoch: number;
}

export interface ClaimRotation extends RotationRef {
  /** Whoever was at it is no longer there. */
  readonly isOrphan?: true;
}

export interface RenewRotation extends RotationRef {
  /** Whoever is at it leaves it to others. */
  readonly gives?: true;
}

export interface StepRotation extends RotationRef {
  /** The number of the version that is only tried. */
  readonly trial?: number;
  /** Why the step was not done; absent: it was. */
  readonly problem?: string;
}

/** What is to be done next, by whoever is at the rotation. */
export interface NextStep {
  readonly epoch: number;
  /** The function may not be invoked for this secret. */
  readonly isRefused?: true;
  readonly call: FunctionCall;
}

export interface Renewed {
  readonly epoch: number;
}

/** A deleted secret may come back. */
const DELETED_AGAIN_MS = 3_600_000;

interface RotationNeeds {
  readonly [row: string]: Need;
  readonly rotation: Need & { need: 'rotation' };
  readonly pending: Need & { need: 'version' };
}

interface StepNeeds extends RotationNeeds {
  readonly trial: Need & { need: 'version' };
}

const target = (command: RotationRef): Target => ({ ...secretTarget(command), deleted: true });
const placed = (command: RotationRef) => ({ ...placeOf(command), deleted: true }) as const;

function needs(command: RotationRef): RotationNeeds {
  const place = placed(command);
  return { rotation: { need: 'rotation', ...place }, pending: pendingNeed(place) };
}

interface Found {
  readonly project: Project;
  readonly secret: Secret;
  readonly rotation: Rotation;
}

/** Throws SECRET_NOT_FOUND where it is no longer as it was. */
function found(input: Input<RotationRef, RotationNeeds, unknown>): Found {
  const { command, rows } = input;
  const project = input.project(command.project);
  const secret = input.secret(command);
  const { rotation } = rows;
  if (rotation !== undefined && rotation.secretUid === command.secretUid && rotation.epoch === command.epoch) {
    return { project, secret, rotation };
  }
  throw new Fault('SECRET_NOT_FOUND', secretFacts(project, secret.name, secret.location));
}

/** The rotation of a secret that cannot be rotated as it is, changed for that; undefined: it can. */
function parked({ secret, rotation }: Found, now: number): Change | undefined {
  if (secret.purgeAt !== undefined) {
    return { change: 'rotation.update', rotation: postponed(rotation, now + DELETED_AGAIN_MS) };
  }
  if (secret.aws?.rotation?.isEnabled === true) return undefined;
  return { change: 'rotation.delete', secretUid: secret.uid };
}

/** Of a secret that is not parked. */
function rotationOf({ aws }: Secret): RotationSettings {
  if (aws?.rotation === undefined) throw new TypeError('a rotation goes with the settings of its secret');
  return aws.rotation;
}

/** What whoever is at the rotation does next. */
function next({ project, secret, rotation }: Found): NextStep | undefined {
  const { functionArn } = rotationOf(secret);
  const verb = verbOf(rotation);
  const { version } = rotation.details;
  if (verb === undefined || version === undefined) return undefined;
  const account = awsAccountOf(project);
  const region = homeOf(secret) ?? regionOfFunction(functionArn);
  return {
    epoch: rotation.epoch,
    // The account may have been another when the function was named.
    ...(isOwnFunction(functionArn, account) ? {} : { isRefused: true as const }),
    call: { arn: functionArn, verb, secretArn: secretArn(account, region, secret), version },
  };
}

export const claimRotation: Operation<ClaimRotation, NextStep | undefined> = operation<
  ClaimRotation,
  RotationNeeds,
  NextStep | undefined
>({
  name: 'rotations.claim',
  help: 'begin a rotation that is due, or go on with one that is under way',
  kind: 'write',
  permission: 'system',
  target: (command: ClaimRotation) => target(command),
  needs,
  decide: (input): Decision<NextStep | undefined> => {
    const { now, command } = input;
    const at = found(input);
    if (!isClaimable(at.rotation, now, command.isOrphan === true)) {
      throw new Fault('SECRET_NOT_FOUND', secretFacts(at.project, at.secret.name, at.secret.location));
    }
    const change = parked(at, now);
    if (change !== undefined) return { result: undefined, changes: [change] };
    if (verbOf(at.rotation) === undefined) return begin(input, at);
    const rotation = claimed(at.rotation, now);
    return {
      result: next({ ...at, rotation }),
      changes: [{ change: 'rotation.update', rotation }],
      details: detailsOf(rotation),
    };
  },
});

/** A rotation whose time has come, or the next time of one whose window was missed. */
function begin(input: Input<RotationRef, RotationNeeds, unknown>, at: Found): Decision<undefined> {
  const { now, entropy } = input;
  const settings = rotationOf(at.secret);
  const { until = Number.POSITIVE_INFINITY } = at.rotation.details;
  if (now >= until) {
    const window = lateWindow(settings.rules, now);
    const secret = withRotation(at.secret, settings, window);
    return moved(input, { ...at, secret, rotation: planned(at.rotation, window) }, [saved(secret)]);
  }
  const pending = pendingId(at.secret, input.rows.pending);
  const version = pending ?? uuid(entropy.uid());
  const secret = pending === undefined ? reserve(at.secret, version, now) : at.secret;
  const end = at.rotation.details.until === undefined ? {} : { until };
  const rotation = started(at.rotation, { version, ...end }, now);
  return moved(input, { ...at, secret, rotation }, secret === at.secret ? [] : [saved(secret)]);
}

export const renewRotation: Operation<RenewRotation, Renewed> = operation<RenewRotation, RotationNeeds, Renewed>({
  name: 'rotations.renew',
  help: 'say that a rotation is still being worked at, or no longer',
  kind: 'write',
  permission: 'system',
  target: (command: RenewRotation) => target(command),
  needs,
  decide: (input) => {
    const { rotation: before } = found(input);
    const rotation = input.command.gives ? postponed(before, input.now) : claimed(before, input.now);
    return { result: { epoch: rotation.epoch }, changes: [{ change: 'rotation.update', rotation }] };
  },
});

export const stepRotation: Operation<StepRotation, NextStep | undefined> = operation({
  name: 'rotations.step',
  help: 'write down how a step of a rotation ended',
  kind: 'write',
  permission: 'system',
  target: (command: StepRotation) => target(command),
  needs: (command: StepRotation): StepNeeds => ({
    ...needs(command),
    trial: { need: 'version', ...placed(command), number: command.trial ?? -1 },
  }),
  decide: (input): Decision<NextStep | undefined> => {
    const { now, command, rows } = input;
    const at = found(input);
    const change = parked(at, now);
    if (change !== undefined) return { result: undefined, changes: [change] };
    const problem = command.problem ?? unfinished(at, pendingId(at.secret, rows.pending));
    if (problem !== undefined) return failed(input, at, problem);
    if (isLastStep(at.rotation)) return ended(input, at);
    const rotation = stepped(at.rotation, now);
    const after = { ...at, rotation };
    return { ...moved(input, after, []), result: next(after) };
  },
});

/** After the last step the pending version is current, or there is none. */
function unfinished({ rotation }: Found, pending: string | undefined): string | undefined {
  if (rotation.state !== 'verified' || pending === undefined) return undefined;
  return 'the function left AWSPENDING on a version that is not current';
}

function failed(input: Input<StepRotation, StepNeeds, unknown>, at: Found, problem: string): Decision<undefined> {
  const settings = rotationOf(at.secret);
  const window = nextWindow(settings.rules, input.now);
  const rotation = setBack(at.rotation, problem, input.now, window);
  if (rotation.state !== 'failed') return moved(input, { ...at, rotation }, []);
  // A test that fails leaves nothing behind: the rotation waits for its time as if it had not been.
  if (at.rotation.state === 'checking') return ended(input, at, rotation);
  const secret = withRotation(at.secret, settings, window);
  return moved(input, { ...at, secret, rotation }, [saved(secret)]);
}

/** A rotation is over, or the test of one; `shown` is what is told of it. */
function ended(input: Input<StepRotation, StepNeeds, unknown>, at: Found, shown?: Rotation): Decision<undefined> {
  const { now } = input;
  const before = rotationOf(at.secret);
  const isTrial = at.rotation.state === 'checking';
  const window = nextWindow(before.rules, now);
  const rotation = planned(at.rotation, window);
  const { secret, changes, events } = isTrial
    ? withoutTrial(input, at)
    : { secret: at.secret, changes: [], events: [] };
  const after = withRotation(secret, isTrial ? before : { ...before, rotatedAt: now }, window);
  const told = shown ?? { ...rotation, details: { ...at.rotation.details } };
  const decision = moved(input, { ...at, secret: after, rotation }, [...changes, saved(after)], told);
  return { ...decision, events: [...events, ...(decision.events ?? [])] };
}

/** The version on which the function was tried is destroyed, and AWSPENDING is on none. */
function withoutTrial(input: Input<StepRotation, StepNeeds, unknown>, { project, secret: before }: Found) {
  const { rows, now, entropy } = input;
  const { trial } = rows;
  const isPending = trial !== undefined && before.candidateVersion === trial.number;
  const secret = isPending ? detachStage(before, PENDING) : before;
  // Somebody may have made it current meanwhile.
  if (trial === undefined || trial.state === 'DESTROYED' || trial.number === before.currentVersion) {
    return { secret, changes: [], events: [] };
  }
  const version = moveVersion(secret, trial, 'DESTROYED', now, entropy.etag());
  const about = { ...eventOf(input, project, secret), version };
  return {
    secret,
    changes: [{ change: 'version.update', version } as const],
    events: [versionEvent('SECRET_VERSION_DESTROY', about)],
  };
}

function saved(secret: Secret): Change {
  return { change: 'secret.update', secret };
}

/** The rotation as it is now, with its event. */
function moved(
  input: Pick<Input<unknown, Record<never, never>, unknown>, 'entropy' | 'now'>,
  { project, secret, rotation }: Found,
  changes: readonly Change[],
  told: Rotation = rotation,
): Decision<undefined> {
  const events: NewEvent[] = [rotationEvent(eventOf(input, project, secret), told)];
  return {
    result: undefined,
    changes: [...changes, { change: 'rotation.update', rotation }],
    events,
    details: detailsOf(told),
  };
}

function detailsOf({ state, details: { version, problem } }: Rotation): Readonly<Record<string, string>> {
  return {
    rotation: state,
    ...(version === undefined ? {} : { rotationVersion: version }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function uuid(uid: Uid): string {
  return uid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
