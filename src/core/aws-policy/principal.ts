// Whom a policy speaks of, and who asks. A policy that names an account speaks, where it grants, of what that account's own
// policies say, and where it denies, of everybody in it.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

import { PolicyError } from './json.ts';

/** Who asks, as AWS would see it. */
export interface AwsPrincipal {
  /** 12 digits; absent: nobody's whom AWS could name. */
  readonly account?: string;
  /** Every ARN that it has, that of its session among them; the first is the one that is shown. */
  readonly arns: readonly string[];
  /** It is the account itself. */
  readonly isRoot: boolean;
  /** The last part of its name; absent: it has none. */
  readonly name?: string;
}

/** How a principal is meant: by its own name, by that of its account, or with everybody. */
export type Meant = 'named' | 'account' | 'anybody';

export interface PrincipalElement {
  /** Everybody but those. */
  readonly isNot: boolean;
  readonly anybody: boolean;
  readonly accounts: ReadonlySet<string>;
  readonly arns: ReadonlySet<string>;
  /** Such as `lambda.amazonaws.com`: no caller of this server is one. */
  readonly services: readonly string[];
}

const ACCOUNT = /^\d{12}$/;
const ROOT = /^arn:aws(?:-[a-z-]{1,16})?:iam::(\d{12}):root$/;
const NAMED =
  /^arn:aws(?:-[a-z-]{1,16})?:(?:iam::\d{12}:(?:user|role)|sts::\d{12}:(?:assumed-role|federated-user))\/[\w+=,.@/-]{1,600}$/;
/** What AWS puts in the place of somebody who was deleted. */
const GONE = /^A[A-Z]{3}[A-Z0-9]{12,124}$/;
const SERVICE = /^[a-z0-9-]{1,64}(?:\.[a-z0-9-]{1,64}){1,4}$/;

/** The element as JSON has it; throws PolicyError. */
export function parsePrincipal(element: unknown, isNot: boolean): PrincipalElement {
  const found = {
    isNot,
    anybody: false,
    accounts: new Set<string>(),
    arns: new Set<string>(),
    services: [] as string[],
  };
  if (element === '*') return { ...found, anybody: true };
  if (typeof element !== 'object' || element === null || Array.isArray(element)) throw unsupported(element);
  const kinds = Object.entries(element);
  if (kinds.length === 0) throw new PolicyError('a Principal names nobody');
  for (const [kind, value] of kinds) {
    const names = Array.isArray(value) ? value : [value];
    if (names.length === 0 || !names.every((name) => typeof name === 'string')) throw unsupported(kind);
    for (const name of names as readonly string[]) {
      if (kind === 'AWS') addAws(found, name);
      else if (kind === 'Service' && SERVICE.test(name)) found.services.push(name);
      else throw unsupported(name);
    }
  }
  return found;
}

function addAws(
  found: { anybody: boolean; readonly accounts: Set<string>; readonly arns: Set<string> },
  name: string,
): void {
  const account = ROOT.exec(name)?.[1] ?? ACCOUNT.exec(name)?.[0];
  if (name === '*') found.anybody = true;
  else if (account !== undefined) found.accounts.add(account);
  else if (NAMED.test(name) || GONE.test(name)) found.arns.add(name);
  else throw unsupported(name);
}

function unsupported(what: unknown): PolicyError {
  return new PolicyError(`${JSON.stringify(what)?.slice(0, 128)} is no principal that this server knows`);
}

/** How the element means who asks where it grants; undefined: not at all. */
export function meansForAllow(element: PrincipalElement, principal: AwsPrincipal): Meant | undefined {
  const { account, arns } = principal;
  const isNamed = arns.some((arn) => element.arns.has(arn));
  const isOfAccount = account !== undefined && element.accounts.has(account);
  if (element.isNot) return element.anybody || isNamed || isOfAccount ? undefined : 'anybody';
  if (isNamed || (isOfAccount && principal.isRoot)) return 'named';
  if (element.anybody) return 'anybody';
  return isOfAccount ? 'account' : undefined;
}

/** Whether the element means who asks where it denies. */
export function meansForDeny(element: PrincipalElement, principal: AwsPrincipal): boolean {
  const { account, arns } = principal;
  const isNamed = arns.some((arn) => element.arns.has(arn));
  const isOfAccount = account !== undefined && element.accounts.has(account);
  // To spare an account is to spare its root alone: everybody else in it must be spared by name.
  if (element.isNot) return !(element.anybody || isNamed || (isOfAccount && principal.isRoot));
  return element.anybody || isNamed || isOfAccount;
}
