// The condition of a statement: every operator must hold for every key that it names. What the request does not have makes
// a positive operator fail and a negated one hold, unless the operator says otherwise.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html

import { PolicyError } from './json.ts';
import { type Comparison, OPERATORS, type Operator } from './operators.ts';
import { type Attribute, Pattern } from './pattern.ts';

/** One operator with one key. */
export interface Condition {
  /** As written, with what stands before and after it. */
  readonly operator: string;
  /** Lower-cased. */
  readonly key: string;
  /** As written. */
  readonly values: readonly string[];
  holds(attribute: Attribute): boolean;
}

const FORM = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/i;
const KEY = /^[A-Za-z][A-Za-z0-9-]{0,63}:[^\s*?${}]{1,256}$/;

/** The conditions of the element as JSON has it; throws PolicyError. */
export function parseConditions(element: unknown, variables: boolean): readonly Condition[] {
  return Object.entries(objectOf(element)).flatMap(([operator, keys]) =>
    Object.entries(objectOf(keys)).map(([key, values]) => parseCondition(operator, key, valuesOf(values), variables)),
  );
}

function objectOf(value: unknown): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PolicyError('a Condition has operators, each of which has keys with values');
  }
  return value;
}

function valuesOf(value: unknown): readonly string[] {
  const all = Array.isArray(value) ? value : [value];
  return all.map((each) => {
    if (typeof each !== 'string' && typeof each !== 'number' && typeof each !== 'boolean') {
      throw new PolicyError('the values of a condition are texts, numbers or booleans');
    }
    return String(each);
  });
}

function parseCondition(operator: string, key: string, values: readonly string[], variables: boolean): Condition {
  const [, set, name = '', ifExists] = FORM.exec(operator) ?? [];
  if (!KEY.test(key)) throw new PolicyError(`${JSON.stringify(key.slice(0, 64))} is no condition key`);
  const made = { operator, key: key.toLowerCase(), values };
  if (name.toLowerCase() === 'null' && set === undefined && ifExists === undefined) {
    return { ...made, holds: absence(made.key, values) };
  }
  const known = OPERATORS.get(name.toLowerCase());
  if (known === undefined) throw new PolicyError(`${JSON.stringify(operator.slice(0, 64))} is no condition operator`);
  const comparisons = values.map((value) => known.compile(value, variables));
  const holdsFor = judgementOf(set?.toLowerCase(), known, comparisons);
  const absent = ifExists !== undefined || (set === undefined ? known.negated : set.toLowerCase() === 'forallvalues');
  return {
    ...made,
    holds: (attribute) => {
      const asked = attribute(made.key);
      return asked === undefined || asked.length === 0 ? absent : holdsFor(asked, attribute);
    },
  };
}

function absence(key: string, values: readonly string[]): Condition['holds'] {
  const wanted = values.map((value) => value.toLowerCase());
  if (wanted.length === 0 || !wanted.every((value) => value === 'true' || value === 'false')) {
    throw new PolicyError('a Null condition compares with true or false');
  }
  return (attribute) => wanted.includes(attribute(key) === undefined ? 'true' : 'false');
}

/** For a request that has values of the key. */
function judgementOf(
  set: string | undefined,
  { negated }: Operator,
  comparisons: readonly Comparison[],
): (asked: readonly string[], attribute: Attribute) => boolean {
  const one = (value: string, attribute: Attribute) =>
    comparisons.some((compare) => compare(value, attribute)) !== negated;
  // Without a set operator, a negated one must hold for whatever the request has.
  if (set === 'forallvalues' || (set === undefined && negated)) {
    return (asked, attribute) => asked.every((value) => one(value, attribute));
  }
  return (asked, attribute) => asked.some((value) => one(value, attribute));
}

const LITERAL = { variables: true, wildcards: true } as const;

/** True where a value stands for itself alone. */
export function isFixedValue(value: string): boolean {
  return new Pattern(value, LITERAL).isFixed;
}
