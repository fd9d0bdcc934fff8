// Which CEL an IAM condition may be: a walk over the parsed expression that gives every part a type and refuses what
// IAM does not have. No macros, no regular expressions, no loops: an accepted condition costs no more than its length.
// Source: https://cloud.google.com/iam/docs/conditions-attribute-reference and .../linting-policies.

import type { parse } from '@bufbuild/cel';
import { Fault } from '../error.ts';
import {
  CONDITION_DEPTH_MAX,
  CONDITION_LOGICAL_OPERATORS_MAX,
  CONDITION_NODES_MAX,
  HAS_ONLY_ITEMS_MAX,
} from '../limits.ts';
import { isTemplate, TIME_GETTERS } from './condition-functions.ts';

type Parsed = ReturnType<typeof parse>;
type Expr = Parsed['expr'];
type Kind<C extends string> = Extract<Expr['exprKind'], { case: C }>;
type Call = Kind<'callExpr'>['value'];

/** Scalars by CEL's name, `list(T)`, and the groups of attributes, which are no values themselves. */
type Type = string;

/** The name of the lint rule that the real service names in its refusal. */
type Rule =
  | 'ConditionCompileCheck'
  | 'ConditionComplexityCheck'
  | 'DrgGetAttributeDefaultValueCheck'
  | 'HasOnlyListConstCheck'
  | 'HasOnlyListLengthCheck';

/** A condition that cannot be set. `problem` repeats nothing of the expression but names of identifiers. */
export function invalidCondition(rule: Rule, problem: string): Fault {
  return new Fault('CONDITION_INVALID', { rule, problem });
}

/** The API attribute that tells which roles a policy change touches. */
export const MODIFIED_GRANTS = 'iam.googleapis.com/modifiedGrantsByRole';

const GROUPS = new Set(['request', 'resource', 'destination', 'api']);
/** Attributes of other services (access levels, paths) may be named; here they are never there, so they never grant. */
const ATTRIBUTES: Readonly<Record<string, Type>> = {
  'request.time': 'timestamp',
  'request.path': 'string',
  'request.host': 'string',
  'request.auth': 'group request.auth',
  'request.auth.access_levels': 'list(string)',
  'resource.name': 'string',
  'resource.type': 'string',
  'resource.service': 'string',
  'destination.ip': 'string',
  'destination.port': 'int',
};

type Overload = readonly [args: readonly Type[], result: Type];

const ORDERED = ['int', 'double', 'string', 'timestamp', 'duration'];
const comparison: readonly Overload[] = ORDERED.map((type) => [[type, type], 'bool']);
const arithmetic: readonly Overload[] = ['int', 'double'].map((type) => [[type, type], type]);
const onString: readonly Overload[] = [[['string', 'string'], 'bool']];

/** Operators and functions by CEL's name for them; a method's target is its first argument. */
const OVERLOADS: Readonly<Record<string, readonly Overload[]>> = {
  '_&&_': [[['bool', 'bool'], 'bool']],
  '_||_': [[['bool', 'bool'], 'bool']],
  '!_': [[['bool'], 'bool']],
  '_<_': comparison,
  '_<=_': comparison,
  '_>_': comparison,
  '_>=_': comparison,
  '_+_': [
    ...arithmetic,
    [['string', 'string'], 'string'],
    [['timestamp', 'duration'], 'timestamp'],
    [['duration', 'timestamp'], 'timestamp'],
    [['duration', 'duration'], 'duration'],
  ],
  '_-_': [
    ...arithmetic,
    [['timestamp', 'timestamp'], 'duration'],
    [['timestamp', 'duration'], 'timestamp'],
    [['duration', 'duration'], 'duration'],
  ],
  '_*_': arithmetic,
  '_/_': arithmetic,
  '_%_': [[['int', 'int'], 'int']],
  '-_': [
    [['int'], 'int'],
    [['double'], 'double'],
  ],
  timestamp: [[['string'], 'timestamp']],
  duration: [[['string'], 'duration']],
  date: [[['string'], 'timestamp']],
};

const METHODS: Readonly<Record<string, readonly Overload[]>> = {
  startsWith: onString,
  endsWith: onString,
  extract: [[['string', 'string'], 'string']],
  hasTagKey: [[['group resource', 'string'], 'bool']],
  hasTagKeyId: [[['group resource', 'string'], 'bool']],
  matchTag: [[['group resource', 'string', 'string'], 'bool']],
  matchTagId: [[['group resource', 'string', 'string'], 'bool']],
  ...Object.fromEntries(
    TIME_GETTERS.map((name): [string, readonly Overload[]] => [
      name,
      [
        [['timestamp'], 'int'],
        [['timestamp', 'string'], 'int'],
      ],
    ]),
  ),
};

