// Lists and maps in arguments: `a=1,b=2`, `a,b`, and gcloud's escape for values with commas, `^;^a=1,2;b=3`
// (`gcloud topic escaping`). Given more than once, maps are merged.

import { UsageError } from './error.ts';

export type TextMap = Readonly<Record<string, string>>;

const ENTRIES_MAX = 10_000;

/** @throws UsageError naming the flag where an entry is no pair. */
export function parseMap(flag: string, values: readonly string[] | undefined): TextMap {
  const entries = parseList(flag, values).map((entry): [string, string] => {
    const equals = entry.indexOf('=');
    if (equals <= 0) throw new UsageError(`argument --${flag}: bad syntax for dict arg: [${entry}]: use KEY=VALUE`);
    return [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return Object.fromEntries(entries);
}

/** @throws UsageError where the escape is not closed or there is far too much. */
export function parseList(flag: string, values: readonly string[] | undefined): readonly string[] {
  const entries = (values ?? []).flatMap((value) => {
    const chosen = /^\^([^^]+)\^(.*)$/s.exec(value);
    const [separator, text] = chosen === null ? [',', value] : [chosen[1] as string, chosen[2] as string];
    return text.split(separator).filter((entry) => entry !== '');
  });
  if (entries.length > ENTRIES_MAX)
    throw new UsageError(`argument --${flag}: at most ${ENTRIES_MAX} entries are allowed`);
  return entries;
}

/** What update, remove and clear flags of one map ask for; undefined where none was given. */
export interface MapChange {
  readonly update: TextMap;
  readonly remove: readonly string[];
  readonly clear: boolean;
}

export interface MapFlags {
  readonly update: readonly string[] | undefined;
  readonly remove: readonly string[] | undefined;
  readonly clear: boolean | undefined;
}

/** @throws UsageError where both remove and clear are given. */
export function parseMapChange(name: string, flags: MapFlags): MapChange | undefined {
  if (flags.update === undefined && flags.remove === undefined && flags.clear !== true) return undefined;
  if (flags.clear && flags.remove !== undefined) {
    throw new UsageError(
      `argument --clear-${name}: at most one of --clear-${name} | --remove-${name} can be specified`,
    );
  }
  return {
    update: parseMap(`update-${name}`, flags.update),
    remove: parseList(`remove-${name}`, flags.remove),
    clear: flags.clear === true,
  };
}

/** Clears first, then updates, then removes: gcloud's order. */
export function changeMap(original: TextMap, change: MapChange): TextMap {
  const result = new Map(Object.entries(change.clear ? {} : original));
  for (const [key, value] of Object.entries(change.update)) result.set(key, value);
  for (const key of change.remove) result.delete(key);
  return Object.fromEntries(result);
}
