// AWS's policies as a further source of the one decision: that of the secret, and those of the service account that asks.
// A denial by either holds for every API; a grant counts beside IAM's. Whoever is of another account needs both: the
// secret's policy, and a word of his own account.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html

import { awsAccountOf } from '../../core/aws/access-key.ts';
import { actionsOf, mayGive } from '../../core/aws/actions.ts';
import { arnSuffix, homeOf, liveReplicas } from '../../core/aws/secret.ts';
import { stagesOfVersion } from '../../core/aws/stages.ts';
import { tagsOf } from '../../core/aws/tags.ts';
import {
  type AwsQuestion,
  type AwsResource,
  denialBy,
  grantBy,
  type NamedPolicy,
  type Ruling,
} from '../../core/aws-policy/evaluate.ts';
import { plainAddress } from '../../core/aws-policy/operators.ts';
import type { AwsPrincipal } from '../../core/aws-policy/principal.ts';
import { type AwsPolicy, type PolicyKind, parseAwsPolicy } from '../../core/aws-policy/statement.ts';
import type { Permission } from '../../core/iam/permissions.ts';
import { AWS_POLICIES_CACHED_CHARS_MAX } from '../../core/limits.ts';
import { type Caller, OWNER } from '../../core/principal.ts';
import type { Scope, Target } from '../operation.ts';

export interface AwsAsked {
  readonly caller: Caller;
  readonly permission: Permission;
  /** Its name, where the whole operation is judged. */
  readonly operation?: string;
  readonly target: Target;
  readonly scope: Scope;
  readonly now: number;
}

/** True where a policy of AWS's has a say; nothing else of this file is asked where none has. */
export function hasAwsPolicy({ secret, callerAccount }: Scope): boolean {
  return secret?.awsPolicy !== undefined || callerAccount?.awsPolicies !== undefined;
}

/** What denies the request, in whatever API it came. */
export function awsDenial(asked: AwsAsked): Ruling | undefined {
  const { caller, permission, scope } = asked;
  // Whoever owns the server can undo a policy that locks everybody out.
  if (caller.principal.member === OWNER.member && UNDOING.has(permission)) return undefined;
  return denialBy([...identityPolicies(scope), ...resourcePolicies(scope)], awsQuestionOf(asked));
}

const UNDOING: ReadonlySet<Permission> = new Set([
  'secretmanager.secrets.getIamPolicy',
  'secretmanager.secrets.setIamPolicy',
]);

/** What grants it. `byIam`: whether IAM's policies of the caller's own project would give the permission there. */
export function awsGrant(asked: AwsAsked, byIam: () => boolean): Ruling | undefined {
  const { caller, permission, operation, scope } = asked;
  if (scope.project === undefined || caller.principal.member === 'anonymous') return undefined;
  const question = awsQuestionOf(asked);
  const isKnown =
    caller.aws === undefined ? actionsOf(permission, operation).known : mayGive(caller.aws.action, permission);
  if (!isKnown) return undefined;
  const own = grantBy(identityPolicies(scope), question);
  const resource = grantBy(resourcePolicies(scope), question);
  if (question.principal.account === awsAccountOf(scope.project)) {
    return own ?? (resource?.meant === 'account' ? undefined : resource);
  }
  return resource !== undefined && (own !== undefined || byIam()) ? resource : undefined;
}

/** How a ruling is told: in the audit, and to whoever asks why. */
export function rulingText({ policy, statement }: Ruling): string {
  return `${policy === '' ? 'aws resource policy' : `aws policy ${policy}`}, statement ${statement}`;
}

function resourcePolicies({ secret }: Scope): readonly NamedPolicy[] {
  const text = secret?.awsPolicy;
  return text === undefined ? [] : [{ name: '', policy: compiled(text, 'resource') }];
}

function identityPolicies({ callerAccount }: Scope): readonly NamedPolicy[] {
  return Object.entries(callerAccount?.awsPolicies ?? {}).map(([name, text]) => ({
    name,
    policy: compiled(text, 'identity'),
  }));
}