const LOGICAL = new Set(['_&&_', '_||_', '!_']);
const SCALARS: Readonly<Record<string, Type>> = {
  boolValue: 'bool',
  int64Value: 'int',
  doubleValue: 'double',
  stringValue: 'string',
};
const INT_MAX = 2n ** 63n - 1n;
const NAME_CHARS_MAX = 64;

const fits = (given: Type, wanted: Type) =>
  given === wanted || (given === 'list(dyn)' && wanted.startsWith('list(')) || given === 'dyn' || wanted === 'dyn';

const isConstant = (expr: Expr | undefined) => expr?.exprKind.case === 'constExpr';

function literal(expr: Expr | undefined): string | undefined {
  if (expr?.exprKind.case !== 'constExpr') return undefined;
  const { constantKind } = expr.exprKind.value;
  return constantKind.case === 'stringValue' ? constantKind.value : undefined;
}

/** Walks one expression. It throws CONDITION_INVALID, and otherwise says which groups of attributes are needed. */
export class ConditionCheck {
  /** Groups of attributes that the expression reads. */
  readonly groups: Set<string> = new Set();
  readonly #place: (expr: Expr) => string;
  #nodes = 0;
  #logical = 0;

  constructor({ expr, sourceInfo }: Parsed, source: string) {
    this.#place = ({ id }) => placeOf(source, sourceInfo?.positions[String(id)]);
    const type = this.#check(expr, 0);
    if (type !== 'bool') throw this.#wrong(expr, `the expression is of type '${type}', it must be of type 'bool'`);
    if (this.#logical > CONDITION_LOGICAL_OPERATORS_MAX) {
      const problem = `Logical operators count must not be more than ${CONDITION_LOGICAL_OPERATORS_MAX}`;
      throw invalidCondition('ConditionComplexityCheck', problem);
    }
  }

