// What one principal could read in a project, beside what it did read: the grants from above hold for every secret, and
// beside them only secrets whose own policies name the principal are looked at, page by page, from an index.

import { AWS_POLICY_MEMBER } from '../core/aws-policy/statement.ts';
import type { SightingOfSecret } from '../core/census-ports.ts';
import { type FoundGrant, grantsOf, principalNamed } from '../core/iam/grants.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { ACCESS_PAGE_MAX } from '../core/limits.ts';
import { type ProjectRef, parseProjectRef } from '../core/name.ts';
import type { Keyring, Needs, RowsOf } from '../core/ports.ts';
import type { Principal } from '../core/principal.ts';
import type { Project, Secret } from '../core/secret.ts';
import { onProject, permissionField, principalField, READING } from './access.ts';
import { type AskedAbout, askedAbout, awsNeeds } from './aws/explained.ts';
import { contextOf } from './conditions.ts';
import { findingsOf } from './findings.ts';
import { nativeFields } from './native-ref.ts';
import { type Operation, operation } from './operation.ts';
import { type PageRequest, pageCursor } from './paging.ts';
import { readerWindowSeconds } from './reader-guard.ts';
import { refOf, secretTarget } from './secrets.ts';
import { withReach } from './vault/entity-explained.ts';
import { type Access, accessBy, mayAsk, parsePermission, targetOf, type Viewer, viewOf } from './viewing.ts';

export interface WhatQuestion extends PageRequest {
  readonly project: ProjectRef;
  readonly principal: Principal;
  readonly permission: Permission;
}

/** A secret whose own policy names the principal for the permission. */
export interface SecretAccess {
  readonly secret: Secret;
  readonly access: Access;
  /** Those of the secret's own policy. */
  readonly grants: readonly FoundGrant[];
  /** The statement of AWS's, or the policy of Vault's, that denies it, whatever grants it. */
  readonly deniedBy?: string;
}

/** The newest read of a secret, and what the principal could do there today. */
export interface SecretRead extends SightingOfSecret {
  readonly access: Access;
}

export interface WhatAnswer {
  readonly project: Project;
  readonly principal: string;
  readonly permission: Permission;
  /** On the project's secrets as a whole. */
  readonly access: Access;
  /** Of the server's and the project's policies, and by the paths of those of its entity. */
  readonly grants: readonly FoundGrant[];
  readonly secrets: readonly SecretAccess[];
  /** With the first page only, newest first. */
  readonly reads: readonly SecretRead[];
  readonly nextPageToken: string;
  readonly dialects: readonly string[];
}

const scopeOf = ({ project, principal, permission }: WhatQuestion) =>
  `access.what ${permission} ${principal.member} projects/${project}`;

const pageSizeOf = ({ pageSize }: PageRequest) => Math.min(pageSize || ACCESS_PAGE_MAX, ACCESS_PAGE_MAX);

/** By which names a policy can mean the principal. */
function namesOf({ member, groups }: Principal): readonly string[] {
  if (member === 'anonymous') return ['allUsers'];
  const domain = member.startsWith('user:') ? [`domain:${member.slice(member.lastIndexOf('@') + 1)}`] : [];
  return [...new Set([member, ...groups, ...domain, 'allAuthenticatedUsers', 'allUsers'])];
}

