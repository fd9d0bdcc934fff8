// Whom a change of a policy would take reading from: of those who read within the window, the ones who could before and
// could not after. Asked before a change by whoever may read the policy, and kept in the record of the change itself.

import type { Sighting } from '../core/census.ts';
import type { SightingOfSecret } from '../core/census-ports.ts';
import { Fault } from '../core/error.ts';
import { parseBindings } from '../core/iam/bindings.ts';
import { grantsOf, principalNamed } from '../core/iam/grants.ts';
import { authorise, EMPTY_POLICY, type Policy, type PolicyScope } from '../core/iam/policy.ts';
import { CENSUS_OF_PROJECT_MAX, CENSUS_ROWS_MAX, POLICY_MEMBERS_MAX } from '../core/limits.ts';
import { type ProjectRef, parseProjectRef } from '../core/name.ts';
import type { Need } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import type { Project, Secret } from '../core/secret.ts';
import { READING } from './access.ts';
import { contextOf } from './conditions.ts';
import { policyChain } from './judgement.ts';
import { nativeFields, nativeSecret } from './native-ref.ts';
import { type Operation, operation, type Scope } from './operation.ts';
import { censusNeed, readerWindowSeconds } from './reader-guard.ts';
import { refOf, type SecretRef, secretTarget } from './secrets.ts';
import { mayAsk, type Viewer } from './viewing.ts';

/** A principal with its newest read that it could not repeat. */
export interface LostReader {
  readonly principal: string;
  readonly secret: Secret;
  readonly sighting: Sighting;
}

export interface Impact {
  readonly project: Project;
  /** The newest read first. */
  readonly losing: readonly LostReader[];
  /** False where there are more reads within the window than are looked at. */
  readonly isComplete: boolean;
}

export interface PolicyChange {
  /** As it is before. */
  readonly scope: Scope & { readonly project: Project };
  readonly after: Pick<Policy, 'bindings'>;
  /** Newest first; of the one secret, or of all of the project. */
  readonly sightings: readonly SightingOfSecret[];
  readonly now: number;
}

/** Each principal that the change takes a read from, once. A secret in the scope means that its policy changes. */
export function losingReaders({ scope, after, sightings, now }: PolicyChange): readonly LostReader[] {
  const { project } = scope;
  const since = now - readerWindowSeconds(project) * 1000;
  const changed = scope.secret?.policy ?? project.policy;
  const level: PolicyScope = { resource: 'changed', policy: changed };
  const lost = new Map<string, LostReader>();
  const spared = new Set<string>();
  for (const { sighting, secret } of sightings.slice(0, CENSUS_ROWS_MAX)) {
    const { principal: member } = sighting;
    if (sighting.lastSeenAt < since || lost.has(member) || spared.has(member)) continue;
    const principal = principalNamed(member);
    const of = { ...scope, secret };
    // Who has nothing from the policy that changes loses nothing with it.
    if (grantsOf(READING, [level], contextOf({ asked: '' }, of, now), principal).length === 0) {
      spared.add(member);
      continue;
    }
    const policy: Policy = { ...changed, bindings: after.bindings };
    const then =
      scope.secret === undefined
        ? { ...of, project: { ...project, policy } }
        : { ...of, secret: { ...secret, policy } };
    const version = String(sighting.version);
    if (couldRead(principal, of, version, now) && !couldRead(principal, then, version, now)) {
      lost.set(member, { principal: member, secret, sighting });
    }
  }
  return [...lost.values()];
}

/** By its number or as the current one: the census does not know how it was asked for. */
function couldRead(
  principal: Principal,
  scope: Scope & { project: Project; secret: Secret },
  version: string,
  now: number,
) {
  const ref = refOf(scope);
  const chain = policyChain(scope);
  return ['latest', version].some(
    (asked) => authorise(READING, principal, chain, contextOf(secretTarget(ref, asked), scope, now)) !== undefined,
  );
}

const CHARS_MAX = 4096;

/** What the record of the change keeps. */
export function losingDetails(losing: readonly LostReader[]): Readonly<Record<string, string>> {
  if (losing.length === 0) return {};
  return {
    losing: losing
      .map(({ principal }) => principal)
      .join(', ')
      .slice(0, CHARS_MAX),
  };
}

/** The newest reads of a project. */
export function projectCensusNeed(project: ProjectRef): Extract<Need, { need: 'censusOfProject' }> {
  return { need: 'censusOfProject', project, limit: CENSUS_OF_PROJECT_MAX };
}

/** Enough for a policy of as many members as one may have. */
const POLICY_CHARS_MAX: number = POLICY_MEMBERS_MAX * 400;

