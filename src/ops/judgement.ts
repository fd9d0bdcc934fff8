// How a request is judged, the same in whichever thread: which policies it falls under, whether they grant what it
// takes, and what the ledger says of it. Deny by default; a refusal tells nothing about what exists.

import type { AuditRecord, Outcome } from '../core/audit-record.ts';
import type { Ruling } from '../core/aws-policy/evaluate.ts';
import { Fault, type FaultCode } from '../core/error.ts';
import type { ConditionContext } from '../core/iam/condition.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { authorise, type Grant, type PolicyScope, sourcedGrant } from '../core/iam/policy.ts';
import { AUDIT_TEXT_CHARS_MAX } from '../core/limits.ts';
import { type AccountEmail, accountProject, locationPart } from '../core/name.ts';
import type { Entropy, Need, Needs, RowsOf } from '../core/ports.ts';
import { type Caller, SYSTEM } from '../core/principal.ts';
import type { Account, AccountKey, Project, Secret, Token } from '../core/secret.ts';
import { authoriseByAcl, deniedByAcl, IAM_POLICY, policyIds, ROOT_POLICY } from '../core/vault/authority.ts';
import type { VaultEntry } from '../core/vault/entry.ts';
import { entityId, entityOf, groupId, groupOf, identityOf } from '../core/vault/identity.ts';
import { tokenId } from '../core/vault/token.ts';
import { type AwsAsked, awsDenial, awsGrant, hasAwsPolicy, rulingText } from './aws/authority.ts';
import { DEFAULT_PROJECT } from './bootstrap.ts';
import { contextOf } from './conditions.ts';
import type { Decision, Operation, Scope, Target } from './operation.ts';
import { type AccountEntity, entityDenial, grantByEntity } from './vault/entity-authority.ts';
import { entityFrom, entityNeeds } from './vault/known-entities.ts';
import { Wanting } from './wanting.ts';

const SERVER = 'server';

type SecretNeed = Extract<Need, { need: 'secret' }>;

export type ScopeNeeds = { readonly server: Need & { need: 'server' } } & Needs;

/** What a request is allowed by. */
export interface Admission {
  readonly scope: Scope;
  /** Absent where the operation takes no permission. */
  readonly grant: Grant | undefined;
}

/** One request: an operation asked for by a caller with a command. */
export class Request<C, R> {
  readonly operation: Operation<C, R>;
  readonly caller: Caller;
  readonly command: C;
  readonly target: Target;
  #wanted: Needs | undefined;

  constructor(operation: Operation<C, R>, caller: Caller, command: C) {
    this.operation = operation;
    this.caller = caller;
    this.command = command;
    this.target = operation.target(command);
  }

  /** Throws CREDENTIAL_INVALID for a caller whose credential was not accepted. */
  checkCredential(): void {
    const { refused, problem } = this.caller;
    if (refused) throw new Fault('CREDENTIAL_INVALID', problem === undefined ? {} : { problem });
  }

  /** The row that keeps the caller's credential alive. */
  credentialNeeds(): Needs {
    const { credential } = this.caller;
    if (credential === undefined) return {};
    const { kind, hash, keyId } = credential;
    const own: Needs =
      kind === 'vault'
        ? { callerVault: { need: 'vaultEntry', id: tokenId(hash) } }
        : keyId === undefined
          ? { callerToken: { need: 'token', hash } }
          : { callerKey: { need: 'accountKey', id: keyId } };
    const { identity, project } = this.caller.vault ?? {};
    if (identity === undefined || project === undefined) return own;
    const groups = identity.groups.slice(0, GROUPS_CHECKED_MAX).map(({ id }) => groupId(project, id));
    return { ...own, callerIdentity: { need: 'vaultEntriesNamed', ids: [entityId(project, identity.id), ...groups] } };
  }

  /** The rows that `scopeOf` takes beside those that every request needs. */
  get wanted(): Needs | undefined {
    return this.#wanted;
  }

  /** Throws CREDENTIAL_INVALID where the credential died since it was accepted: `rows` answer `credentialNeeds`. */
  checkAlive(rows: RowsOf<Needs>, now: number): void {
    if (this.caller.credential === undefined) return;
    const {
      callerToken: token,
      callerKey: key,
      callerVault: entry,
    } = rows as {
      readonly callerToken?: Token;
      readonly callerKey?: AccountKey;
      readonly callerVault?: VaultEntry;
    };
    const { expiresAt = Number.POSITIVE_INFINITY } = token ?? key ?? entry ?? { expiresAt: 0 };
    if (key?.disabled || now >= expiresAt || this.#hasLost(rows)) throw new Fault('CREDENTIAL_INVALID');
  }

  /** Whether the caller's entity was disabled, or left something that it was judged by, since it was accepted. */
  #hasLost(rows: RowsOf<Needs>): boolean {
    const { identity } = this.caller.vault ?? {};
    const { callerIdentity } = rows as { readonly callerIdentity?: readonly (VaultEntry | undefined)[] };
    if (identity === undefined || callerIdentity === undefined) return false;
    const [own, ...groups] = callerIdentity;
    if (own === undefined || entityOf(own).disabled) return true;
    // Of one that is in more groups than that, what the others bring counts as lost.
    const checked = identity.groups.slice(0, GROUPS_CHECKED_MAX);
    const known = new Map(checked.map(({ id }, index) => [id, rowOfGroup(groups[index])]));
    const { policies } = identityOf(identity.id, entityOf(own), known);
    return identity.policies.some((each) => !policies.includes(each));
  }