export const whatAccess: Operation<WhatQuestion, WhatAnswer> = operation({
  name: 'access.what',
  help: 'tell what a principal could read in a project, by which grants, and what it did read',
  kind: 'read',
  permission: 'resourcemanager.projects.getIamPolicy',
  census: true,
  api: {
    method: 'GET',
    path: '/access:what',
    fields: {
      project: nativeFields.project,
      ...principalField,
      ...permissionField,
      pageSize: { type: 'integer', help: 'secrets of one page', min: 1, max: ACCESS_PAGE_MAX },
      pageToken: { type: 'string', help: 'what the page before gave to go on with' },
    },
    command: ({ project, principal, permission, pageSize = 0, pageToken = '' }) => ({
      project: parseProjectRef(String(project)),
      principal: principalNamed(String(principal)),
      permission: parsePermission(String(permission ?? READING)),
      pageSize,
      pageToken,
    }),
  },
  target: ({ project }: WhatQuestion) => ({ project, asked: `projects/${project}` }),
  needs: (command, keyring: Keyring) => {
    const { project, principal } = command;
    const after = pageCursor(keyring, scopeOf(command), command, '');
    return {
      ...awsNeeds(principal),
      naming: {
        need: 'secretsNaming',
        project,
        members: [...namesOf(principal), AWS_POLICY_MEMBER],
        after,
        limit: pageSizeOf(command) + 1,
      },
      sightings: { need: 'censusOfPrincipal', project, principal: principal.member, limit: ACCESS_PAGE_MAX },
    } as const;
  },
  decide: (input) => {
    const { principal, permission, project: asked, pageToken } = input.command;
    const project = input.project(asked);
    const context = contextOf({ project: asked, asked: '' }, input.scope, input.now);
    const { chain, hidden } = viewOf(input, input.scope);
    const grants = grantsOf(permission, chain, context, principal);
    const pageSize = pageSizeOf(input.command);
    const page = input.rows.naming.slice(0, pageSize);
    // A page tells of fewer where the caller may not see the policies of some.
    const cursor = input.rows.naming.length > pageSize ? (page.at(-1)?.uid ?? '') : '';
    const about = askedAbout(input, principal, input.rows as RowsOf<Needs>);
    const whole = {
      ...{ principal: principal.member, permission, grants },
      access: onProject({ access: accessBy(grants, { hidden }), grants }, permission),
    };
    const reach = withReach(whole, about.entity, permission, project.id);
    const secrets = page.flatMap((secret) => secretAccess(input, about, project, secret));
    const reads =
      pageToken === '' && permission === READING ? readsOf(input, about, project, input.rows.sightings) : [];
    return { result: { project, ...reach, secrets, reads, cursor } };
  },
  finish: ({ cursor, ...result }, command, { keyring, exercisedBy }) => ({
    ...result,
    nextPageToken: cursor === '' ? '' : keyring.signPage(scopeOf(command), cursor),
    dialects: exercisedBy(command.permission),
  }),
});

type WhatInput = Viewer & { readonly command: WhatQuestion };

/** What the secret's own policy gives, where the caller may read that policy and it gives anything. */
function secretAccess(input: WhatInput, about: AskedAbout, project: Project, secret: Secret): readonly SecretAccess[] {
  const { principal, permission } = input.command;
  const ref = refOf({ project, secret });
  const scope = { ...input.scope, secret };
  if (!mayAsk(input, 'secretmanager.secrets.getIamPolicy', secretTarget(ref), scope)) return [];
  const { chain, hidden } = viewOf(input, scope);
  const { now } = input;
  const target = targetOf(permission, ref);
  const others = findingsOf(about, { permission, target, scope, now });
  const all = grantsOf(permission, chain, contextOf(target, scope, now), principal);
  const own = chain.at(-1)?.resource;
  const grants = [...all.filter(({ resource }) => resource === own), ...others.grants];
  const { deniedBy } = others;
  if (grants.length === 0 && (deniedBy === undefined || all.length === 0)) return [];
  const told = deniedBy === undefined ? {} : { deniedBy };
  return [{ secret, access: accessBy([...all, ...others.grants], { hidden, ...told }), grants, ...told }];
}

/** The newest read of each secret within the window, where the caller may see who reads it. */
function readsOf(
  input: WhatInput,
  about: AskedAbout,
  project: Project,
  sightings: readonly SightingOfSecret[],
): readonly SecretRead[] {
  const { principal, permission } = input.command;
  const since = input.now - readerWindowSeconds(project) * 1000;
  const newest = new Map<string, SecretRead>();
  for (const { sighting, secret } of sightings) {
    if (sighting.lastSeenAt < since || newest.has(secret.uid)) continue;
    const ref = refOf({ project, secret });
    const scope = { ...input.scope, secret };
    if (!mayAsk(input, 'secretmanager.versions.list', secretTarget(ref), scope)) continue;
    const { chain, hidden } = viewOf(input, scope);
    const target = targetOf(permission, ref);
    const others = findingsOf(about, { permission, target, scope, now: input.now });
    const grants = [...grantsOf(permission, chain, contextOf(target, scope, input.now), principal), ...others.grants];
    newest.set(secret.uid, { sighting, secret, access: accessBy(grants, { hidden, deniedBy: others.deniedBy }) });
  }
  return [...newest.values()];
}
