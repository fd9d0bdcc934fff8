// A policy of AWS's and what it means, checked when it is set and compiled once. An element that is not known is refused,
// so that no rule is weaker than its author believes.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html

import { AWS_POLICY_CHARS_MAX } from '../limits.ts';
import { type Condition, parseConditions } from './condition.ts';
import { PolicyError, parseStrictly } from './json.ts';
import { Pattern } from './pattern.ts';
import { type PrincipalElement, parsePrincipal } from './principal.ts';

/** `resource`: attached to a resource, names principals; `identity`: attached to a principal, names none. */
export type PolicyKind = 'resource' | 'identity';

/** Patterns, or everything but what they stand for. */
export interface Choice {
  readonly isNot: boolean;
  readonly patterns: readonly Pattern[];
}

/** Of each pattern the region that it is written for, empty where it is none. */
export interface ResourceChoice extends Choice {
  readonly regions: readonly string[];
}

export interface Statement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  /** Absent in a policy of an identity. */
  readonly principal: PrincipalElement | undefined;
  readonly actions: Choice;
  readonly resources: ResourceChoice;
  readonly conditions: readonly Condition[];
}

export interface AwsPolicy {
  readonly statements: readonly Statement[];
}

/** By what secrets with a policy of AWS's are found, beside those whose own policies name a member. */
export const AWS_POLICY_MEMBER = 'aws:policy';

const TOP: ReadonlySet<string> = new Set(['Version', 'Id', 'Statement']);
const ELEMENTS: ReadonlySet<string> = new Set([
  ...['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'],
]);
const NEWER = '2012-10-17';
const VERSIONS: ReadonlySet<unknown> = new Set([undefined, '2008-10-17', NEWER]);
const ACTION = /^(?:\*|[A-Za-z0-9*?-]{1,64}:[A-Za-z0-9*?]{1,128})$/;
const SID = /^[\x20-\x7e]{0,256}$/;

/** The meaning of a policy's text; throws PolicyError that says what is wrong. */
export function parseAwsPolicy(text: string, kind: PolicyKind): AwsPolicy {
  if (text.length > AWS_POLICY_CHARS_MAX) {
    throw new PolicyError(`it has more than ${AWS_POLICY_CHARS_MAX} characters`);
  }
  const document = membersOf(parseStrictly(text), TOP, 'a policy');
  const version = document['Version'];
  if (!VERSIONS.has(version)) throw new PolicyError(`its Version is neither 2008-10-17 nor ${NEWER}`);
  if (document['Id'] !== undefined && typeof document['Id'] !== 'string') throw new PolicyError('its Id is no text');
  const statements = listOf(document['Statement']);
  if (statements.length === 0) throw new PolicyError('it has no Statement');
  const parsed = statements.map((statement) => parseStatement(statement, kind, version === NEWER));
  const sids = parsed.flatMap(({ sid }) => sid ?? []);
  if (new Set(sids).size < sids.length) throw new PolicyError('two statements have one Sid');
  return { statements: parsed };
}

function parseStatement(value: unknown, kind: PolicyKind, variables: boolean): Statement {
  const statement = membersOf(value, ELEMENTS, 'a statement');
  const { Sid: sid, Effect: effect, Condition: condition } = statement;
  if (sid !== undefined && (typeof sid !== 'string' || !SID.test(sid))) throw new PolicyError('a Sid is no plain text');
  if (effect !== 'Allow' && effect !== 'Deny')
    throw new PolicyError('the Effect of a statement is neither Allow nor Deny');
  return {
    sid: sid === '' ? undefined : sid,
    effect,
    principal: principalOf(statement, kind),
    actions: choiceOf(statement, 'Action', (text) => {
      if (!ACTION.test(text))
        throw new PolicyError(`${quoted(text)} is no action such as secretsmanager:GetSecretValue`);
      return new Pattern(text, { variables: false, wildcards: true, folded: true });
    }),
    resources: {
      ...choiceOf(statement, 'Resource', (text) => {
        if (text !== '*' && !text.startsWith('arn:')) throw new PolicyError(`${quoted(text)} is neither an ARN nor *`);
        return new Pattern(text, { variables, wildcards: true });
      }),
      regions: listOf(statement['Resource'] ?? statement['NotResource']).map(
        (text) => String(text).split(':')[3] ?? '',
      ),
    },
    conditions: condition === undefined ? [] : parseConditions(condition, variables),
  };
}

function principalOf(statement: Readonly<Record<string, unknown>>, kind: PolicyKind): PrincipalElement | undefined {
  const { Principal: principal, NotPrincipal: notPrincipal } = statement;
  if (kind === 'identity') {
    if (principal !== undefined || notPrincipal !== undefined) {
      throw new PolicyError('a policy of a principal names no Principal');
    }
    return undefined;
  }
  if ((principal === undefined) === (notPrincipal === undefined)) {
    throw new PolicyError('a statement has either a Principal or a NotPrincipal');
  }
  return principal === undefined ? parsePrincipal(notPrincipal, true) : parsePrincipal(principal, false);
}

function choiceOf(
  statement: Readonly<Record<string, unknown>>,
  name: string,
  compile: (text: string) => Pattern,
): Choice {
  const [meant, others] = [statement[name], statement[`Not${name}`]];
  if ((meant === undefined) === (others === undefined)) {
    throw new PolicyError(`a statement has either ${name} or Not${name}`);
  }
  const texts = listOf(meant ?? others);
  if (texts.length === 0) throw new PolicyError(`${name} is empty`);
  const patterns = texts.map((text) => {
    if (typeof text !== 'string') throw new PolicyError(`${name} is no text`);
    return compile(text);
  });
  return { isNot: meant === undefined, patterns };
}

/** Where one thing may stand for a list of one. */
function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function membersOf(value: unknown, known: ReadonlySet<string>, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new PolicyError(`${what} is no object`);
  for (const [name, member] of Object.entries(value)) {
    if (!known.has(name)) throw new PolicyError(`${what} has no element ${quoted(name)}`);
    if (member === null) throw new PolicyError(`${quoted(name)} of ${what} is null`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