  #wrong(expr: Expr, problem: string): Fault {
    return invalidCondition('ConditionCompileCheck', `ERROR: expression:${this.#place(expr)}: ${problem}`);
  }

  #check(expr: Expr, depth: number): Type {
    this.#nodes += 1;
    if (this.#nodes > CONDITION_NODES_MAX) throw this.#wrong(expr, 'the expression has too many parts');
    if (depth > CONDITION_DEPTH_MAX) throw this.#wrong(expr, 'the expression is nested too deeply');
    const { exprKind } = expr;
    switch (exprKind.case) {
      case 'constExpr':
        return this.#constant(expr, exprKind.value);
      case 'identExpr':
        return this.#identifier(expr, exprKind.value.name);
      case 'selectExpr':
        return this.#select(expr, exprKind.value, depth);
      case 'listExpr':
        return this.#list(expr, exprKind.value.elements, depth);
      case 'callExpr':
        return this.#call(expr, exprKind.value, depth);
      default:
        throw this.#wrong(expr, 'macros, maps and messages are not supported in conditions');
    }
  }

  #constant(expr: Expr, { constantKind }: Kind<'constExpr'>['value']): Type {
    const type = SCALARS[constantKind.case ?? ''];
    if (type === undefined) throw this.#wrong(expr, 'a literal of this type is not supported in conditions');
    if (constantKind.case === 'int64Value' && (constantKind.value > INT_MAX || constantKind.value < -INT_MAX - 1n)) {
      throw this.#wrong(expr, 'the integer is out of range');
    }
    return type;
  }

  #identifier(expr: Expr, name: string): Type {
    if (!GROUPS.has(name)) {
      throw this.#wrong(expr, undeclared(name));
    }
    this.groups.add(name);
    return `group ${name}`;
  }

  #select(expr: Expr, { operand, field, testOnly }: Kind<'selectExpr'>['value'], depth: number): Type {
    const group = operand === undefined || testOnly ? '' : this.#check(operand, depth + 1);
    const path = `${group.slice('group '.length)}.${field}`;
    const type = Object.hasOwn(ATTRIBUTES, path) ? ATTRIBUTES[path] : undefined;
    if (!group.startsWith('group ') || type === undefined) {
      throw this.#wrong(expr, `undefined field '${field.slice(0, NAME_CHARS_MAX)}'`);
    }
    return type;
  }

  #list(expr: Expr, elements: readonly Expr[], depth: number): Type {
    const [first = 'dyn', ...rest] = new Set(elements.map((each) => this.#check(each, depth + 1)));
    if (rest.length > 0 || first.startsWith('group '))
      throw this.#wrong(expr, 'the items of a list must be of one type');
    return `list(${first})`;
  }

  #call(expr: Expr, call: Call, depth: number): Type {
    const { function: name, target, args } = call;
    if (LOGICAL.has(name)) this.#logical += name === '!_' ? 1 : args.length - 1;
    const given = [...(target === undefined ? [] : [target]), ...args].map((each) => this.#check(each, depth + 1));
    const result = this.#special(expr, call, given) ?? pick(target === undefined ? OVERLOADS : METHODS, name, given);
    if (result === undefined) {
      const known = Object.hasOwn(target === undefined ? OVERLOADS : METHODS, name);
      throw this.#wrong(expr, known ? noOverload(name, given) : undeclared(name));
    }
    return result;
  }

  /** What the tables cannot say: types that depend on each other, and arguments that must be literals. */
  #special(expr: Expr, { function: name, args }: Call, given: readonly Type[]): Type | undefined {
    const [a = '', b = '', c = ''] = given;
    switch (name) {
      case '_==_':
      case '_!=_':
        return fits(a, b) && !a.startsWith('group ') ? 'bool' : this.#refuse(expr, name, given);
      case '@in':
        return fits(b, `list(${a})`) && b.startsWith('list(') && !a.startsWith('group ')
          ? 'bool'
          : this.#refuse(expr, name, given);
      case '_?_:_':
        return a === 'bool' && fits(b, c) && !b.startsWith('group ') ? b : this.#refuse(expr, name, given);
      case 'extract':
        if (isTemplate(literal(args[0]) ?? '')) return undefined;
        throw this.#wrong(expr, 'extract() takes a template such as "projects/{project}/", written out');
      case 'getAttribute':
        return this.#getAttribute(expr, args, given);
      case 'hasOnly':
        return this.#hasOnly(expr, args, given);
      default:
        return undefined;
    }
  }

  #refuse(expr: Expr, name: string, given: readonly Type[]): never {
    throw this.#wrong(expr, noOverload(name, given));
  }

  #getAttribute(expr: Expr, args: readonly Expr[], given: readonly Type[]): Type {
    const [name, fallback] = args;
    if (
      given[0] !== 'group api' ||
      args.length !== 2 ||
      literal(name) === undefined ||
      given[2]?.startsWith('group ')
    ) {
      return this.#refuse(expr, 'getAttribute', given);
    }
    if (literal(name) !== MODIFIED_GRANTS) return given[2] ?? 'dyn';
    if (fallback?.exprKind.case === 'listExpr' && fallback.exprKind.value.elements.length === 0) return 'list(string)';
    const problem = `api.getAttribute call on '${MODIFIED_GRANTS}' can only accept empty list ('[]') as default value.`;
    throw invalidCondition('DrgGetAttributeDefaultValueCheck', problem);
  }

  #hasOnly(expr: Expr, args: readonly Expr[], given: readonly Type[]): Type {
    const list = args[0]?.exprKind;
    if (args.length !== 1 || list?.case !== 'listExpr' || !given[0]?.startsWith('list(')) {
      return this.#refuse(expr, 'hasOnly', given);
    }
    if (!list.value.elements.every(isConstant)) {
      const problem =
        'hasOnly() expects an argument of type list containing only const values, ' +
        'but a non-const expression was found in the list.';
      throw invalidCondition('HasOnlyListConstCheck', problem);
    }
    if (list.value.elements.length > HAS_ONLY_ITEMS_MAX) {
      const problem = `The list argument to hasOnly() cannot have more than ${HAS_ONLY_ITEMS_MAX} elements`;
      throw invalidCondition('HasOnlyListLengthCheck', problem);
    }
    return fits(given[0], given[1] ?? '') ? 'bool' : this.#refuse(expr, 'hasOnly', given);
  }
}

function pick(table: Readonly<Record<string, readonly Overload[]>>, name: string, given: readonly Type[]) {
  const overloads = Object.hasOwn(table, name) ? (table[name] ?? []) : [];
  return overloads.find(
    ([args]) => args.length === given.length && args.every((type, i) => fits(given[i] ?? '', type)),
  )?.[1];
}

const undeclared = (name: string) => `undeclared reference to '${name.slice(0, NAME_CHARS_MAX)}' (in container '')`;

function noOverload(name: string, given: readonly Type[]): string {
  return `found no matching overload for '${name}' applied to '(${given.join(', ')})'`;
}

/** Line, from 1, and column, from 0, of an offset, as the real service counts them. */
export function placeOf(source: string, offset: number | undefined): string {
  const lines = source.slice(0, offset ?? 0).split('\n');
  return `${lines.length}:${lines.at(-1)?.length ?? 0}`;
}
