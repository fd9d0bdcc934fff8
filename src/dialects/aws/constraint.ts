// What a member of an input must be, and what AWS says of one that is not: every violation in one message, where the member
// is named by its path. What is sensitive is never repeated. Source: the service's model, and raw replies.

import { AwsError } from './errors.ts';
import { isObject, type Json, malformed, member } from './json.ts';

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

export type Shape =
  | ({ readonly type: 'string' | 'blob'; readonly pattern?: string; readonly isSensitive?: true } & Bounds & {
        readonly values?: readonly string[];
      })
  | ({ readonly type: 'integer' } & Bounds)
  | { readonly type: 'boolean' }
  | ({ readonly type: 'list'; readonly of: Shape } & Bounds)
  | Structure;

export interface Structure {
  readonly type: 'structure';
  readonly members: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
}

/** Of a text that is repeated in a message. */
const ECHO_CHARS_MAX = 256;
/** Violations that one message names. */
const VIOLATIONS_MAX = 10;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Throws ValidationException for an input that breaks the model's rules, SerializationException for one of other types. */
export function checkInput(input: Json, shape: Structure): void {
  const found: string[] = [];
  checkStructure(input, shape, '', found);
  if (found.length === 0) return;
  const count = `${found.length} validation error${found.length === 1 ? '' : 's'} detected`;
  throw new AwsError('ValidationException', `${count}: ${found.slice(0, VIOLATIONS_MAX).join('; ')}`);
}

function checkStructure(value: Json, { members, required = [] }: Structure, path: string, found: string[]): void {
  const pathOf = (name: string) => `${path === '' ? '' : `${path}.`}${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  for (const name of required) {
    if (member(value, name) === undefined) {
      found.push(`Value null at '${pathOf(name)}' failed to satisfy constraint: Member must not be null`);
    }
  }
  for (const name in members) {
    const inner = member(value, name);
    if (inner !== undefined) check(inner, members[name] as Shape, pathOf(name), found);
  }
}

function check(value: unknown, shape: Shape, path: string, found: string[]): void {
  const is = (isRight: boolean, what: string) => {
    if (!isRight) throw malformed(`${path.slice(0, ECHO_CHARS_MAX)} must be ${what}.`);
  };
  switch (shape.type) {
    case 'structure':
      is(isObject(value), 'a structure');
      return checkStructure(value as Json, shape, path, found);
    case 'list': {
      is(Array.isArray(value), 'a list');
      const list = value as readonly unknown[];
      checkBounds(list.length, shape, ['length', `Value '[${list.length} items]' at '${path}'`], found);
      const { of } = shape;
      return list.slice(0, 1000).forEach((inner, index) => {
        is(inner !== null, 'without null');
        check(inner, of, `${path}.${index + 1}.member`, found);
      });
    }
    case 'boolean':
      return is(typeof value === 'boolean', 'a boolean');
    case 'integer':
      is(Number.isSafeInteger(value), 'a whole number');
      return checkBounds(value as number, shape, ['value', `Value '${value}' at '${path}'`], found);
    default:
      return checkText(value, shape, path, found);
  }
}

type TextShape = Extract<Shape, { type: 'string' | 'blob' }>;

function checkText(value: unknown, shape: TextShape, path: string, found: string[]): void {
  if (typeof value !== 'string') throw malformed(`${path.slice(0, ECHO_CHARS_MAX)} must be a string.`);
  const { type, pattern, values, isSensitive } = shape;
  if (type === 'blob' && !BASE64.test(value)) throw malformed(`${path} must be base64.`);
  const said = isSensitive ? `Value at '${path}'` : `Value '${value.slice(0, ECHO_CHARS_MAX)}' at '${path}'`;
  checkBounds(lengthOf(value, type), shape, ['length', said], found);
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(value)) {
    found.push(`${said} failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern}`);
  }
  if (values !== undefined && !values.includes(value)) {
    found.push(`${said} failed to satisfy constraint: Member must satisfy enum value set: [${values.join(', ')}]`);
  }
}

/** Bytes of a blob, and of a text too: a value has 65,536 of them, whatever it is made of. */
function lengthOf(value: string, type: TextShape['type']): number {
  return type === 'blob' ? Buffer.byteLength(value, 'base64') : Buffer.byteLength(value);
}

function checkBounds(
  size: number,
  { min, max }: Bounds,
  [what, said]: readonly ['length' | 'value', string],
  found: string[],
): void {
  const have = what === 'length' ? 'have length' : 'have value';
  if (min !== undefined && size < min) {
    found.push(`${said} failed to satisfy constraint: Member must ${have} greater than or equal to ${min}`);
  }
  if (max !== undefined && size > max) {
    found.push(`${said} failed to satisfy constraint: Member must ${have} less than or equal to ${max}`);
  }
}
