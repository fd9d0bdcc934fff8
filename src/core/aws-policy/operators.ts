// How a condition compares what the request has with what the policy says. A value that is not of the operator's kind
// never matches; whether that grants or denies is for the operator's positive or negated form.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

import { isWithin } from '../vault/cidr.ts';
import { PolicyError } from './json.ts';
import { type Attribute, Pattern } from './pattern.ts';

/** Whether one value of the request is what one value of the policy means. */
export type Comparison = (value: string, attribute: Attribute) => boolean;

export interface Operator {
  /** It holds where none of the policy's values compares. */
  readonly negated: boolean;
  /** Throws PolicyError for a value that the operator cannot take. */
  compile(value: string, variables: boolean): Comparison;
}

type Compile = Operator['compile'];

const text =
  (wildcards: boolean, folded: boolean): Compile =>
  (value, variables) => {
    const pattern = new Pattern(value, { variables, wildcards, folded });
    return (asked, attribute) => pattern.matches(asked, attribute);
  };

const NUMBER = /^[+-]?\d{1,15}(?:\.\d{1,10})?$/;

/** Compares by value; what is no number, or no time, is never anything's like. */
function ordered(
  read: (text: string) => number | undefined,
  kind: string,
  holds: (asked: number, value: number) => boolean,
): Compile {
  return (value) => {
    const wanted = read(value);
    if (wanted === undefined) throw new PolicyError(`a condition compares with ${kind}, and has another value`);
    return (asked) => {
      const known = read(asked);
      return known !== undefined && holds(known, wanted);
    };
  };
}

function numberOf(value: string): number | undefined {
  return NUMBER.test(value) ? Number(value) : undefined;
}

const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds since 1970 of a W3C date, or of seconds since then. */
function timeOf(value: string): number | undefined {
  if (/^\d{1,12}$/.test(value) && value.length !== 4) return Number(value) * 1000;
  const time = DATE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

const bool: Compile = (value) => {
  const wanted = value.toLowerCase();
  if (wanted !== 'true' && wanted !== 'false') throw new PolicyError('a Bool condition compares with true or false');
  return (asked) => asked.toLowerCase() === wanted;
};

/** An IPv4 address that came as one of IPv6 is that IPv4 address. */
export function plainAddress(address: string): string {
  const [bare = ''] = address.split('%');
  return /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(bare)?.[1] ?? bare;
}

const address: Compile = (value) => {
  if (!isBlock(value)) throw new PolicyError('an IpAddress condition compares with addresses such as 203.0.113.0/24');
  return (asked) => isWithin(plainAddress(asked), [value]);
};

function isBlock(value: string): boolean {
  const [base = '', length] = value.split('/');
  const bits = base.includes(':') ? 128 : 32;
  const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
  return isLength && value.split('/').length <= 2 && isWithin(base, [base]);
}

/** The parts between colons, six at the most, each of which is compared for itself. */
const arn: Compile = (value, variables) => {
  const patterns = segmentsOf(value).map((part) => new Pattern(part, { variables, wildcards: true }));
  const last = patterns.length - 1;
  return (asked, attribute) => {
    const found = asked.split(':');
    // Only the last part of a pattern may stand for several.
    const parts = [...found.slice(0, last), found.slice(last).join(':')];
    return found.length >= 6 && patterns.every((pattern, index) => pattern.matches(parts[index] as string, attribute));
  };
};

/** At the first five colons that are not within a variable. */
function segmentsOf(value: string): readonly string[] {
  const segments: string[] = [];
  let begin = 0;
  for (const { 0: token, index } of value.matchAll(/\$\{[^}]*\}|:/g)) {
    if (token !== ':' || segments.length === 5) continue;
    segments.push(value.slice(begin, index));
    begin = index + 1;
  }
  return [...segments, value.slice(begin)];
}

const pair = (name: string, not: string, compile: Compile): (readonly [string, Operator])[] => [
  [name, { negated: false, compile }],
  [not, { negated: true, compile }],
];

function comparisons(
  kind: string,
  read: (text: string) => number | undefined,
  what: string,
): (readonly [string, Operator])[] {
  const one = (holds: (asked: number, value: number) => boolean) => ordered(read, what, holds);
  return [
    ...pair(
      `${kind}equals`,
      `${kind}notequals`,
      one((asked, value) => asked === value),
    ),
    [`${kind}lessthan`, { negated: false, compile: one((asked, value) => asked < value) }],
    [`${kind}lessthanequals`, { negated: false, compile: one((asked, value) => asked <= value) }],
    [`${kind}greaterthan`, { negated: false, compile: one((asked, value) => asked > value) }],
    [`${kind}greaterthanequals`, { negated: false, compile: one((asked, value) => asked >= value) }],
  ];
}

/** By their names in lower case, without what stands before and after them; `Null` is one of its own. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ...pair('stringequals', 'stringnotequals', text(false, false)),
  ...pair('stringequalsignorecase', 'stringnotequalsignorecase', text(false, true)),
  ...pair('stringlike', 'stringnotlike', text(true, false)),
  ...comparisons('numeric', numberOf, 'a number'),
  ...comparisons('date', timeOf, 'a time such as 2026-01-31T12:00:00Z'),
  ['bool', { negated: false, compile: bool }],
  ['binaryequals', { negated: false, compile: text(false, false) }],
  ...pair('ipaddress', 'notipaddress', address),
  ...pair('arnequals', 'arnnotequals', arn),
  ...pair('arnlike', 'arnnotlike', arn),
]);
