// What the policies of an account's entity say to somebody who asks about the account: of one secret, and of a project's
// secrets as a whole, where a rule for some of them is told by its path.

import type { FoundGrant } from '../../core/iam/grants.ts';
import type { Permission } from '../../core/iam/permissions.ts';
import { type Way, waysOf } from '../../core/vault/ways.ts';
import type { AwsAsked } from '../aws/authority.ts';
import type { Findings } from '../findings.ts';
import type { Access } from '../viewing.ts';
import { type AccountEntity, entityDenial, entityRuling, sourceText } from './entity-authority.ts';

/** What they say of the permission on what is asked about. */
export function entityFindings(entity: AccountEntity, asked: AwsAsked): Findings {
  const ruling = entityRuling(entity, asked);
  const deniedBy = entityDenial(entity, asked);
  const { member } = asked.caller.principal;
  return {
    grants: ruling === undefined ? [] : [{ role: ruling.source, member, resource: ruling.path }],
    ...(deniedBy === undefined ? {} : { deniedBy }),
  };
}

interface OnProject {
  readonly principal: string;
  readonly access: Access;
  readonly grants: readonly FoundGrant[];
}

/** An answer about the secrets of a project as a whole, with what the entity's policies say of some of them, by the paths. */
export function withReach<T extends OnProject>(
  answer: T,
  entity: AccountEntity | undefined,
  permission: Permission,
  project: string | undefined,
): T {
  if (entity === undefined) return answer;
  if (entity.refused !== undefined) return { ...answer, access: 'denied' };
  if (project !== entity.project) return answer;
  const any = { secret: '', exists: true, isCurrent: true, secrets: false };
  const { grants, isMounted } = waysOf(permission, undefined, any, entity.mounts);
  const ways = grants.flat();
  const rules = isMounted ? ways.flatMap((way) => rulesOf(entity, way, answer.principal)) : [];
  const denies = ways.some(({ path }) => entity.acl.deniedBelow(path) !== undefined);
  const depends = answer.access === 'allowed' ? denies : rules.length > 0;
  return { ...answer, grants: [...answer.grants, ...rules], ...(depends ? { access: 'depends' as const } : {}) };
}

function rulesOf(entity: AccountEntity, { path, capability }: Way, member: string): readonly FoundGrant[] {
  return entity.acl.rulesBelow(path).flatMap(({ path: resource, capabilities }) => {
    const policy = capabilities.has('deny') ? undefined : capabilities.get(capability);
    return policy === undefined ? [] : [{ role: sourceText(entity, policy), member, resource }];
  });
}
