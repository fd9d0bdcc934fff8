// RotateSecret: how a secret is rotated, and, unless it is to wait for its time, a rotation that begins at once. The version
// is reserved with AWSPENDING in the transaction that starts it, so the function sees it. One that is to wait has its function
// tried by the test step alone, on a version of its own with the value that is current. While AWSPENDING is on a version
// that is not current nothing new begins: what failed is tried again. Source: the API reference, RotateSecret.

import { awsAccountOf } from '../../core/aws/access-key.ts';
import { isOwnFunction } from '../../core/aws/rotation-function.ts';
import { nextWindow, parseRules, type RotationRules } from '../../core/aws/rotation-schedule.ts';
import { arnSuffix, type RotationSettings } from '../../core/aws/secret.ts';
import { attachStage, PENDING, reserve } from '../../core/aws/stages.ts';
import { Fault } from '../../core/error.ts';
import { rotationEvent, secretEvent, versionEvent } from '../../core/events.ts';
import type { Change, Keyring, Need, PayloadRow } from '../../core/ports.ts';
import { checking, isUnderWay, newRotation, planned, type Rotation, started } from '../../core/rotation/machine.ts';
import type { NewEvent, Project, Secret } from '../../core/secret.ts';
import { type AwsRef, idNeed } from '../aws/ref.ts';
import { wrappedBy, wrappingFor } from '../customer-keys.ts';
import { type NewSealed, refTo, withVersion } from '../new-version.ts';
import { type Decision, type Input, type Operation, operation, type Prepare, secretFacts } from '../operation.ts';
import { eventOf, placeOf, type SecretResult, secretTarget } from '../secrets.ts';
import { Stale } from '../writer.ts';
import { pendingId, pendingNeed, withRotation } from './under-way.ts';

export interface StartRotation extends AwsRef {
  /** Names the version. */
  readonly token: string;
  /** Absent: the one that it has. */
  readonly functionArn?: string;
  /** Absent: those that it has. */
  readonly rules?: RotationRules;
  /** Only the function is tried now. */
  readonly waits?: true;
}

export interface StartedRotation extends SecretResult {
  /** What names the version. */
  readonly versionId: string;
}

type Result = StartedRotation & { readonly isRefused: boolean };

interface Made {
  readonly functionArn: string;
  /** The value that is current, for the test. */
  readonly copied?: NewSealed;
}

interface StartNeeds {
  readonly [row: string]: Need;
  readonly rotation: Need & { need: 'rotation' };
  readonly pending: Need & { need: 'version' };
  readonly existing: Need & { need: 'version' };
}

type StartInput = Input<StartRotation, StartNeeds, Made>;

function functionOf(command: StartRotation, project: Project, secret: Secret): string {
  const arn = command.functionArn ?? secret.aws?.rotation?.functionArn;
  if (arn === undefined) throw new Fault('ROTATION_FUNCTION_MISSING', secretFacts(project, secret.name));
  if (isOwnFunction(arn, awsAccountOf(project), command.from.region)) return arn;
  throw refused(arn);
}

function refused(arn: string): Fault {
  return new Fault('ROTATION_FUNCTION_REFUSED', { function: arn.slice(0, 200) });
}

async function prepare(
  input: Input<StartRotation, { readonly current: Need & { need: 'payload' } }>,
  keyring: Keyring,
  { functions }: Prepare,
): Promise<{ readonly carried: Made }> {
  const secret = input.secret(input.command);
  const project = input.project(input.command.project);
  parseRules(input.command.rules ?? {});
  const functionArn = functionOf(input.command, project, secret);
  if (!(await functions.exists(functionArn))) throw refused(functionArn);
  const { current } = input.rows;
  if (!input.command.waits || current === undefined) return { carried: { functionArn } };
  return { carried: { functionArn, ...copyOf(input, keyring, project, current, secret) } };
}

/** The value of a version for one more; a value that is gone has no copy. */
function copyOf(
  input: Pick<StartInput, 'entropy' | 'scope' | 'caller' | 'now'> & { readonly rows: object },
  keyring: Keyring,
  project: Project,
  { version, sealed }: PayloadRow,
  secret: Secret,
): Pick<Made, 'copied'> {
  if (sealed === undefined || version.fingerprint === undefined || version.state !== 'ENABLED') return {};
  const { secretUid, crc32c, fingerprint } = version;
  const uid = input.entropy.uid();
  const placeOfUid = (versionUid: string) => ({ projectUid: project.uid, secretUid, versionUid });
  const from = { ...placeOfUid(version.uid), ...wrappedBy(input, project, version) };
  const to = { ...placeOfUid(uid), ...wrappingFor(input, project, secret) };
  const copy = keyring.copy(project.wrappedKey, from, to, sealed);
  return { copied: { uid, secretUid, crc32c, fingerprint, sealed: copy, ...refTo(to.customerKey) } };
}

