// A policy of Vault's: paths and what may be done at them. The text is kept as it came; this is what it means. A key or a
// capability that Vault does not know is refused, so that no rule is weaker than its author believes.
// Source: https://developer.hashicorp.com/vault/docs/concepts/policies

import { parseDuration } from './duration.ts';
import { blocksOf, type HclBody, HclError, type HclItem, type HclValue, parseHcl } from './hcl.ts';

export const CAPABILITIES = ['create', 'read', 'update', 'delete', 'list', 'patch', 'sudo', 'deny'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** Names of fields, lower-cased, with the values that count; no values: any. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

export interface PathRule {
  /** As written: it may end in `*` and have `+` for a segment. */
  readonly path: string;
  readonly capabilities: ReadonlySet<Capability>;
  /** Absent: any. */
  readonly allowed?: Parameters;
  readonly denied?: Parameters;
  readonly required?: readonly string[];
  readonly minWrapSeconds?: number;
  readonly maxWrapSeconds?: number;
}

/** What `policy = "…"` meant before there were capabilities. */
const SHORTHAND: Readonly<Record<string, readonly Capability[]>> = {
  deny: ['deny'],
  read: ['read', 'list'],
  write: ['create', 'read', 'update', 'delete', 'list', 'patch'],
  sudo: ['create', 'read', 'update', 'delete', 'list', 'patch', 'sudo'],
};

const TOP = new Set(['path', 'name']);
const PATHS_MAX = 1000;

/** The rules of a policy; throws HclError that says what is wrong. */
export function parsePolicy(text: string): readonly PathRule[] {
  const body = parseHcl(text);
  const unknown = body.items.find(({ keys }) => !TOP.has(keys[0] ?? ''));
  if (unknown !== undefined) throw new HclError(`invalid key "${unknown.keys[0]?.slice(0, 64)}"`);
  const blocks = blocksOf(body, 'path');
  if (blocks.length > PATHS_MAX) throw new HclError(`at most ${PATHS_MAX} paths are allowed`);
  return blocks.map(({ label, body: rule }) => pathRule(label, rule));
}

function pathRule(label: string, { items }: HclBody): PathRule {
  const path = label.startsWith('/') ? label.slice(1) : label;
  if (path.includes('+*')) throw new HclError(`path "${label.slice(0, 64)}" has + before *`);
  const rule: { -readonly [K in keyof PathRule]: PathRule[K] } = { path, capabilities: new Set() };
  for (const item of items) readKey(rule, item, label.slice(0, 64));
  return rule;
}

function readKey(rule: { -readonly [K in keyof PathRule]: PathRule[K] }, { keys, value }: HclItem, path: string): void {
  switch (keys.length === 1 ? keys[0] : '') {
    case 'capabilities':
      rule.capabilities = new Set(textsOf(value, path).map((each) => capability(each, path)));
      return;
    case 'policy': {
      const meant = typeof value === 'string' && Object.hasOwn(SHORTHAND, value) ? SHORTHAND[value] : undefined;
      if (meant === undefined) throw new HclError(`path "${path}": invalid policy`);
      rule.capabilities = new Set([...rule.capabilities, ...meant]);
      return;
    }
    case 'allowed_parameters':
      rule.allowed = parameters(value, path);
      return;
    case 'denied_parameters':
      rule.denied = parameters(value, path);
      return;
    case 'required_parameters':
      rule.required = textsOf(value, path).map((each) => each.toLowerCase());
      return;
    case 'min_wrapping_ttl':
      rule.minWrapSeconds = seconds(value, path);
      return;
    case 'max_wrapping_ttl':
      rule.maxWrapSeconds = seconds(value, path);
      return;
    case 'comment':
      return;
    default:
      throw new HclError(`path "${path}": invalid key "${keys[0]?.slice(0, 64)}"`);
  }
}

function capability(text: string, path: string): Capability {
  const found = CAPABILITIES.find((each) => each === text);
  if (found === undefined) throw new HclError(`path "${path}": invalid capability "${text.slice(0, 32)}"`);
  return found;
}

function textsOf(value: HclValue, path: string): readonly string[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) {
    throw new HclError(`path "${path}": a list of texts belongs there`);
  }
  return value as readonly string[];
}

function parameters(value: HclValue, path: string): Parameters {
  if (typeof value !== 'object' || Array.isArray(value)) throw new HclError(`path "${path}": fields belong there`);
  return new Map(
    (value as HclBody).items.map((item) => {
      const list = Array.isArray(item.value) ? item.value : [item.value];
      return [(item.keys[0] ?? '').toLowerCase(), list.map((each) => String(each))];
    }),
  );
}

function seconds(value: HclValue, path: string): number {
  const parsed = parseDuration(value);
  if (parsed === undefined || parsed < 0) throw new HclError(`path "${path}": a duration belongs there`);
  return parsed;
}