  /** The rows whose policies decide, beside `others`. */
  needs(others: Needs | undefined): ScopeNeeds {
    const { project, secret, location, deleted, spelled, from, tag } = this.target;
    const needs: Record<string, Need> = { ...others, server: SERVER_NEED };
    const { vault } = this.caller;
    if (vault !== undefined) needs['callerPolicies'] = { need: 'vaultEntriesNamed', ids: policyIds(vault) };
    const email = accountAsking(this.caller);
    if (email !== undefined) {
      needs['callerAccount'] = { need: 'account', email };
      const known = vault === undefined ? entityNeeds(email) : undefined;
      if (known !== undefined) Object.assign(needs, known);
      if (vault === undefined && this.#wanted !== undefined) Object.assign(needs, this.#wanted);
      // By its number, or of somebody else: what is the same project costs nothing but this.
      if (project === undefined || !isOf(email, project)) {
        needs['callerProject'] = { need: 'project', project: accountProject(email) };
      }
    }
    if (tag !== undefined) needs['scopeProject'] = { need: 'projectOfTag', ...tag };
    if (project === undefined) return needs as ScopeNeeds;
    needs['scopeProject'] = { need: 'project', project };
    if (secret !== undefined) {
      // Field by field: on the hot path, spreading what is mostly absent costs more than the look-up.
      const found: { -readonly [K in keyof SecretNeed]: SecretNeed[K] } = { need: 'secret', project, key: secret };
      if (location !== undefined) found.location = location;
      if (deleted !== undefined) found.deleted = deleted;
      if (spelled !== undefined) found.spelled = spelled;
      if (from !== undefined) found.from = from;
      if (this.operation.anyNumbers?.(this.command)) found.numbers = 'any';
      needs['scopeSecret'] = found;
      if (spelled) needs['scopeSpellings'] = { ...found, need: 'spellings' };
    }
    return needs as ScopeNeeds;
  }

  /** What `rows`, which answer `needs`, come to. Throws Wanting where they are not all of them: `needs` then is. */
  scopeOf(rows: RowsOf<ScopeNeeds>): Scope {
    const row = rows as Record<string, unknown>;
    const secret = row['scopeSecret'] as Secret | undefined;
    const { name, spelled } = this.target;
    const callerAccount = row['callerAccount'] as Account | undefined;
    // Another secret may have a name that is spelled alike.
    const isMeant = secret === undefined || name === undefined || secret.name === name;
    return {
      server: rows.server,
      project: row['scopeProject'] as Project | undefined,
      secret: isMeant ? secret : undefined,
      spellings: spelled ? (row['scopeSpellings'] as number) : undefined,
      callerPolicies: row['callerPolicies'] as Scope['callerPolicies'],
      callerAccount,
      // Not asked for where it is the one that the request is about.
      callerProject: ('callerProject' in row ? row['callerProject'] : row['scopeProject']) as Project | undefined,
      callerEntity: callerAccount?.entity === undefined ? undefined : this.#entityOf(callerAccount, rows),
    };
  }

  #entityOf(account: Account, rows: RowsOf<ScopeNeeds>): AccountEntity | undefined {
    if (this.caller.vault !== undefined) return undefined;
    try {
      const entity = entityFrom(account, rows);
      // For the thread that judges again, which may not know them.
      this.#wanted = entityNeeds(account.email);
      return entity;
    } catch (error) {
      if (error instanceof Wanting) this.#wanted = { ...this.#wanted, ...error.needs };
      throw error;
    }
  }