const byText: Readonly<Record<PolicyKind, Map<string, AwsPolicy>>> = { resource: new Map(), identity: new Map() };
let charsKept = 0;

/** Made ready once for each text. It was judged when it was set: one that no longer parses opens nothing. */
export function compiled(text: string, kind: PolicyKind): AwsPolicy {
  const known = byText[kind].get(text);
  if (known !== undefined) return known;
  const policy = parseAwsPolicy(text, kind);
  charsKept += text.length;
  if (charsKept > AWS_POLICIES_CACHED_CHARS_MAX) {
    byText.resource.clear();
    byText.identity.clear();
    charsKept = text.length;
  }
  byText[kind].set(text, policy);
  return policy;
}

/** Who asks, as AWS would see it: a service account is a user and a role of its name, the server's owner is the root. */
export function awsPrincipalOf(
  { principal, aws }: Pick<Caller, 'principal' | 'aws'>,
  { project, callerProject }: Scope,
): AwsPrincipal {
  const { member } = principal;
  if (member === OWNER.member) {
    if (project === undefined) return { arns: [], isRoot: false };
    const account = awsAccountOf(project);
    return { account, arns: [`arn:aws:iam::${account}:root`], isRoot: true };
  }
  if (!member.startsWith(ACCOUNT_MEMBER) || callerProject === undefined) return { arns: [], isRoot: false };
  return awsPrincipalOfAccount(member.slice(ACCOUNT_MEMBER.length), awsAccountOf(callerProject), aws?.sessionArn);
}

const ACCOUNT_MEMBER = 'serviceAccount:';

/** The service account of that address, in an account of AWS's. */
export function awsPrincipalOfAccount(email: string, account: string, sessionArn?: string): AwsPrincipal {
  const name = email.slice(0, email.indexOf('@'));
  const arns = [`arn:aws:iam::${account}:user/${name}`, `arn:aws:iam::${account}:role/${name}`];
  return { account, isRoot: false, name, arns: sessionArn === undefined ? arns : [...arns, sessionArn] };
}

/** A request as AWS's policies are asked about it. */
export function awsQuestionOf({ caller, permission, operation, target, scope, now }: AwsAsked): AwsQuestion {
  const principal = awsPrincipalOf(caller, scope);
  const resource = resourceOf(target, scope, caller.aws?.region);
  const request = { caller, principal, target, scope, now, resource };
  return {
    ...{ principal, resource },
    actions: askedActions(caller, permission, operation),
    attribute: (key) => attributeOf(key, request),
  };
}

const READING = 'secretsmanager:GetSecretValue';

function askedActions({ aws }: Caller, permission: Permission, operation: string | undefined): readonly string[] {
  if (aws === undefined) return actionsOf(permission, operation).actions;
  // Several at once are read by an action of their own, each of them by this one too.
  const isReading = permission === 'secretmanager.versions.access' && aws.action !== READING;
  return isReading ? [aws.action, READING] : [aws.action];
}

/** The ARN of what is asked for: a secret by the name it has, or by the one it is to have. */
function resourceOf(target: Target, { project, secret }: Scope, region: string | undefined): AwsResource {
  if (project === undefined) return { arn: '*' };
  const account = awsAccountOf(project);
  if (target.account !== undefined) {
    const name = target.account.slice(0, target.account.indexOf('@'));
    return { arn: `arn:aws:iam::${account}:role/${name}`, others: [`arn:aws:iam::${account}:user/${name}`] };
  }
  const name = secret?.name ?? target.from?.name ?? target.name ?? namedIn(target);
  if (name === undefined) return { arn: '*' };
  // Of a secret that is not there, or not yet: any.
  const suffix = secret === undefined ? '??????' : arnSuffix(secret.uid);
  const inRegion = (place: string) => `arn:aws:secretsmanager:${place}:${account}:secret:${name}-${suffix}`;
  const home = secret === undefined ? undefined : homeOf(secret);
  const others = secret === undefined ? [] : liveReplicas(secret).map(inRegion);
  if (home === undefined) return { arn: inRegion(region ?? 'global'), others, inRegion };
  return { arn: inRegion(region ?? home), others: [inRegion(home), ...others] };
}

