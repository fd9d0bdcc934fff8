// Access questions about one resource: who holds a permission on a secret, beside who did read it; and why one principal
// holds it or not. Both show what the caller may read of the policies and of the census, and say what they leave out.

import { type Consumer, consumersOf, type SightingOfVersion } from '../core/census.ts';
import { type FoundGrant, grantsOf, principalNamed } from '../core/iam/grants.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { ACCOUNTS_PER_PROJECT_MAX, CENSUS_ROWS_MAX } from '../core/limits.ts';
import { type ProjectRef, parseProjectRef } from '../core/name.ts';
import type { Listed, Need, Needs } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import type { Account, Project, Secret } from '../core/secret.ts';
import { askedAbout, awsNeeds, showsPolicies } from './aws/explained.ts';
import { contextOf } from './conditions.ts';
import { windowField } from './consumers.ts';
import type { Fields, FieldValues } from './fields.ts';
import { type Findings, findingsOf } from './findings.ts';
import { nativeFields, nativeSecret } from './native-ref.ts';
import { type Input, type Operation, operation, type Target } from './operation.ts';
import { censusNeed, readerWindowSeconds } from './reader-guard.ts';
import { type SecretRef, secretTarget } from './secrets.ts';
import { type AccountEntity, accountEntity } from './vault/entity-authority.ts';
import { withReach } from './vault/entity-explained.ts';
import { Entries } from './vault/entries.ts';
import { type Access, accessBy, mayAsk, parsePermission, targetOf, type View, type Viewer, viewOf } from './viewing.ts';
import { Wanting } from './wanting.ts';

/** The permission that questions are about where they name none. */
export const READING: Permission = 'secretmanager.versions.access';
/** Stands among what is hidden for a caller who may not see who did read. */
const CENSUS = 'census';

export interface MemberAccess {
  /** As policies name it; `anonymous` for readers without a credential. */
  readonly member: string;
  readonly access: Access;
  /** Every grant, those whose condition does not hold among them. */
  readonly grants: readonly FoundGrant[];
  /** The statement of AWS's, or the policy of Vault's, that denies it, whatever grants it. */
  readonly deniedBy?: string;
  /** Its newest read within the window; absent: none, or not shown. */
  readonly read?: Consumer;
}

export interface WhoQuestion extends SecretRef {
  readonly permission: Permission;
  readonly windowSeconds?: number;
}

export interface WhoAnswer extends Pick<View, 'hidden'> {
  readonly project: Project;
  readonly secret: Secret;
  readonly permission: Permission;
  readonly members: readonly MemberAccess[];
  readonly isComplete: boolean;
  readonly dialects: readonly string[];
}

export const permissionField = {
  permission: { type: 'string', help: `the permission; ${READING} unless given`, max: 100 },
} as const satisfies Fields;

export const principalField = {
  principal: { type: 'string', help: 'whom: a member as policies name it', required: true, max: 400 },
} as const satisfies Fields;

const given = ({ permission }: FieldValues): Permission => parsePermission(String(permission ?? READING));

export const whoAccess: Operation<WhoQuestion, WhoAnswer> = operation({
  name: 'access.who',
  help: 'tell who could read a secret, by which grant, and who did',
  kind: 'read',
  permission: 'secretmanager.secrets.getIamPolicy',
  census: true,
  api: {
    method: 'GET',
    path: '/access:who',
    fields: { ...nativeFields, ...permissionField, ...windowField },
    command: ({ windowSeconds, ...values }) => ({
      ...nativeSecret(values),
      permission: given(values),
      ...(windowSeconds === undefined ? {} : { windowSeconds }),
    }),
  },
  target: (command: WhoQuestion) => secretTarget(command),
  needs: (command) =>
    ({
      sightings: censusNeed(command),
      accounts: { need: 'accounts', project: command.project, after: '', limit: ACCOUNTS_PER_PROJECT_MAX },
    }) as const,
  decide: (input) => {
    const { command, scope } = input;
    const { permission } = command;
    const secret = input.secret(command);
    const project = input.project(command.project);
    const seen = showsReaders(input, permission, command);
    const { chain, hidden } = viewOf(input, scope);
    const context = contextOf(targetOf(permission, command), scope, input.now);
    const { sightings } = input.rows;
    const question = { command, sightings, now: input.now };
    const readers = seen ? readersOf(question, project, secret) : new Map<string, Consumer>();
    const members = new Map<string, FoundGrant[]>();
    for (const grant of grantsOf(permission, chain, context)) {
      const known = members.get(grant.member);
      if (known === undefined) members.set(grant.member, [grant]);
      else known.push(grant);
    }
    for (const reader of readers.keys()) {
      // Somebody whom policies name as one of many.
      if (!members.has(reader)) {
        members.set(reader, [...grantsOf(permission, chain, context, principalNamed(reader))]);
      }
    }
    const others = othersOfMembers(input, permission, project, [...members.keys()]);
    const isComplete = sightings.length <= CENSUS_ROWS_MAX;
    const unseen = seen || permission !== READING ? hidden : [...hidden, CENSUS];
    const rows = [...new Set([...members.keys(), ...others.keys()])].map((member): MemberAccess => {
      const read = readers.get(member);
      const found = others.get(member);
      const grants = [...(members.get(member) ?? []), ...(found?.grants ?? [])];
      const told = found?.deniedBy === undefined ? {} : { deniedBy: found.deniedBy };
      const access = accessBy(grants, { hidden, ...told });
      return { member, access, grants, ...told, ...(read === undefined ? {} : { read }) };
    });
    return { result: { project, secret, permission, members: rows, hidden: unseen, isComplete } };
  },
  finish: (result, { permission }, { exercisedBy }) => ({ ...result, dialects: exercisedBy(permission) }),
});

