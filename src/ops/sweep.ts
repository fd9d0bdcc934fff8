// What comes due without anybody asking: secrets that expire or are purged, versions whose delay is over, rotations to
// announce, keys to rotate. Each is an operation of the server itself with an audit record of its own, judged again in
// its transaction: whoever came first, nothing happens twice and nothing early. A batch is bounded; what is left waits
// for the next.

import { Fault } from '../core/error.ts';
import { type DeleteType, secretEvent, versionEvent } from '../core/events.ts';
import type { KeyOfProject } from '../core/keys/rows.ts';
import { SWEEP_BATCH_MAX } from '../core/limits.ts';
import { parseProjectRef } from '../core/name.ts';
import type { Clock, Entropy, Maybe, SecretOfProject, Store, VersionOfSecret } from '../core/ports.ts';
import { type Caller, SYSTEM } from '../core/principal.ts';
import { advanceRotation } from '../core/schedule.ts';
import type { Secret } from '../core/secret.ts';
import { moveVersion } from '../core/version-state.ts';
import { purgeKmsKey } from './aws/kms-keys.ts';
import type { Engine } from './engine.ts';
import { dropOldEvents, oldEvents } from './events.ts';
import type { KeyRef } from './keys-found.ts';
import { rotateDueKey } from './keys-rotate.ts';
import { type Operation, operation, secretFacts, type Target } from './operation.ts';
import { eventOf, placeOf, refOf, type SecretRef, secretTarget } from './secrets.ts';
import { found, type MoveVersion, rowOf } from './versions.ts';

const isOver = (time: number | undefined, now: number) => time !== undefined && time <= now;

const whateverItsState = (command: SecretRef): Target => ({ ...secretTarget(command), deleted: true });

/** What an expired or purged secret is removed by. */
function removal(
  name: string,
  help: string,
  due: (secret: Secret) => number | undefined,
  deleteType?: DeleteType,
): Operation<SecretRef, undefined> {
  return operation({
    name,
    help,
    kind: 'write',
    permission: 'system',
    target: whateverItsState,
    decide: (input) => {
      const secret = input.secret(input.command);
      const project = input.project(input.command.project);
      if (!isOver(due(secret), input.now)) {
        throw new Fault('SECRET_NOT_FOUND', secretFacts(project, secret.name, secret.location));
      }
      // Of one that was deleted before, everybody was told then.
      const tells = deleteType !== undefined && secret.purgeAt === undefined;
      return {
        result: undefined,
        changes: [{ change: 'secret.delete', uid: secret.uid }],
        events: tells ? [secretEvent('SECRET_DELETE', { ...eventOf(input, project, secret), deleteType })] : [],
        details: { versions: secret.lastVersion },
      };
    },
  });
}

export const expireSecret: Operation<SecretRef, undefined> = removal(
  'secrets.expire',
  'delete a secret whose time is over',
  ({ expiresAt }) => expiresAt,
  'EXPIRATION',
);

export const purgeSecret: Operation<SecretRef, undefined> = removal(
  'secrets.purge',
  'remove a deleted secret that can no longer be restored',
  ({ purgeAt }) => purgeAt,
);

/** However many notices were missed, one goes out, and it already shows the next time. */
export const announceRotation: Operation<SecretRef, undefined> = operation({
  name: 'secrets.announceRotation',
  help: 'tell the topics of a secret that it is time for a new version',
  kind: 'write',
  permission: 'system',
  target: (command) => secretTarget(command),
  decide: (input) => {
    const { rotation: due, ...before } = input.secret(input.command);
    const project = input.project(input.command.project);
    if (due === undefined || !isOver(due.nextAt, input.now)) {
      throw new Fault('SECRET_NOT_FOUND', secretFacts(project, before.name, before.location));
    }
    const rotation = advanceRotation(due, input.now);
    const secret: Secret = {
      ...before,
      ...(rotation === undefined ? {} : { rotation }),
      etag: input.entropy.etag(),
    };
    return {
      result: undefined,
      changes: [{ change: 'secret.update', secret }],
      events: [secretEvent('SECRET_ROTATE', eventOf(input, project, secret))],
    };
  },
});

