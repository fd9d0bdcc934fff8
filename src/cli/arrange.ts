// --flatten and --sort-by: what becomes of a list before it is printed.

import { CliError } from './error.ts';
import { parsePath, valueAt } from './format/path.ts';
import type { Resource } from './format/print.ts';

/** `--flatten=bindings[].members`: one item for each element, the element in the list's place. */
export function flattenAll(items: readonly Resource[], keys: string): readonly Resource[] {
  let result = items;
  for (const key of keys.split(',')) {
    const steps = key.replace(/\[\]$/, '').split('[].');
    for (let depth = 1; depth <= steps.length; depth++) {
      const path = steps.slice(0, depth).join('.');
      result = result.flatMap((item) => flattenOne(item, path));
    }
  }
  return result;
}

function flattenOne(item: Resource, key: string): readonly Resource[] {
  const path = parsePath(key);
  if (path === undefined) throw new CliError(`--flatten: [${key}] is not a key`);
  const value = valueAt(item, path);
  return Array.isArray(value) ? value.map((element) => replaced(item, path.map(String), element)) : [item];
}

function replaced(item: Resource, [name, ...rest]: readonly string[], value: unknown): Resource {
  if (name === undefined) return item;
  return { ...item, [name]: rest.length === 0 ? value : replaced((item[name] ?? {}) as Resource, rest, value) };
}

/** `~key` sorts downwards. Numbers as numbers, everything else as text; what lacks the key comes first. */
export function sortBy(
  items: readonly Resource[],
  text: string,
  aliases: ReadonlyMap<string, string>,
): readonly Resource[] {
  const keys = text.split(',').map((part) => {
    const name = part.trim().replace(/^~/, '');
    const path = parsePath(aliases.get(name) ?? name);
    if (path === undefined) throw new CliError(`--sort-by: [${name}] is not a key`);
    return { path, direction: part.trim().startsWith('~') ? -1 : 1 };
  });
  return [...items].sort((a, b) => {
    for (const { path, direction } of keys) {
      const order = compare(valueAt(a, path), valueAt(b, path));
      if (order !== 0) return order * direction;
    }
    return 0;
  });
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a ?? ''), String(b ?? '')];
  return left < right ? -1 : left > right ? 1 : 0;
}
