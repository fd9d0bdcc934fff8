// What a set of policies allows, made ready once. An exact path wins; else of all that match the most specific one does:
// its first wildcard comes later, it does not end in *, it has fewer +, it is longer, it is larger by its bytes. The same
// path in several policies unites its capabilities, and deny wins over all of them.
// Source: https://developer.hashicorp.com/vault/docs/concepts/policies#policy-syntax ("priority matching").

import type { Capability, Parameters, PathRule } from './policy.ts';

interface Rule {
  /** Without the closing star. */
  readonly path: string;
  readonly isPrefix: boolean;
  /** Its segments, where it has a `+`. */
  readonly segments: readonly string[] | undefined;
  /** With the policy that brings each. */
  readonly capabilities: ReadonlyMap<Capability, string>;
  readonly allowed: Map<string, readonly string[]> | undefined;
  readonly denied: Map<string, readonly string[]>;
  readonly required: Set<string>;
  readonly minWrapSeconds: number;
  readonly maxWrapSeconds: number;
}

/** What is asked of the rules beside path and capability. */
export interface AclQuestion {
  readonly path: string;
  readonly capability: Capability;
  /** The path is one that takes `sudo` too. */
  readonly sudo?: boolean;
  /** Fields of the request; absent: not to be judged here. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly wrapSeconds?: number;
  /** The request is none of Vault's: a rule that asks for certain fields, or for wrapping, allows it nothing. */
  readonly elsewhere?: true;
}

type ShownRules = Readonly<Record<string, { readonly capabilities: readonly Capability[] }>>;

export class Acl {
  readonly #exact = new Map<string, Rule>();
  /** The most specific first. */
  readonly #patterns: readonly Rule[];

  /** `policies` by name, with their rules. */
  constructor(policies: readonly { readonly name: string; readonly rules: readonly PathRule[] }[]) {
    const patterns = new Map<string, Rule>();
    for (const { name, rules } of policies) {
      for (const rule of rules) {
        const table = rule.path.endsWith('*') || hasPlus(rule.path) ? patterns : this.#exact;
        const known = table.get(rule.path);
        const next = ruleOf(name, rule);
        table.set(rule.path, known === undefined ? next : united(known, next));
      }
    }
    this.#patterns = [...patterns.values()].sort(moreSpecific);
  }

  /** The name of a policy that allows it, or undefined. */
  allows({ path, capability, sudo, data, wrapSeconds, elsewhere }: AclQuestion): string | undefined {
    const rule = this.#ruleFor(path, capability === 'list');
    if (rule === undefined || rule.capabilities.has('deny') || !rule.capabilities.has(capability)) return undefined;
    if (sudo && !rule.capabilities.has('sudo')) return undefined;
    if (!allowsWrap(rule, wrapSeconds) || (elsewhere && hasFields(rule))) return undefined;
    const judged = capability === 'create' || capability === 'update' || capability === 'patch';
    return judged && data !== undefined && !allowsData(rule, data) ? undefined : rule.capabilities.get(capability);
  }

  /** The name of the policy that denies the path, whatever else allows it. */
  deniedBy({ path, capability }: Pick<AclQuestion, 'path' | 'capability'>): string | undefined {
    return this.#ruleFor(path, capability === 'list')?.capabilities.get('deny');
  }

  /** What may be done at a path, sorted; `deny` alone where nothing. */
  capabilities(path: string): readonly Capability[] {
    const found = this.#ruleFor(path, true)?.capabilities;
    if (found === undefined || found.size === 0 || found.has('deny')) return ['deny'];
    return [...found.keys()].sort();
  }