/** What policies of others say of the members that were found, and of the project's accounts that they grant it to. */
function othersOfMembers(
  input: Viewer & { readonly command: WhoQuestion; readonly rows: { readonly accounts: Listed<Account> } },
  permission: Permission,
  project: Project,
  members: readonly string[],
): ReadonlyMap<string, Findings> {
  const { command, scope, now } = input;
  const shows = showsPolicies(input, project);
  const accounts = new Map(input.rows.accounts.rows.map((account) => [`serviceAccount:${account.email}`, account]));
  const question = { permission, target: targetOf(permission, command), scope, now };
  const entities = shows ? entitiesOf(accounts, new Entries(input.rows, now)) : undefined;
  const all = new Map<string, Findings>();
  for (const member of new Set([...members, ...accounts.keys()])) {
    const account = accounts.get(member);
    const about = {
      principal: principalNamed(member),
      account: shows ? account : undefined,
      project: account === undefined ? undefined : project,
      entity: entities?.get(member),
    };
    const found = findingsOf(about, question);
    if (found.grants.length > 0 || (found.deniedBy !== undefined && members.includes(member))) all.set(member, found);
  }
  return all;
}

/** The entities that accounts are, by member. Throws Wanting for the rows of all of them at once. */
function entitiesOf(
  accounts: ReadonlyMap<string, Account>,
  entries: Entries,
): ReadonlyMap<string, AccountEntity | undefined> {
  const found = new Map<string, AccountEntity | undefined>();
  const wanted: Record<string, Need> = {};
  for (const [member, account] of accounts) {
    if (account.entity === undefined) continue;
    try {
      found.set(member, accountEntity(account, entries));
    } catch (error) {
      if (!(error instanceof Wanting)) throw error;
      Object.assign(wanted, error.needs);
    }
  }
  if (Object.keys(wanted).length > 0) throw new Wanting(wanted);
  return found;
}

/** Who did read is part of a question about reading, for a caller who may ask it by itself. */
function showsReaders(viewer: Viewer, permission: Permission, ref: SecretRef): boolean {
  return permission === READING && mayAsk(viewer, 'secretmanager.versions.list', secretTarget(ref), viewer.scope);
}

interface ReadersQuestion {
  readonly command: { readonly windowSeconds?: number };
  readonly sightings: readonly SightingOfVersion[];
  readonly now: number;
}

/** The newest reader of each principal. */
function readersOf({ command, sightings, now }: ReadersQuestion, project: Project, secret: Secret) {
  const windowSeconds = command.windowSeconds ?? readerWindowSeconds(project);
  const window = { currentVersion: secret.currentVersion, since: now - windowSeconds * 1000 };
  const newest = new Map<string, Consumer>();
  for (const consumer of consumersOf(sightings.slice(0, CENSUS_ROWS_MAX), window)) {
    if (!newest.has(consumer.principal)) newest.set(consumer.principal, consumer);
  }
  return newest;
}

/** The newest read of the principal, where the question is of reading and the caller may see who did. */
export interface Explanation extends Pick<View, 'hidden'> {
  readonly read?: Consumer;
  readonly principal: string;
  readonly permission: Permission;
  readonly resource: string;
  readonly access: Access;
  readonly grants: readonly FoundGrant[];
  /** The statement of AWS's that denies it, whatever grants it. */
  readonly deniedBy?: string;
  readonly dialects: readonly string[];
}

