// Staging labels: which version of a secret carries which. Three are roles of the core (current, the one before it, and
// the candidate); the caller's own are aliases, or, where no alias may be written so, kept for AWS's API alone.
// A label sits on one version. Source: the Secrets Manager user guide, "Version", and UpdateSecretVersionStage.

import { Fault } from '../error.ts';
import { AWS_STAGES_MAX } from '../limits.ts';
import type { Secret } from '../secret.ts';
import { isAlias } from '../secret-fields.ts';

export const CURRENT = 'AWSCURRENT';
export const PREVIOUS = 'AWSPREVIOUS';
export const PENDING = 'AWSPENDING';

type Staged = Pick<
  Secret,
  'currentVersion' | 'previousVersion' | 'candidateVersion' | 'versionAliases' | 'aws' | 'lastVersion'
>;

/** Every label and the number of the version that carries it. */
export function stagesOf(secret: Staged): ReadonlyMap<string, number> {
  const { currentVersion, previousVersion, candidateVersion, versionAliases, aws } = secret;
  const stages = new Map<string, number>();
  if (currentVersion !== 0) stages.set(CURRENT, currentVersion);
  if (previousVersion !== 0 && previousVersion !== currentVersion) stages.set(PREVIOUS, previousVersion);
  if (candidateVersion !== undefined) stages.set(PENDING, candidateVersion);
  for (const label in versionAliases) stages.set(label, versionAliases[label] as number);
  for (const label in aws?.stages) stages.set(label, aws.stages[label] as number);
  return stages;
}

/** The labels that a version carries. */
export function stagesOfVersion(secret: Staged, number: number): readonly string[] {
  const labels: string[] = [];
  for (const [label, holder] of stagesOf(secret)) if (holder === number) labels.push(label);
  return labels;
}

/** The secret with a label moved to a version; AWSCURRENT leaves AWSPREVIOUS where it was. Throws LIMIT_REACHED. */
export function attachStage<T extends Staged & Pick<Secret, 'aws'>>(secret: T, label: string, number: number): T {
  const moved = attached(secret, label, number);
  if (stagesOf(moved).size > AWS_STAGES_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'staging labels of one secret', limit: AWS_STAGES_MAX });
  }
  return moved;
}

function attached<T extends Staged>(secret: T, label: string, number: number): T {
  if (label === CURRENT) {
    if (secret.currentVersion === number) return secret;
    return { ...secret, currentVersion: number, previousVersion: secret.currentVersion };
  }
  if (label === PREVIOUS) return { ...secret, previousVersion: number };
  if (label === PENDING) return { ...withoutReservation(secret), candidateVersion: number };
  if (isAlias(label)) return { ...secret, versionAliases: { ...secret.versionAliases, [label]: number } };
  const stages = { ...secret.aws?.stages, [label]: number };
  return { ...secret, aws: { changedAt: 0, ...secret.aws, stages } };
}

/** The secret with a label on no version. AWSCURRENT only ever moves. */
export function detachStage<T extends Staged>(secret: T, label: string): T {
  if (label === PREVIOUS) return { ...secret, previousVersion: 0 };
  if (label === PENDING) {
    const { candidateVersion: _gone, ...rest } = withoutReservation(secret);
    return rest as T;
  }
  const { [label]: _alias, ...versionAliases } = secret.versionAliases;
  const { [label]: _stage, ...stages } = secret.aws?.stages ?? {};
  return { ...secret, versionAliases, ...(secret.aws === undefined ? {} : { aws: { ...secret.aws, stages } }) };
}

/** The secret with AWSPENDING on a version that has no value yet. */
export function reserve<T extends Staged & Pick<Secret, 'aws'>>(secret: T, versionId: string, now: number): T {
  const free = detachStage(secret, PENDING);
  return { ...free, aws: { changedAt: now, ...free.aws, reserved: { versionId, at: now } } };
}

function withoutReservation<T extends Staged>(secret: T): T {
  const { reserved, ...aws } = secret.aws ?? {};
  return reserved === undefined ? secret : { ...secret, aws: { changedAt: 0, ...aws } };
}

const UNLABELLED_MAX = 100;
const KEPT_MS = 24 * 3600 * 1000;

/**
 * Whether AWS's API no longer shows a version: it carries no label, a hundred came after it that carry none, and it is
 * more than a day old. It stays for every other dialect.
 */
export function isPastShowing(
  secret: Staged,
  version: { readonly number: number; readonly createdAt: number },
  now: number,
): boolean {
  if (now - version.createdAt <= KEPT_MS || secret.lastVersion - version.number < UNLABELLED_MAX) return false;
  const holders = new Set(stagesOf(secret).values());
  if (holders.has(version.number)) return false;
  const labelledAfter = [...holders].filter((number) => number > version.number).length;
  return secret.lastVersion - version.number - labelledAfter >= UNLABELLED_MAX;
}
