// What policies that are none of IAM's say of a principal that somebody asks about: AWS's, and those of its entity of Vault's.

import type { FoundGrant } from '../core/iam/grants.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { type AskedAbout, awsFindings } from './aws/explained.ts';
import type { Scope, Target } from './operation.ts';
import { entityFindings } from './vault/entity-explained.ts';

export interface Findings {
  readonly grants: readonly FoundGrant[];
  /** What denies it, whatever grants it. */
  readonly deniedBy?: string;
}

/** Nobody's address, and no API. */
const UNKNOWN = { dialect: '', peer: '', requestId: '' };

/** What they say of the permission on what `target` names. */
export function findingsOf(
  about: AskedAbout,
  { permission, target, scope, now }: { permission: Permission; target: Target; scope: Scope; now: number },
): Findings {
  const { principal, account, project, entity } = about;
  const asked = {
    ...{ permission, target, now },
    caller: { ...UNKNOWN, principal },
    scope: {
      ...scope,
      ...{ callerAccount: account, callerProject: project, callerEntity: entity, callerPolicies: undefined },
    },
  };
  const aws = awsFindings(asked);
  if (entity === undefined) return aws;
  const { grants, deniedBy } = entityFindings(entity, asked);
  const denial = aws.deniedBy ?? deniedBy;
  return { grants: [...aws.grants, ...grants], ...(denial === undefined ? {} : { deniedBy: denial }) };
}