  /** What the operation is allowed by at `now`; throws PERMISSION_DENIED or CREDENTIAL_MISSING. */
  authorise(scope: Scope, now: number): Grant | undefined {
    const { permission } = this.operation;
    const { principal } = this.caller;
    if (permission === 'public' || permission === 'open') return undefined;
    if (permission === 'authenticated') {
      if (principal.member === 'anonymous') throw new Fault('CREDENTIAL_MISSING');
      if (scope.callerEntity?.refused !== undefined) {
        throw new Fault('PERMISSION_DENIED', { permission, resource: this.target.asked });
      }
      return undefined;
    }
    if (permission === 'system') {
      if (principal === SYSTEM) return undefined;
      throw new Fault('PERMISSION_DENIED', { permission, resource: this.target.asked });
    }
    const asked = { caller: this.caller, permission, operation: this.operation.name, target: this.target, scope, now };
    const deniedBy = denialOf(asked);
    // Whoever brings no credential is told that alone, whatever is there.
    if (deniedBy !== undefined && principal.member === 'anonymous') throw new Fault('CREDENTIAL_MISSING');
    if (deniedBy !== undefined) {
      throw new Fault('PERMISSION_DENIED', { permission, resource: this.target.asked, deniedBy });
    }
    const grant = this.#byVault(permission, scope) ?? this.#byIam(permission, scope, now) ?? grantElsewhere(asked);
    if (grant !== undefined) return grant;
    // A caller without any credential is told to bring one, as the real services do.
    if (principal.member === 'anonymous') throw new Fault('CREDENTIAL_MISSING');
    throw new Fault('PERMISSION_DENIED', { permission, resource: this.target.asked });
  }

  #byVault(permission: Permission, scope: Scope): Grant | undefined {
    return grantByVault(this.caller, permission, scope);
  }

  #byIam(permission: Permission, scope: Scope, now: number): Grant | undefined {
    return grantByIam(this.caller, permission, scope, this.#context(scope, now));
  }

  #context(scope: Scope, time: number): ConditionContext {
    const context = contextOf(this.target, scope, time);
    const { modifiedRoles } = this.operation;
    if (modifiedRoles === undefined) return context;
    return { ...context, modifiedRoles: () => modifiedRoles(this.command, scope) };
  }

  /** What happened, for the ledger. `admission` as far as it came, `decision` where there was one. */
  record(
    { time, entropy }: { readonly time: number; readonly entropy: Entropy },
    outcome: Outcome,
    code: FaultCode | undefined,
    admission: Partial<Admission>,
    decision?: Pick<Decision<unknown>, 'version' | 'details'>,
  ): AuditRecord {
    const { principal, credential, dialect, peer, requestId, userAgent } = this.caller;
    const version = decision?.version;
    const details = detailsOf(decision, admission.grant);
    // Field by field, as above.
    const record: { -readonly [K in keyof AuditRecord]: AuditRecord[K] } = {
      id: entropy.uid(),
      time,
      operation: this.operation.name,
      outcome,
      principal: principal.member,
      resource: resourceName(admission.scope, this.target),
      dialect,
      peer,
      requestId,
    };
    if (code !== undefined) record.code = code;
    if (credential !== undefined) record.credential = credential.hash.slice(0, 12);
    if (version !== undefined) record.version = version;
    if (userAgent !== undefined) record.userAgent = userAgent.slice(0, AUDIT_TEXT_CHARS_MAX);
    if (details !== undefined) record.details = details;
    return record;
  }
}

/**
 * What IAM's policies grant a caller. One by Vault's API has what they grant only where a policy of its token says so, and
 * never what another of them denies; where those are not known, nothing.
 */
function grantByIam(
  caller: Caller,
  permission: Permission,
  scope: Scope,
  context: ConditionContext,
): Grant | undefined {
  return countsIam(caller, scope) ? authorise(permission, caller.principal, policyChain(scope), context) : undefined;
}

function countsIam({ vault }: Caller, { callerPolicies }: Scope): boolean {
  if (vault === undefined) return true;
  if (callerPolicies === undefined || !vault.policies.includes(IAM_POLICY)) return false;
  return !deniedByAcl(vault, callerPolicies);
}

/** What denies it, whatever grants it: a policy of AWS's, or of the caller's entity. */
export function denialOf(asked: AwsAsked): string | undefined {
  const { scope } = asked;
  const byAws = hasAwsPolicy(scope) ? awsDenial(asked) : undefined;
  if (byAws !== undefined) return rulingText(byAws);
  return scope.callerEntity === undefined ? undefined : entityDenial(scope.callerEntity, asked);
}

/** What other policies than IAM's grant a caller, for whom nothing denies it. */
function grantElsewhere(asked: AwsAsked): Grant | undefined {
  const { scope } = asked;
  const byAws = hasAwsPolicy(scope) ? grantByAws(asked) : undefined;
  return byAws ?? (scope.callerEntity === undefined ? undefined : grantByEntity(scope.callerEntity, asked));
}

/**
 * What AWS's policies grant a caller, for whom nothing denies it; `asked` may be about another resource than the request.
 * One by Vault's API has it on the terms on which it has what IAM grants.
 */
function grantByAws(asked: AwsAsked): Grant | undefined {
  if (!countsIam(asked.caller, asked.scope)) return undefined;
  const ruling = rulingByAws(asked);
  return ruling === undefined ? undefined : sourcedGrant(asked.permission, rulingText(ruling), asked.target.asked);
}