interface Explain {
  readonly principal: Principal;
  readonly permission: Permission;
}

export interface ExplainSecret extends SecretRef, Explain {
  /** A version of it, as a request would name it. */
  readonly version?: string;
}

export interface ExplainProject extends Explain {
  readonly project: ProjectRef;
}

const requiredPermission = { ...permissionField.permission, help: 'the permission', required: true } as const;

function explain(
  input: Input<Explain, Needs>,
  target: Target,
  resource: string,
): { readonly result: Omit<Explanation, 'dialects'> } {
  const { command, scope, now } = input;
  const { principal, permission } = command;
  const { chain, hidden } = viewOf(input, scope);
  const others = findingsOf(askedAbout(input, principal, input.rows), { permission, target, scope, now });
  const grants = [...grantsOf(permission, chain, contextOf(target, scope, now), principal), ...others.grants];
  const { deniedBy } = others;
  const access = accessBy(grants, { hidden, deniedBy });
  const told = deniedBy === undefined ? {} : { deniedBy };
  return { result: { principal: principal.member, permission, resource, access, grants, ...told, hidden } };
}

export const explainSecretAccess: Operation<ExplainSecret, Explanation> = operation({
  name: 'access.explain',
  help: 'tell why a principal has a permission on a secret, or has it not',
  kind: 'read',
  permission: 'secretmanager.secrets.getIamPolicy',
  census: true,
  api: {
    method: 'GET',
    path: '/access:explain',
    fields: {
      ...nativeFields,
      version: { type: 'string', help: 'a version of it: a number, latest or an alias', max: 64 },
      ...principalField,
      permission: requiredPermission,
    },
    command: ({ principal, version, ...values }) => ({
      ...nativeSecret(values),
      principal: principalNamed(String(principal)),
      permission: given(values),
      ...(version === undefined ? {} : { version: String(version) }),
    }),
  },
  target: (command: ExplainSecret) => secretTarget(command),
  needs: (command) => ({ ...awsNeeds(command.principal), sightings: censusNeed(command) }) as const,
  decide: (input) => {
    const { command, now } = input;
    const { permission, principal } = command;
    const secret = input.secret(command);
    const target = targetOf(permission, command, command.version);
    const { result } = explain(input, target, target.asked);
    if (!showsReaders(input, permission, command)) return { result };
    const { sightings } = input.rows;
    const read = readersOf({ command: {}, sightings, now }, input.project(command.project), secret).get(
      principal.member,
    );
    return { result: { ...result, ...(read === undefined ? {} : { read }) } };
  },
  finish: (result, { permission }, { exercisedBy }) => ({ ...result, dialects: exercisedBy(permission) }),
});

export const explainProjectAccess: Operation<ExplainProject, Explanation> = operation({
  name: 'access.explainProject',
  help: 'tell why a principal has a permission on a project, or has it not',
  kind: 'read',
  permission: 'resourcemanager.projects.getIamPolicy',
  api: {
    method: 'GET',
    path: '/access:explainProject',
    fields: { project: nativeFields.project, ...principalField, permission: requiredPermission },
    command: ({ project, principal, ...values }) => ({
      project: parseProjectRef(String(project)),
      principal: principalNamed(String(principal)),
      permission: given(values),
    }),
  },
  target: ({ project }: ExplainProject) => ({ project, asked: `projects/${project}` }),
  needs: ({ principal }) => awsNeeds(principal),
  decide: (input) => {
    const { project, permission } = input.command;
    input.project(project);
    const asked = `projects/${project}`;
    const { result } = explain(input, { project, asked }, asked);
    const whole = { ...result, access: onProject(result, permission) };
    const { entity } = askedAbout(input, input.command.principal, input.rows);
    return { result: withReach(whole, entity, permission, input.scope.project?.id) };
  },
  finish: (result, { permission }, { exercisedBy }) => ({ ...result, dialects: exercisedBy(permission) }),
});

/** A grant whose condition looks at the resource says nothing of the project as a whole. */
export function onProject({ access, grants }: Pick<Explanation, 'access' | 'grants'>, permission: Permission): Access {
  if (access === 'allowed' || !permission.startsWith('secretmanager.')) return access;
  return grants.some(({ verdict }) => verdict?.dependsOn.includes('resource')) ? 'depends' : access;
}
