// What AWS's policies say of a principal that somebody asks about. It is judged as a request whose address is not known and
// that came by no API of AWS's; a principal's own policies count where whoever asks may read those of its project.

import type { FoundGrant } from '../../core/iam/grants.ts';
import { accountProject } from '../../core/name.ts';
import type { Needs, RowsOf } from '../../core/ports.ts';
import { accountOfMember, type Principal } from '../../core/principal.ts';
import type { Account, Project } from '../../core/secret.ts';
import type { Findings } from '../findings.ts';
import { permits, rulingByAws } from '../judgement.ts';
import { type AccountEntity, accountEntity } from '../vault/entity-authority.ts';
import { Entries } from '../vault/entries.ts';
import type { Viewer } from '../viewing.ts';
import { type AwsAsked, awsDenial, hasAwsPolicy, rulingText } from './authority.ts';

/** Whose policies are asked about, and those as far as they are shown. */
export interface AskedAbout {
  readonly principal: Principal;
  readonly account: Account | undefined;
  readonly project: Project | undefined;
  /** Of Vault's, that the account is. */
  readonly entity: AccountEntity | undefined;
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

/** `rows` answer `awsNeeds`. Throws Wanting. */
export function askedAbout(viewer: Viewer, principal: Principal, rows: RowsOf<Needs>): AskedAbout {
  const { askedAccount: account, askedProject: project } = rows as {
    readonly askedAccount?: Account;
    readonly askedProject?: Project;
  };
  const shown = project !== undefined && showsPolicies(viewer, project) ? account : undefined;
  return { principal, project, account: shown, entity: accountEntity(shown, new Entries(rows, viewer.now)) };
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

/** What AWS's policies say of what is asked. */
export function awsFindings(asked: AwsAsked): Findings {
  if (!hasAwsPolicy(asked.scope)) return { grants: [] };
  const ruling = rulingByAws(asked);
  const denial = awsDenial(asked);
  const { member } = asked.caller.principal;
  const grant = (role: string): FoundGrant => ({ role, member, resource: asked.target.asked });
  return {
    grants: ruling === undefined ? [] : [grant(rulingText(ruling))],
    ...(denial === undefined ? {} : { deniedBy: rulingText(denial) }),
  };
}