/** What of AWS's policies grants it: whoever is of another project brings what IAM grants there as the word of his own. */
export function rulingByAws(asked: AwsAsked): Ruling | undefined {
  const { caller, permission, scope, now } = asked;
  return awsGrant(asked, () => {
    if (scope.callerProject === undefined) return false;
    const own = { server: scope.server, project: scope.callerProject, secret: undefined };
    return authorise(permission, caller.principal, policyChain(own), contextOf({ asked: '' }, own, now)) !== undefined;
  });
}

/**
 * What the policies of a token of Vault's grant at the path of the request. Those of a namespace say nothing of another,
 * nor of the server; those of the root namespace do.
 */
function grantByVault({ vault }: Caller, permission: Permission, scope: Scope): Grant | undefined {
  if (vault === undefined) return undefined;
  const { project } = vault as { readonly project: string };
  if (project !== scope.project?.id && project !== DEFAULT_PROJECT) return undefined;
  return authoriseByAcl(permission, vault, scope.callerPolicies ?? [], scope.secret !== undefined);
}

/** Elsewhere than at that path they say nothing, but that whoever is root of a project may all there. */
function isVaultRoot({ vault }: Caller, { project }: Scope): boolean {
  return vault?.policies.includes(ROOT_POLICY) === true && (vault.project as string) === project?.id;
}

/**
 * Whether a caller holds a permission on what a target names, by every policy. `ofRequest`: it is a part of what was asked
 * for, so that Vault's policies judge it as they judged the request.
 */
export function permits(asked: AwsAsked, ofRequest = false): boolean {
  const { caller, permission, target, scope, now } = asked;
  if (denialOf(asked) !== undefined) return false;
  if (isVaultRoot(caller, scope)) return true;
  if (ofRequest && scope.callerPolicies !== undefined && grantByVault(caller, permission, scope) !== undefined)
    return true;
  if (grantByIam(caller, permission, scope, contextOf(target, scope, now)) !== undefined) return true;
  return grantElsewhere(asked) !== undefined;
}

const ACCOUNT_MEMBER = 'serviceAccount:';
const USER_ACCOUNT_END = '.iam.gserviceaccount.com';

function accountAsking({ principal: { member } }: Caller): AccountEmail | undefined {
  return member.startsWith(ACCOUNT_MEMBER) ? (member.slice(ACCOUNT_MEMBER.length) as AccountEmail) : undefined;
}

/** Whether the account is one that a user made in the project of this id. */
function isOf(email: AccountEmail, project: string): boolean {
  return email.endsWith(`@${project}${USER_ACCOUNT_END}`);
}

/** Ours: as many rows as one need may name, but for that of the entity. */
const GROUPS_CHECKED_MAX = 499;

const rowOfGroup = (entry: VaultEntry | undefined) => (entry === undefined ? undefined : groupOf(entry));

const SERVER_NEED = { need: SERVER } as const;

/** What the operation keeps, and under which condition it was allowed. */
function detailsOf(
  decision: Pick<Decision<unknown>, 'details'> | undefined,
  grant: Grant | undefined,
): AuditRecord['details'] {
  if (decision === undefined || grant === undefined) return decision?.details;
  const { condition, source } = grant;
  if (condition === undefined && source === undefined) return decision.details;
  return {
    ...decision.details,
    ...(condition === undefined ? {} : { condition }),
    ...(source === undefined ? {} : { grantedBy: source }),
  };
}

/** The policies that decide, from the server down to the secret. */
export function policyChain(scope: Scope): readonly PolicyScope[] {
  const chain: PolicyScope[] = [{ resource: SERVER, policy: scope.server }];
  if (scope.project !== undefined)
    chain.push({ resource: `projects/${scope.project.id}`, policy: scope.project.policy });
  if (scope.project !== undefined && scope.secret !== undefined) {
    const { location, name, policy } = scope.secret;
    chain.push({ resource: `projects/${scope.project.id}/${locationPart(location)}secrets/${name}`, policy });
  }
  return chain;
}

function resourceName(scope: Scope | undefined, target: Target): string {
  const project = scope?.project;
  if (project === undefined) return target.asked.slice(0, AUDIT_TEXT_CHARS_MAX * 2);
  const below = target.creates ?? target.below;
  if (below !== undefined) return `projects/${project.id}/${below}`;
  if (target.account !== undefined) return `projects/${project.id}/serviceAccounts/${target.account}`;
  if (target.secret === undefined) return `projects/${project.id}`;
  const within = locationPart(scope?.secret?.location ?? target.location);
  return `projects/${project.id}/${within}secrets/${scope?.secret?.name ?? target.secret}`;
}