const CREATED = /^(?:locations\/[^/]+\/)?secrets\/(.+)$/;

/** The name of a secret that is to be made, or that was not found. */
function namedIn({ creates, stores, secret }: Target): string | undefined {
  return stores ?? secret ?? (creates === undefined ? undefined : CREATED.exec(creates)?.[1]);
}

interface Asking {
  readonly caller: Caller;
  readonly principal: AwsPrincipal;
  readonly target: Target;
  readonly scope: Scope;
  readonly now: number;
  readonly resource: AwsResource;
}

/**
 * The condition keys of a request: what its dialect says of it, and what is known of every request.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
function attributeOf(key: string, asking: Asking): readonly string[] | undefined {
  const { caller } = asking;
  const said = caller.aws?.keys[key];
  if (said !== undefined) return said;
  const value = KEYS[key]?.(asking);
  if (value !== undefined) return typeof value === 'string' ? [value] : value;
  const tag = /^(?:aws|secretsmanager):resourcetag\/(.+)$/.exec(key)?.[1];
  return tag === undefined ? undefined : tagValues(tag, asking.scope);
}

const KEYS: Readonly<Record<string, (asking: Asking) => string | readonly string[] | undefined>> = {
  'aws:currenttime': ({ now }) => new Date(now).toISOString(),
  'aws:epochtime': ({ now }) => String(Math.floor(now / 1000)),
  'aws:sourceip': ({ caller }) => plainAddress(caller.peer),
  'aws:securetransport': ({ caller }) => String(caller.secure === true),
  'aws:useragent': ({ caller }) => caller.userAgent,
  'aws:principalarn': ({ principal: { arns } }) => (arns.length === 0 ? undefined : arns),
  'aws:principalaccount': ({ principal }) => principal.account,
  'aws:principaltype': ({ principal, caller }) =>
    principal.isRoot ? 'Account' : caller.aws?.sessionArn === undefined ? principal.name && 'User' : 'AssumedRole',
  'aws:username': ({ principal, caller }) => (caller.aws?.sessionArn === undefined ? principal.name : undefined),
  'aws:principalisawsservice': () => 'false',
  'aws:viaawsservice': () => 'false',
  'aws:requestedregion': ({ caller }) => caller.aws?.region,
  'aws:resourceaccount': ({ scope: { project } }) => (project === undefined ? undefined : awsAccountOf(project)),
  'secretsmanager:secretid': ({ scope, resource }) => (scope.secret === undefined ? undefined : resource.arn),
  'secretsmanager:name': ({ target, scope }) => (scope.secret === undefined ? namedIn(target) : undefined),
  'secretsmanager:secretprimaryregion': ({ scope: { secret } }) => (secret === undefined ? undefined : homeOf(secret)),
  'secretsmanager:versionstage': ({ target, scope, caller }) =>
    caller.aws === undefined ? stagesAsked(target.version, scope) : undefined,
};

/** The labels of a version, whatever it was called. */
function stagesAsked(version: string | undefined, { secret }: Scope): readonly string[] | undefined {
  if (version === undefined || secret === undefined) return undefined;
  const alias = Object.hasOwn(secret.versionAliases, version) ? secret.versionAliases[version] : undefined;
  const number = version === 'latest' ? secret.currentVersion : (alias ?? Number(version));
  const stages = stagesOfVersion(secret, number);
  return stages.length === 0 ? undefined : stages;
}

/** Of every tag of that name, in letters of either case. */
function tagValues(name: string, { secret }: Scope): readonly string[] | undefined {
  if (secret === undefined) return undefined;
  const values = Object.entries(tagsOf(secret))
    .filter(([key]) => key.toLowerCase() === name)
    .map(([, value]) => value);
  return values.length === 0 ? undefined : values;
}
