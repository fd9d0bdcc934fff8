// Replicas: regions in which a secret of another region can be read. There is one copy of it, so a replica is always in
// step; one that cannot be, because its region has a secret of that name, says so.
// Source: the API reference, ReplicateSecretToRegions and RemoveRegionsFromReplication.

import { homeOf, type Replica } from '../../core/aws/secret.ts';
import { Fault } from '../../core/error.ts';
import { secretEvent } from '../../core/events.ts';
import { GLOBAL, type Location, type ProjectRef, type SecretKey, secretKey } from '../../core/name.ts';
import type { Change, Need } from '../../core/ports.ts';
import type { Secret } from '../../core/secret.ts';
import { demand } from '../demand.ts';
import { type Input, type Operation, operation, type Target } from '../operation.ts';
import { eventOf, secretTarget } from '../secrets.ts';
import type { AwsRef, AwsResult } from './ref.ts';

export type AskedReplica = Pick<Replica, 'region' | 'kmsKeyId'>;

interface Asked {
  readonly replicas?: readonly AskedReplica[];
  /** A secret of that name in a replica's region gives way. */
  readonly overwrite?: true;
}

export interface ReplicateSecret extends AwsRef, Asked {
  readonly removed?: readonly Location[];
}

const rowName = (region: Location) => `copy ${region}`;

/** The secrets of that name in the regions of replicas to come. */
export function copyNeeds(
  { project, key }: { readonly project: ProjectRef; readonly key: SecretKey },
  replicas: readonly AskedReplica[] = [],
): Readonly<Record<string, Need & { need: 'secret' }>> {
  return Object.fromEntries(
    replicas.map(({ region }) => [
      rowName(region),
      { need: 'secret', project, location: region, key, deleted: true } as const,
    ]),
  );
}

type ReplicaInput = Pick<Input<unknown, Record<never, never>, unknown>, 'caller' | 'now' | 'scope'> & {
  readonly rows: Readonly<Record<string, unknown>>;
};

/** The secret with these replicas more, and what has to go for them; throws AWS_REQUEST_INVALID. */
export function withReplicas(
  input: ReplicaInput,
  secret: Secret,
  region: Location,
  { replicas: asked = [], overwrite }: Asked,
): { readonly secret: Secret; readonly cleared: readonly Change[] } {
  if (asked.length === 0) return { secret, cleared: [] };
  const cleared: Change[] = [];
  const replicas = new Map((secret.aws?.replicas ?? []).map((replica) => [replica.region, replica]));
  for (const replica of asked) {
    if (replica.region === (homeOf(secret) ?? region)) {
      throw new Fault('AWS_REQUEST_INVALID', { problem: 'Invalid replica region.' });
    }
    const taken = input.rows[rowName(replica.region)] as Secret | undefined;
    const goes = taken !== undefined && (overwrite === true || (taken.purgeAt ?? input.now + 1) <= input.now);
    if (goes) {
      demand({ ...input, scope: { ...input.scope, secret: taken } }, 'secretmanager.secrets.delete', targetOf(taken));
      cleared.push({ change: 'secret.delete', uid: taken.uid });
    }
    const problem = problemOf(secret, replica.region, goes ? undefined : taken);
    replicas.set(replica.region, problem === undefined ? replica : { ...replica, problem });
  }
  const aws = { changedAt: 0, ...secret.aws, replicas: [...replicas.values()] };
  return {
    secret: { ...secret, aws: secret.location === GLOBAL ? { ...aws, home: aws.home ?? region } : aws },
    cleared,
  };
}

function targetOf({ location, name }: Secret): Target {
  return { secret: secretKey(name), location, asked: `locations/${location}/secrets/${name}` };
}

/** Why the secret cannot be read in a region; undefined: it can. */
function problemOf({ name, location }: Secret, region: Location, taken: Secret | undefined): string | undefined {
  if (taken !== undefined) return `Replication failed: Secret name ${name} already exists in region ${region}.`;
  if (location === GLOBAL) return undefined;
  return 'Replication failed: another secret has this name in another region.';
}

export const replicateSecret: Operation<ReplicateSecret, AwsResult> = operation({
  name: 'secrets.replicate',
  help: 'let a secret of one region be read in others, or no longer',
  kind: 'write',
  permission: 'secretmanager.secrets.update',
  target: (command) => secretTarget(command),
  needs: (command) => copyNeeds(command, command.replicas),
  decide: (input) => {
    const { command, entropy } = input;
    const project = input.project(command.project);
    const before = input.secret(command);
    const removed = new Set(command.removed);
    const replicas = (before.aws?.replicas ?? []).filter(({ region }) => !removed.has(region));
    const kept: Secret = { ...before, aws: { changedAt: 0, ...before.aws, replicas } };
    const { secret: changed, cleared } = withReplicas(input, kept, command.from.region, command);
    const secret: Secret = { ...changed, etag: entropy.etag() };
    return {
      result: { project, secret },
      changes: [...cleared, { change: 'secret.update', secret }],
      events: [secretEvent('SECRET_UPDATE', eventOf(input, project, secret))],
    };
  },
});