export const destroyDueVersion: Operation<MoveVersion, undefined> = operation({
  name: 'versions.destroyDue',
  help: 'destroy the value of a version whose delay is over',
  kind: 'write',
  permission: 'system',
  target: (command) => secretTarget(command, String(command.number)),
  needs: (command) => ({ version: { need: 'version', ...placeOf(command), ...rowOf(command.number) } }) as const,
  decide: (input) => {
    const { number } = input.command;
    const before = found(input, input.rows.version, number);
    const secret = input.secret(input.command);
    const project = input.project(input.command.project);
    if (!isOver(before.scheduledDestroyAt, input.now)) {
      throw new Fault('VERSION_NOT_FOUND', {
        ...secretFacts(project, secret.name, secret.location),
        version: number,
      });
    }
    const version = moveVersion(secret, before, 'DESTROYED', input.now, input.entropy.etag());
    return {
      result: undefined,
      changes: [{ change: 'version.update', version }],
      events: [versionEvent('SECRET_VERSION_DESTROY', { ...eventOf(input, project, secret), version })],
      version: number,
    };
  },
});

export interface SweepDeps {
  readonly store: Pick<Store, 'read'>;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Told of each thing that was due and could not be settled; it stays due. */
  onFailure(error: unknown): void;
}

type Work = () => Maybe<unknown>;

/** Settles a batch of what is due by now; answers whether there is more that can be settled at once. */
export async function sweep(deps: SweepDeps): Promise<boolean> {
  const now = deps.clock.now();
  const due = { until: now, limit: SWEEP_BATCH_MAX };
  const { secrets, versions, keys } = await deps.store.read({
    secrets: { need: 'dueSecrets', ...due },
    versions: { need: 'dueVersions', ...due },
    keys: { need: 'dueKeys', ...due },
  });
  let settled = 0;
  for (const row of secrets) if (await attempt(deps, secretWork(deps, row, now))) settled += 1;
  for (const row of versions) if (await attempt(deps, versionWork(deps, row))) settled += 1;
  for (const row of keys) if (await attempt(deps, keyWork(deps, row))) settled += 1;
  await attempt(deps, () => dropEvents(deps, now));
  // A batch of which nothing could be settled would come back the same.
  return settled > 0 && [secrets, versions, keys].some(({ length }) => length === SWEEP_BATCH_MAX);
}

async function attempt(deps: SweepDeps, work: Work): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    // Whoever came first, it is done.
    if (!(error instanceof Fault && error.class === 'missing')) deps.onFailure(error);
    return false;
  }
}

function secretWork(deps: SweepDeps, row: SecretOfProject, now: number): Work {
  const { purgeAt, expiresAt } = row.secret;
  const due = isOver(purgeAt, now) ? purgeSecret : isOver(expiresAt, now) ? expireSecret : announceRotation;
  return () => ask(deps, due, refOf(row));
}

function versionWork(deps: SweepDeps, row: VersionOfSecret): Work {
  return () => ask(deps, destroyDueVersion, { ...refOf(row), number: row.version.number });
}

function keyWork(deps: SweepDeps, { project, key: { ring, name, aws } }: KeyOfProject): Work {
  const due = aws?.deletionAt === undefined ? rotateDueKey : purgeKmsKey;
  return () => ask<KeyRef, unknown>(deps, due, { project: parseProjectRef(project.id), ring, name });
}

async function dropEvents(deps: SweepDeps, now: number): Promise<void> {
  const before = await oldEvents(deps.store, now);
  if (before !== undefined) await ask(deps, dropOldEvents, { before });
}

function ask<C, R>({ engine, entropy }: SweepDeps, due: Operation<C, R>, command: C): Maybe<R> {
  const caller: Caller = { principal: SYSTEM, dialect: 'server', peer: 'local', requestId: entropy.uid() };
  return engine.call(due, caller, command);
}