const policyField = {
  policy: {
    type: 'string',
    help: 'the policy that is to be set, as JSON: {"bindings":[{"role":"…","members":["…"]}]}',
    required: true,
    max: POLICY_CHARS_MAX,
  },
} as const;

type Bindings = Policy['bindings'];

/** Bindings of the right shape; throws INVALID_FIELD. What they may say is judged where the policy is known. */
function readBindings(text: string): Bindings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Fault('INVALID_FIELD', { field: 'policy', problem: 'is not JSON' });
  }
  const { bindings = [] } = Object(value) as { bindings?: unknown };
  if (!Array.isArray(bindings) || !bindings.every(isBinding)) {
    throw new Fault('INVALID_FIELD', { field: 'policy', problem: 'needs bindings, each with a role and members' });
  }
  return bindings.map(({ role, members = [], condition }) => ({
    role,
    members,
    ...(condition === undefined ? {} : { condition: { description: '', ...condition } }),
  }));
}

interface SentBinding {
  readonly role: string;
  readonly members?: readonly string[];
  readonly condition?: { readonly title: string; readonly expression: string; readonly description?: string };
}

function isBinding(value: unknown): value is SentBinding {
  const { role, members = [], condition } = Object(value) as Record<string, unknown>;
  if (typeof role !== 'string' || !Array.isArray(members)) return false;
  if (!members.every((member) => typeof member === 'string')) return false;
  if (condition === undefined) return true;
  const { title, expression, description = '' } = Object(condition) as Record<string, unknown>;
  return [title, expression, description].every((text) => typeof text === 'string');
}

export interface SecretImpact extends SecretRef {
  readonly bindings: Bindings;
}

export interface ProjectImpact {
  readonly project: ProjectRef;
  readonly bindings: Bindings;
}

const proposed = (bindings: Bindings, before: Policy) => ({ bindings: parseBindings({ bindings }, before) });

export const secretImpact: Operation<SecretImpact, Impact> = operation({
  name: 'access.impact',
  help: 'tell which readers of a secret could read it no more under another policy',
  kind: 'read',
  permission: 'secretmanager.secrets.getIamPolicy',
  census: true,
  api: {
    method: 'POST',
    path: '/access:impact',
    fields: { ...nativeFields, ...policyField },
    command: ({ policy, ...ref }) => ({ ...nativeSecret(ref), bindings: readBindings(String(policy)) }),
  },
  target: (command: SecretImpact) => secretTarget(command),
  needs: (command) => ({ sightings: censusNeed(command) }) as const,
  decide: (input) => {
    const { command, now } = input;
    const secret = input.secret(command);
    const project = input.project(command.project);
    const after = proposed(command.bindings, secret.policy);
    const sightings = input.rows.sightings.map((sighting) => ({ sighting, secret }));
    const scope = { ...input.scope, project, secret };
    const losing = shown(input, losingReaders({ scope, after, sightings, now }));
    return { result: { project, losing, isComplete: sightings.length <= CENSUS_ROWS_MAX } };
  },
});

export const projectImpact: Operation<ProjectImpact, Impact> = operation({
  name: 'access.impactProject',
  help: 'tell which readers of secrets of a project could read them no more under another policy',
  kind: 'read',
  permission: 'resourcemanager.projects.getIamPolicy',
  census: true,
  api: {
    method: 'POST',
    path: '/access:impactProject',
    fields: { project: nativeFields.project, ...policyField },
    command: ({ policy, project }) => ({
      project: parseProjectRef(String(project)),
      bindings: readBindings(String(policy)),
    }),
  },
  target: ({ project }: ProjectImpact) => ({ project, asked: `projects/${project}` }),
  needs: ({ project }) => ({ sightings: projectCensusNeed(project) }) as const,
  decide: (input) => {
    const { command, now } = input;
    const project = input.project(command.project);
    const after = proposed(command.bindings, project.policy ?? EMPTY_POLICY);
    const scope = { ...input.scope, project };
    const { sightings } = input.rows;
    const losing = shown(input, losingReaders({ scope, after, sightings, now }));
    return { result: { project, losing, isComplete: sightings.length < CENSUS_OF_PROJECT_MAX } };
  },
});

/** Those of secrets whose readers the caller may see. */
function shown(viewer: Viewer, losing: readonly LostReader[]): readonly LostReader[] {
  const { project } = viewer.scope;
  if (project === undefined) return [];
  return losing.filter(({ secret }) =>
    mayAsk(viewer, 'secretmanager.versions.list', secretTarget(refOf({ project, secret })), {
      ...viewer.scope,
      secret,
    }),
  );
}