/** What is decided of a request that begins nothing; undefined: it begins something. */
function repeated(input: StartInput, secret: Secret): Decision<Result> | undefined {
  const { command, rows, now } = input;
  const { token } = command;
  const project = input.project(command.project);
  const { existing, rotation } = rows;
  const pending = pendingId(secret, rows.pending);
  const done = { result: { project, secret, versionId: token, isRefused: false } };
  if (existing !== undefined && existing.number === secret.currentVersion) return done;
  if (pending === token && rotation?.details.version === token && isUnderWay(rotation)) return done;
  if (pending === undefined) {
    if (existing === undefined) return undefined;
    throw new Fault('REQUEST_TOKEN_USED', { token, secret: secret.name, suffix: arnSuffix(secret.uid) });
  }
  if (rotation === undefined) throw new Fault('ROTATION_INCOMPLETE', secretFacts(project, secret.name));
  const result = { project, secret, versionId: pending, isRefused: true };
  if (isUnderWay(rotation)) return { result };
  const again = started(rotation, { version: pending }, now);
  return {
    result,
    changes: [{ change: 'rotation.update', rotation: again }],
    events: [rotationEvent(eventOf(input, project, secret), again)],
    details: { rotation: again.state, rotationVersion: pending },
  };
}

interface Trial {
  readonly secret: Secret;
  readonly number: number;
  readonly changes: readonly Change[];
  readonly events: readonly NewEvent[];
}

/** The version on which the function is tried: it is the candidate until that is over. */
function trial(input: StartInput, before: Secret, copied: NewSealed): Trial {
  const { command, now, entropy } = input;
  if (copied.secretUid !== before.uid) throw new Stale();
  const { version, secret: added } = withVersion(
    before,
    { now, entropy, prepared: copied },
    { clientChecksum: false, candidate: true, attributes: { requestToken: command.token } },
  );
  const secret = attachStage(added, PENDING, version.number);
  const about = { ...eventOf(input, input.project(command.project), secret), version };
  return {
    secret,
    number: version.number,
    changes: [{ change: 'version.insert', version, sealed: copied.sealed }],
    events: [versionEvent('SECRET_VERSION_ADD', about)],
  };
}

function start(input: StartInput, before: Secret): Decision<Result> {
  const { command, rows, now, prepared, entropy } = input;
  const { token, waits } = command;
  const project = input.project(command.project);
  if (functionOf(command, project, before) !== prepared.functionArn) throw new Stale();
  const rules = parseRules(command.rules ?? before.aws?.rotation?.rules ?? {});
  const window = nextWindow(rules, now);
  const { rotatedAt } = before.aws?.rotation ?? {};
  const settings: RotationSettings = {
    ...{ functionArn: prepared.functionArn, isEnabled: true, rules },
    ...(rotatedAt === undefined ? {} : { rotatedAt }),
  };
  const set = withRotation(before, settings, window);
  const tried = waits && prepared.copied !== undefined ? trial(input, set, prepared.copied) : undefined;
  const secret: Secret = {
    ...(tried?.secret ?? (waits ? set : reserve(set, token, now))),
    etag: entropy.etag(),
  };
  const known = rows.rotation ?? newRotation(before.uid, 'lambda');
  const rotation = begun();
  return {
    result: { project, secret, versionId: token, isRefused: false },
    changes: [
      ...(tried?.changes ?? []),
      { change: 'secret.update', secret },
      { change: rows.rotation === undefined ? 'rotation.insert' : 'rotation.update', rotation },
    ],
    events: [
      ...(tried?.events ?? []),
      secretEvent('SECRET_UPDATE', eventOf(input, project, secret)),
      rotationEvent(eventOf(input, project, secret), rotation),
    ],
    details: { rotation: rotation.state, rotationVersion: token },
  };

  function begun(): Rotation {
    if (!waits) return started(known, { version: token }, now);
    return tried === undefined
      ? planned(known, window)
      : checking(known, { version: token, number: tried.number }, now);
  }
}

export const startRotation: Operation<StartRotation, StartedRotation> = operation({
  name: 'rotations.start',
  help: 'set by which function a secret is rotated and when, and rotate it',
  kind: 'write',
  permission: 'secretmanager.secrets.update',
  target: (command: StartRotation) => secretTarget(command),
  prepareNeeds: (command) => ({ current: { need: 'payload', ...placeOf(command), number: 0 } }) as const,
  prepare,
  needs: (command): StartNeeds => ({
    rotation: { need: 'rotation', ...placeOf(command) },
    pending: pendingNeed(placeOf(command)),
    existing: idNeed(command, command.token),
  }),
  decide: (input) => {
    const secret = input.secret(input.command);
    return repeated(input, secret) ?? start(input, secret);
  },
  finish: ({ isRefused, ...result }) => {
    if (isRefused) throw new Fault('ROTATION_INCOMPLETE', secretFacts(result.project, result.secret.name));
    return result;
  },
});