  /** True where something may be done at or below a path that ends in `/`. */
  reachesInto(prefix: string): boolean {
    const isAnything = ({ capabilities }: Rule) => capabilities.size > 0 && !capabilities.has('deny');
    for (const [path, rule] of this.#exact) if (path.startsWith(prefix) && isAnything(rule)) return true;
    return this.#patterns.some((rule) => {
      if (!isAnything(rule)) return false;
      const fixed = rule.segments === undefined ? rule.path : (rule.path.split('+')[0] ?? '');
      return fixed.startsWith(prefix) || prefix.startsWith(fixed);
    });
  }

  /**
   * The name of a policy that allows these at every path that begins so, which ends in `/`; undefined also where a rule for
   * some of them says less.
   */
  allowsBelow(prefix: string, wanted: readonly Capability[]): string | undefined {
    const holds = (rule: Rule) => !rule.capabilities.has('deny') && wanted.every((each) => rule.capabilities.has(each));
    for (const rule of this.#below(prefix)) {
      if (!holds(rule) || rule.maxWrapSeconds > 0 || rule.minWrapSeconds > 0) return undefined;
      if (coversBelow(rule, prefix)) return rule.capabilities.get(wanted[0] as Capability);
    }
    return undefined;
  }

  /** Every rule for paths that begin so, as it is written, with the policy that brings each capability. */
  rulesBelow(
    prefix: string,
  ): readonly { readonly path: string; readonly capabilities: ReadonlyMap<Capability, string> }[] {
    const written = ({ path, isPrefix, capabilities }: Rule) => ({ path: isPrefix ? `${path}*` : path, capabilities });
    return [...this.#below(prefix)].map(written);
  }

  /** The name of a policy that denies some path that begins so. */
  deniedBelow(prefix: string): string | undefined {
    for (const { capabilities } of this.#below(prefix)) {
      const policy = capabilities.get('deny');
      if (policy !== undefined) return policy;
    }
    return undefined;
  }

  /** All of it, as a program reads it that shows what may be done: exact paths, and beginnings of paths. */
  shown(): { readonly exact: ShownRules; readonly globs: ShownRules } {
    const said = ({ capabilities }: Rule) => ({ capabilities: [...capabilities.keys()].sort() });
    return {
      exact: Object.fromEntries([...this.#exact].map(([path, rule]) => [path, said(rule)])),
      globs: Object.fromEntries(this.#patterns.map((rule) => [rule.path, said(rule)])),
    };
  }

  /** The rules that hold for some path that begins so, the most specific first: what follows one for all holds for none. */
  *#below(prefix: string): Iterable<Rule> {
    for (const [path, rule] of this.#exact) if (`${path}/`.startsWith(prefix)) yield rule;
    for (const rule of this.#patterns) {
      if (matchesBelow(rule, prefix)) yield rule;
      if (coversBelow(rule, prefix)) return;
    }
  }

  #ruleFor(path: string, list: boolean): Rule | undefined {
    const exact =
      this.#exact.get(path) ?? (list && path.endsWith('/') ? this.#exact.get(path.slice(0, -1)) : undefined);
    return exact ?? this.#patterns.find((rule) => matches(rule, path));
  }
}

function hasPlus(path: string): boolean {
  return path.split('/').includes('+');
}

function ruleOf(policy: string, rule: PathRule): Rule {
  const isPrefix = rule.path.endsWith('*');
  const path = isPrefix ? rule.path.slice(0, -1) : rule.path;
  return {
    path,
    isPrefix,
    segments: hasPlus(path) ? path.split('/') : undefined,
    capabilities: new Map([...rule.capabilities].map((each) => [each, policy])),
    allowed: rule.allowed === undefined ? undefined : new Map(rule.allowed),
    denied: new Map(rule.denied),
    required: new Set(rule.required),
    minWrapSeconds: rule.minWrapSeconds ?? 0,
    maxWrapSeconds: rule.maxWrapSeconds ?? 0,
  };
}

const NO_PARAMETERS: Parameters = new Map();

/** Both together: what either allows, unless one of them denies it; a constraint of either counts. */
function united(known: Rule, next: Rule): Rule {
  const bounds = [known.maxWrapSeconds, next.maxWrapSeconds].filter((each) => each > 0);
  return {
    ...known,
    capabilities: new Map([...next.capabilities, ...known.capabilities]),
    allowed: known.allowed === undefined ? next.allowed : mixed(known.allowed, next.allowed ?? NO_PARAMETERS),
    denied: mixed(known.denied, next.denied),
    required: new Set([...known.required, ...next.required]),
    minWrapSeconds: Math.max(known.minWrapSeconds, next.minWrapSeconds),
    maxWrapSeconds: bounds.length === 0 ? 0 : Math.min(...bounds),
  };
}

/** A name without values stands for any value. */
function mixed(one: Parameters, other: Parameters): Map<string, readonly string[]> {
  const all = new Map(one);
  for (const [name, values] of other) {
    const known = all.get(name);
    all.set(
      name,
      known === undefined ? values : known.length === 0 || values.length === 0 ? [] : [...known, ...values],
    );
  }
  return all;
}

function moreSpecific(a: Rule, b: Rule): number {
  const firstWildcard = (rule: Rule) => {
    const plus = rule.segments === undefined ? -1 : `/${rule.path}/`.indexOf('/+/');
    return plus >= 0 ? plus : rule.path.length;
  };
  const plusses = ({ segments = [] }: Rule) => segments.filter((segment) => segment === '+').length;
  return (
    firstWildcard(b) - firstWildcard(a) ||
    Number(a.isPrefix) - Number(b.isPrefix) ||
    plusses(a) - plusses(b) ||
    b.path.length - a.path.length ||
    (a.path < b.path ? 1 : -1)
  );
}

function matches({ path, isPrefix, segments }: Rule, asked: string): boolean {
  if (segments === undefined) return asked.startsWith(path);
  const parts = asked.split('/');
  if (parts.length < segments.length || (!isPrefix && parts.length !== segments.length)) return false;
  return segments.every((segment, index) => {
    const part = parts[index] as string;
    if (segment === '+') return part !== '';
    return isPrefix && index === segments.length - 1 ? part.startsWith(segment) : part === segment;
  });
}

/** Whether every path that begins so matches. */
function coversBelow({ path, isPrefix, segments }: Rule, prefix: string): boolean {
  return isPrefix && segments === undefined && prefix.startsWith(path);
}

/** Whether some path that begins so matches. */
function matchesBelow({ path, isPrefix, segments }: Rule, prefix: string): boolean {
  if (segments === undefined) return path.startsWith(prefix) || prefix.startsWith(path);
  const parts = prefix.slice(0, -1).split('/');
  const isAlike = (segment: string, part: string, isLast: boolean) =>
    segment === '+' || (isPrefix && isLast ? part.startsWith(segment) : part === segment);
  const shared = segments.slice(0, parts.length);
  if (!shared.every((each, at) => isAlike(each, parts[at] as string, at === segments.length - 1))) return false;
  return segments.length > parts.length || isPrefix;
}

function allowsWrap({ minWrapSeconds, maxWrapSeconds }: Rule, wrapSeconds: number | undefined): boolean {
  if (maxWrapSeconds > 0 && (wrapSeconds === undefined || wrapSeconds > maxWrapSeconds)) return false;
  return minWrapSeconds === 0 || (wrapSeconds !== undefined && wrapSeconds >= minWrapSeconds);
}

function hasFields({ allowed, denied, required }: Rule): boolean {
  return allowed !== undefined || denied.size > 0 || required.size > 0;
}

function allowsData(rule: Rule, data: Readonly<Record<string, unknown>>): boolean {
  if (!hasFields(rule)) return true;
  const { allowed, denied, required } = rule;
  const fields = new Map(Object.entries(data).map(([name, value]) => [name.toLowerCase(), value]));
  for (const name of required) if (!fields.has(name)) return false;
  for (const [name, value] of fields) {
    if (denied.has('*')) return false;
    const values = denied.get(name);
    if (values !== undefined && (values.length === 0 || values.some((each) => isValue(each, value)))) return false;
    if (allowed === undefined) continue;
    const meant = allowed.get(name) ?? allowed.get('*');
    if (meant === undefined || (meant.length > 0 && !meant.some((each) => isValue(each, value)))) return false;
  }
  return true;
}

/** A value is compared as text, and may have a star at either end. */
function isValue(pattern: string, value: unknown): boolean {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const [before, after] = [pattern.startsWith('*'), pattern.endsWith('*')];
  const fixed = pattern.slice(before ? 1 : 0, after && pattern.length > 1 ? -1 : undefined);
  if (before && after) return text.includes(fixed);
  if (before) return text.endsWith(fixed);
  return after ? text.startsWith(fixed) : text === pattern;
}
