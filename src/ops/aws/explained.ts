// What AWS's policies say of a principal that somebody asks about. It is judged as a request whose address is not known and
// that came by no API of AWS's; a principal's own policies count where whoever asks may read those of its project.

import type { FoundGrant } from '../../core/iam/grants.ts';
import type { Permission } from '../../core/iam/permissions.ts';
import { accountProject } from '../../core/name.ts';
import type { Needs, RowsOf } from '../../core/ports.ts';
import { accountOfMember, type Principal } from '../../core/principal.ts';
import type { Account, Project } from '../../core/secret.ts';
import { permits, rulingByAws } from '../judgement.ts';
import type { Scope, Target } from '../operation.ts';
import type { Viewer } from '../viewing.ts';
import { type AwsAsked, awsDenial, hasAwsPolicy, rulingText } from './authority.ts';

/** Whose policies are asked about, and those as far as they are shown. */
export interface AskedAbout {
  readonly principal: Principal;
  readonly account: Account | undefined;
  readonly project: Project | undefined;
}

export interface AwsFindings {
  readonly grants: readonly FoundGrant[];
  /** The statement that denies it, whatever grants it. */
  readonly deniedBy?: string;
}

/** The rows of a principal that has policies of AWS's of its own. */
export function awsNeeds({ member }: Principal): Needs {
  const email = accountEmail(member);
  if (email === undefined) return {};
  return {
    askedAccount: { need: 'account', email },
    askedProject: { need: 'project', project: accountProject(email) },
  };
}

function accountEmail(member: string) {
  try {
    return accountOfMember(member);
  } catch {
    return undefined;
  }
}

/** `rows` answer `awsNeeds`. */
export function askedAbout(viewer: Viewer, principal: Principal, rows: RowsOf<Needs>): AskedAbout {
  const { askedAccount: account, askedProject: project } = rows as {
    readonly askedAccount?: Account;
    readonly askedProject?: Project;
  };
  return { principal, project, account: project !== undefined && showsPolicies(viewer, project) ? account : undefined };
}

/** Whether whoever asks may read the policies of that project, and with them those of its accounts. */
export function showsPolicies(
  { caller, now, scope: { secret: _secret, ...scope } }: Viewer,
  project: Project,
): boolean {
  const about = { ...scope, project, secret: undefined };
  const permission = 'resourcemanager.projects.getIamPolicy';
  return permits({ caller, permission, target: { asked: '' }, scope: about, now });
}

/** Nobody's address, and no API. */
const UNKNOWN = { dialect: '', peer: '', requestId: '' };

/** What AWS's policies say of the permission on what `target` names. */
export function awsFindings(
  { principal, account, project }: AskedAbout,
  { permission, target, scope, now }: { permission: Permission; target: Target; scope: Scope; now: number },
): AwsFindings {
  const asked: AwsAsked = {
    ...{ permission, target, now },
    caller: { ...UNKNOWN, principal },
    scope: { ...scope, callerAccount: account, callerProject: project, callerPolicies: undefined },
  };
  if (!hasAwsPolicy(asked.scope)) return { grants: [] };
  const ruling = rulingByAws(asked);
  const denial = awsDenial(asked);
  const grant = (role: string): FoundGrant => ({ role, member: principal.member, resource: target.asked });
  return {
    grants: ruling === undefined ? [] : [grant(rulingText(ruling))],
    ...(denial === undefined ? {} : { deniedBy: rulingText(denial) }),
  };
}
