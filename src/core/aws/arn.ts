// What service accounts are called in AWS: as a user, where a key of its own signed; as a role, where its tokens were had.
// Source: AWS IAM, "IAM identifiers".

import { type AccountEmail, computeAccountEmail, type ProjectId, userAccountEmail } from '../name.ts';
import type { Project } from '../secret.ts';
import { awsAccountOf } from './access-key.ts';

const ROLE = /^arn:aws(?:-cn|-us-gov)?:iam::(\d{12}):role\/(?:[\x21-\x2e\x30-\x7e]{1,64}\/){0,8}([\w+=,.@-]{1,64})$/;
const COMPUTE = /^(\d{1,19})-compute$/;

/** A role by its ARN, a path left out; undefined for any other text. */
export function parseRoleArn(arn: string): { readonly account: string; readonly name: string } | undefined {
  const [, account, name] = arn.length > 2048 ? [] : (ROLE.exec(arn) ?? []);
  return account === undefined || name === undefined ? undefined : { account, name };
}

/** The service account that is called so in its project. */
export function accountOfName(project: Pick<Project, 'id'>, name: string): AccountEmail {
  const number = COMPUTE.exec(name)?.[1];
  return number === undefined ? userAccountEmail(name, project.id as ProjectId) : computeAccountEmail(number);
}

/** What an account is called as a user or a role: the first part of its address. */
export function nameOfAccount(email: AccountEmail): string {
  return email.slice(0, email.indexOf('@'));
}

export function userArn(project: Project, email: AccountEmail): string {
  return `arn:aws:iam::${awsAccountOf(project)}:user/${nameOfAccount(email)}`;
}

/** Of a session; a name that was not given is the role's. */
export function assumedRoleArn(project: Project, email: AccountEmail, session: string | undefined): string {
  const name = nameOfAccount(email);
  return `arn:aws:sts::${awsAccountOf(project)}:assumed-role/${name}/${session ?? name}`;
}

export function isUserArn(arn: string): boolean {
  return arn.startsWith('arn:aws:iam:');
}
