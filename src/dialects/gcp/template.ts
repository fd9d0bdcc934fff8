// Paths of google.api.http: templates such as `/v1/{name=projects/*/secrets/*}:addVersion`, compiled once into a tree that a
// request walks segment by segment. A segment is decoded once and by itself, after it was matched, so that no `%2f`,
// `..` or `//` ever leads to another resource. Grammar: google/api/http.proto, "Path template syntax".

/** A variable of a template: the field it fills, and the segments that make its value. */
interface Variable {
  readonly field: string;
  readonly from: number;
  readonly to: number;
}

interface Template {
  readonly segments: readonly string[];
  /** After the colon; empty where there is none. */
  readonly verb: string;
  readonly variables: readonly Variable[];
}

const TEMPLATE = /^((?:\/(?:\{[a-z_.]+(?:=[^{}]+)?\}|[^{}:/]+))+)(?::([A-Za-z]+))?$/;

/** Throws where the text is no template: the protos are ours, so that is a bug. */
export function parseTemplate(text: string): Template {
  const [, path, verb = ''] = TEMPLATE.exec(text) ?? [];
  if (path === undefined) throw new TypeError(`not a path template: ${text}`);
  const segments: string[] = [];
  const variables: Variable[] = [];
  for (const [part] of path.matchAll(/\{[^}]*\}|[^{}/]+/g)) {
    const [, field, pattern = '*'] = /^\{([a-z_.]+)(?:=(.+))?\}$/.exec(part) ?? [];
    const from = segments.length;
    segments.push(...(field === undefined ? [part] : pattern.split('/')));
    if (field !== undefined) variables.push({ field, from, to: segments.length });
  }
  return { segments, verb, variables };
}

interface Leaf<T> {
  readonly template: Template;
  readonly value: T;
}

class Node<T> {
  readonly literals = new Map<string, Node<T>>();
  any: Node<T> | undefined;
  /** By verb: the templates that end here. */
  readonly leaves = new Map<string, Leaf<T>[]>();
  /** By verb: the templates that end in `**` here. */
  readonly rest = new Map<string, Leaf<T>[]>();
}

export interface PathMatch<T> {
  readonly value: T;
  /** The variables' values, decoded, in the order of `fields`. */
  readonly values: readonly string[];
}

export class PathTree<T> {
  readonly #methods = new Map<string, Node<T>>();

  /** Adds a template; where two are equal, the first added that is allowed is found. */
  add(method: string, text: string, value: T): readonly string[] {
    const template = parseTemplate(text);
    let node = this.#methods.get(method) ?? new Node<T>();
    this.#methods.set(method, node);
    const open = template.segments.at(-1) === '**';
    for (const segment of open ? template.segments.slice(0, -1) : template.segments) node = child(node, segment);
    const leaves = open ? node.rest : node.leaves;
    leaves.set(template.verb, [...(leaves.get(template.verb) ?? []), { template, value }]);
    return template.variables.map((variable) => variable.field);
  }

  /** The template that a path matches, as sent and undecoded; undefined where none does, or where it does not decode. */
  find(method: string, path: string, allowed: (value: T) => boolean): PathMatch<T> | undefined {
    const root = this.#methods.get(method);
    if (root === undefined || !path.startsWith('/')) return undefined;
    const segments = path.slice(1).split('/');
    if (segments.includes('')) return undefined;
    const lastAt = segments.length - 1;
    const last = segments[lastAt] as string;
    const colon = last.lastIndexOf(':');
    if (colon > 0) {
      segments[lastAt] = last.slice(0, colon);
      const leaf = walk(root, segments, 0, last.slice(colon + 1), allowed);
      if (leaf !== undefined) return matchOf(leaf, segments);
      segments[lastAt] = last;
    }
    const leaf = walk(root, segments, 0, '', allowed);
    return leaf === undefined ? undefined : matchOf(leaf, segments);
  }
}

function child<T>(node: Node<T>, segment: string): Node<T> {
  if (segment === '*') {
    node.any ??= new Node();
    return node.any;
  }
  const next = node.literals.get(segment) ?? new Node<T>();
  node.literals.set(segment, next);
  return next;
}

function walk<T>(
  node: Node<T>,
  segments: readonly string[],
  at: number,
  verb: string,
  allowed: (value: T) => boolean,
): Leaf<T> | undefined {
  const rest = node.rest.size === 0 ? undefined : firstAllowed(node.rest.get(verb), allowed);
  if (at === segments.length) return firstAllowed(node.leaves.get(verb), allowed) ?? rest;
  // A Map makes each new text known to V8 that it is asked for, also where it holds nothing.
  const literal = node.literals.size === 0 ? undefined : node.literals.get(segments[at] as string);
  const found = literal === undefined ? undefined : walk(literal, segments, at + 1, verb, allowed);
  if (found !== undefined) return found;
  return (node.any === undefined ? undefined : walk(node.any, segments, at + 1, verb, allowed)) ?? rest;
}

function firstAllowed<T>(leaves: readonly Leaf<T>[] | undefined, allowed: (value: T) => boolean): Leaf<T> | undefined {
  if (leaves === undefined) return undefined;
  for (const leaf of leaves) if (allowed(leaf.value)) return leaf;
  return undefined;
}

function matchOf<T>({ template, value }: Leaf<T>, segments: readonly string[]): PathMatch<T> | undefined {
  const open = template.segments.at(-1) === '**';
  const values: string[] = [];
  for (const { from, to } of template.variables) {
    const end = open && to === template.segments.length ? segments.length : to;
    let joined = '';
    for (let at = from; at < end; at++) {
      const text = decodeSegment(segments[at] as string);
      if (text === undefined) return undefined;
      joined = at === from ? text : `${joined}/${text}`;
    }
    values.push(joined);
  }
  return { value, values };
}

function decodeSegment(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    // A slash inside of a segment stays encoded: it must not look like the border of two.
    return decodeURIComponent(text).replaceAll('/', '%2F');
  } catch {
    return undefined;
  }
}
