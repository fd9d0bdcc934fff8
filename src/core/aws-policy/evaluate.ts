// What policies say of one request: a denial by any of them, else a grant. Deny by default. A request by an API that has no
// actions of AWS's stands for each action that does the same: what denies one of them denies it, and it takes a grant of all.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

import type { Attribute } from './pattern.ts';
import { type AwsPrincipal, type Meant, meansForAllow, meansForDeny } from './principal.ts';
import type { AwsPolicy, Choice, Statement } from './statement.ts';

/** What is asked of policies. */
export interface AwsQuestion {
  readonly principal: AwsPrincipal;
  /** Such as `secretsmanager:GetSecretValue`; at least one. */
  readonly actions: readonly string[];
  readonly resource: AwsResource;
  readonly attribute: Attribute;
}

export interface AwsResource {
  /** As it was asked for. */
  readonly arn: string;
  /** The others that it has. */
  readonly others?: readonly string[];
  /** Its ARN in any region, where it is of none. */
  readonly inRegion?: (region: string) => string;
}

/** A statement that counts, and the policy that has it. */
export interface Ruling {
  /** The policy's name; empty: that of the resource. */
  readonly policy: string;
  /** Its Sid, or its place in the policy from 1 on. */
  readonly statement: string;
  /** How it means who asks. */
  readonly meant: Meant;
}

export interface NamedPolicy {
  readonly name: string;
  readonly policy: AwsPolicy;
}

/** The first statement that denies the request. */
export function denialBy(policies: readonly NamedPolicy[], question: AwsQuestion): Ruling | undefined {
  for (const { name, policy } of policies) {
    for (const [index, statement] of policy.statements.entries()) {
      if (statement.effect === 'Deny' && denies(statement, question)) {
        return { policy: name, statement: nameOf(statement, index), meant: 'named' };
      }
    }
  }
  return undefined;
}

/** What grants every action of the request: the statement that grants the last, as the weakest of them means who asks. */
export function grantBy(policies: readonly NamedPolicy[], question: AwsQuestion): Ruling | undefined {
  let weakest: Ruling | undefined;
  for (const action of question.actions) {
    const ruling = grantOf(policies, action, question);
    if (ruling === undefined) return undefined;
    if (weakest === undefined || STRENGTH[ruling.meant] <= STRENGTH[weakest.meant]) weakest = ruling;
  }
  return weakest;
}

const STRENGTH: Readonly<Record<Meant, number>> = { account: 0, anybody: 1, named: 2 };

function grantOf(policies: readonly NamedPolicy[], action: string, question: AwsQuestion): Ruling | undefined {
  let found: Ruling | undefined;
  for (const { name, policy } of policies) {
    for (const [index, statement] of policy.statements.entries()) {
      const meant = statement.effect === 'Allow' ? allows(statement, action, question) : undefined;
      if (meant === undefined || (found !== undefined && STRENGTH[found.meant] >= STRENGTH[meant])) continue;
      found = { policy: name, statement: nameOf(statement, index), meant };
    }
  }
  return found;
}

function nameOf({ sid }: Statement, index: number): string {
  return sid ?? String(index + 1);
}

function allows(
  statement: Statement,
  action: string,
  { principal, resource, attribute }: AwsQuestion,
): Meant | undefined {
  const meant = statement.principal === undefined ? 'named' : meansForAllow(statement.principal, principal);
  if (meant === undefined || !chooses(statement.actions, action, attribute)) return undefined;
  if (!chooses(statement.resources, resource.arn, attribute)) return undefined;
  return statement.conditions.every((condition) => condition.holds(attribute)) ? meant : undefined;
}

function denies(statement: Statement, { principal, actions, resource, attribute }: AwsQuestion): boolean {
  if (statement.principal !== undefined && !meansForDeny(statement.principal, principal)) return false;
  if (!actions.some((action) => chooses(statement.actions, action, attribute))) return false;
  const { resources } = statement;
  // By whichever of its names the request came, it is the same resource.
  const isMeant = [resource.arn, ...(resource.others ?? [])].some((arn) => chooses(resources, arn, attribute));
  if (!isMeant && (resources.isNot || !isMeantInRegion(statement, resource, attribute))) return false;
  return statement.conditions.every((condition) => condition.holds(attribute));
}

function isMeantInRegion({ resources }: Statement, { inRegion }: AwsResource, attribute: Attribute): boolean {
  if (inRegion === undefined) return false;
  return resources.patterns.some((pattern, index) =>
    pattern.matches(inRegion(resources.regions[index] as string), attribute),
  );
}

function chooses({ isNot, patterns }: Choice, text: string, attribute: Attribute): boolean {
  return patterns.some((pattern) => pattern.matches(text, attribute)) !== isNot;
}
