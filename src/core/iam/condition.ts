// IAM conditions: a binding counts only while its expression holds. An expression is checked when a policy is set and
// compiled once; evaluating it never throws, and what is not plainly true does not grant.
// Source: google/type/expr.proto and https://cloud.google.com/iam/docs/conditions-overview.

import { parse, plan } from '@bufbuild/cel';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Fault } from '../error.ts';
import {
  CONDITION_DESCRIPTION_CHARS_MAX,
  CONDITION_EXPRESSION_CHARS_MAX,
  CONDITION_TITLE_CHARS_MAX,
  CONDITIONS_CACHED_CHARS_MAX,
} from '../limits.ts';
import type { Labels } from '../secret.ts';
import { ConditionCheck, invalidCondition, MODIFIED_GRANTS, placeOf } from './condition-check.ts';
import { ENVIRONMENT } from './condition-functions.ts';

/** google/type/expr.proto, a CEL expression that must hold for the binding to count. */
export interface Condition {
  readonly title: string;
  readonly description: string;
  readonly expression: string;
}

/** What the request is about. An attribute that the resource does not have is absent, and never grants. */
export interface ResourceAttributes {
  /** `secretmanager.googleapis.com` */
  readonly service?: string;
  /** `secretmanager.googleapis.com/SecretVersion` */
  readonly type?: string;
  /** Relative, with the project's number: `projects/NUMBER/secrets/NAME/versions/N`. */
  readonly name?: string;
  /** Resource-manager tags bound to it. */
  readonly tags?: Labels;
}

/** What conditions are judged by. Only a policy that has conditions asks for any of it. */
export interface ConditionContext {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly resource: () => ResourceAttributes;
  /** Roles whose members a policy change would alter; absent: the request changes no policy. */
  readonly modifiedRoles?: () => readonly string[];
}

interface Program {
  readonly evaluate: (context: ConditionContext) => boolean;
  /** The groups of attributes that it reads. */
  readonly groups: ReadonlySet<string>;
}

/** Compiled expressions by their text, the oldest forgotten first. */
const programs = new Map<string, Program>();
let charsKept = 0;

/**
 * A condition as a policy may hold it. Throws CONDITION_INVALID for an expression that IAM does not take, and
 * POLICY_INVALID for its title or description.
 */
export function parseCondition({ title, description, expression }: Condition): Condition {
  if (title === '' || title.length > CONDITION_TITLE_CHARS_MAX) {
    throw new Fault('POLICY_INVALID', {
      problem: `a condition must have a title of at most ${CONDITION_TITLE_CHARS_MAX} characters`,
    });
  }
  if (description.length > CONDITION_DESCRIPTION_CHARS_MAX) {
    throw new Fault('POLICY_INVALID', {
      problem: `the description of a condition may have at most ${CONDITION_DESCRIPTION_CHARS_MAX} characters`,
    });
  }
  programOf(expression);
  return { title, description, expression };
}

/** True where the condition is plainly true; an error, a missing attribute or another value is not. */
export function holds(condition: Condition, context: ConditionContext): boolean {
  try {
    return programOf(condition.expression).evaluate(context);
  } catch {
    return false;
  }
}

/** What a condition looks at, and so may judge otherwise another time, elsewhere or for another change. */
export type ConditionSubject = 'time' | 'resource' | 'change';

const SUBJECTS: Readonly<Record<string, ConditionSubject>> = { request: 'time', resource: 'resource', api: 'change' };

/** What the condition depends on; nothing where its expression cannot be read. */
export function subjectsOf({ expression }: Condition): readonly ConditionSubject[] {
  let groups: ReadonlySet<string>;
  try {
    ({ groups } = programOf(expression));
  } catch {
    return [];
  }
  return Object.entries(SUBJECTS).flatMap(([group, subject]) => (groups.has(group) ? [subject] : []));
}

function programOf(expression: string): Program {
  const kept = programs.get(expression);
  if (kept !== undefined) return kept;
  const program = compile(expression);
  programs.set(expression, program);
  charsKept += expression.length;
  for (const oldest of programs.keys()) {
    if (charsKept <= CONDITIONS_CACHED_CHARS_MAX) break;
    programs.delete(oldest);
    charsKept -= oldest.length;
  }
  return program;
}

function compile(expression: string): Program {
  if (expression.length > CONDITION_EXPRESSION_CHARS_MAX) {
    const problem = `the expression has more than ${CONDITION_EXPRESSION_CHARS_MAX} characters`;
    throw invalidCondition('ConditionComplexityCheck', problem);
  }
  const parsed = parseExpression(expression);
  const { groups } = new ConditionCheck(parsed, expression);
  const evaluate = plan(ENVIRONMENT, parsed.expr);
  return { groups, evaluate: (context) => evaluate(variables(groups, context)) === true };
}

function parseExpression(expression: string): ReturnType<typeof parse> {
  try {
    return parse(expression);
  } catch (error) {
    // The parser recurses; a bad escape is a RangeError too.
    if (error instanceof RangeError && error.message.includes('call stack')) {
      throw invalidCondition('ConditionComplexityCheck', 'the expression is nested too deeply');
    }
    const place = placeOf(expression, offsetOf(error));
    throw invalidCondition('ConditionCompileCheck', `ERROR: Parse expression:${place}: syntax error`);
  }
}

/** Where the parser stopped, as its errors tell. */
function offsetOf(error: unknown): number | undefined {
  const { location } = error as { readonly location?: { readonly start?: { readonly offset?: unknown } } };
  const offset = location?.start?.offset;
  return typeof offset === 'number' ? offset : undefined;
}

type Variables = NonNullable<Parameters<ReturnType<typeof plan>>[0]>;

/** The attributes that the expression reads; each group is a map, so that what is absent is an error of CEL. */
function variables(groups: ReadonlySet<string>, context: ConditionContext): Variables {
  const bound: Variables = { destination: {} };
  if (groups.has('request')) bound['request'] = { time: timestampFromMs(context.time) };
  if (groups.has('resource')) bound['resource'] = { ...context.resource() };
  if (groups.has('api')) {
    const roles = context.modifiedRoles?.();
    bound['api'] = new Map(roles === undefined ? [] : [[MODIFIED_GRANTS, [...roles]]]);
  }
  return bound;
}
