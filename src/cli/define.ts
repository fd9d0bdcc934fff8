// Short forms for the command tables: flags and groups as gcloud has them, over @stricli/core.
// A handler's module is loaded only when its command runs.

import { buildRouteMap, type RouteMap, type RouteMapBuilderArguments } from '@stricli/core';
import type { Context } from './context.ts';
import { UsageError } from './error.ts';
import { unprotect } from './globals.ts';

/** An optional flag with one value. */
export function text(brief: string, placeholder = 'VALUE') {
  return { kind: 'parsed', parse: unprotect, brief, placeholder, optional: true } as const;
}

/** A flag that the command cannot do without. */
export function required(brief: string, placeholder = 'VALUE') {
  return { kind: 'parsed', parse: unprotect, brief, placeholder } as const;
}

/** An optional flag that may be given several times; lists and maps are taken apart by `maps.ts`. */
export function many(brief: string, placeholder: string) {
  return { kind: 'parsed', parse: unprotect, brief, placeholder, optional: true, variadic: true } as const;
}

/** An optional count, at least 1. */
export function count(brief: string) {
  return { kind: 'parsed', parse: parseCount, brief, placeholder: 'N', optional: true } as const;
}

/** An optional whole number from 0 to `max`. */
export function upTo(max: number, brief: string) {
  const parse = (input: string): number => {
    const number = Number(input);
    if (/^\d{1,9}$/.test(input) && number <= max) return number;
    throw new UsageError(`must be a whole number from 0 to ${max}`);
  };
  return { kind: 'parsed', parse, brief, placeholder: 'N', optional: true } as const;
}

/** A switch. */
export function toggle(brief: string) {
  return { kind: 'boolean', brief, optional: true, withNegated: false } as const;
}

/** Gives what an argument or a flag could be, from what is typed of it. */
export type Propose = (this: Context, partial: string) => Promise<readonly string[]>;

/** A positional argument. */
export function argument(brief: string, placeholder: string, proposeCompletions?: Propose) {
  const parameter = { parse: parseArgument(placeholder), brief, placeholder } as const;
  return { ...parameter, ...(proposeCompletions === undefined ? {} : { proposeCompletions }) } as const;
}

/** A positional argument that is one of a few words. */
export function choice<const T extends string>(brief: string, placeholder: string, words: readonly T[]) {
  const parse = (input: string): T => {
    const word = words.find((each) => each === input);
    if (word === undefined)
      throw new UsageError(`Invalid choice: '${input}'. Valid choices are [${words.join(', ')}].`);
    return word;
  };
  const proposeCompletions = (partial: string) => words.filter((word) => word.startsWith(partial));
  return { parse, brief, placeholder, proposeCompletions } as const;
}

/** A positional argument that may be left out. */
export function maybeArgument(brief: string, placeholder: string) {
  return { parse: parseArgument(placeholder), brief, placeholder, optional: true } as const;
}

/** A command's positional arguments in order. */
export function positional<const T extends readonly unknown[]>(...parameters: T) {
  return { kind: 'tuple', parameters } as const;
}

/**
 * The help of a command: what it does in a line, one example that runs as it stands, and where the line does not say
 * enough, more.
 */
export function help(brief: string, example: string, more?: string) {
  const text = more === undefined ? brief : `${brief}.\n\n${more}`;
  return { brief, fullDescription: `${text}\n\nEXAMPLE\n  ${example}` } as const;
}

/** A group of commands. Its tables have no prototype, so that `constructor` is an unknown command like any other. */
export function group<R extends string>(
  brief: string,
  routes: RouteMapBuilderArguments<R, Context>['routes'],
  fullDescription?: string,
): RouteMap<Context> {
  return buildRouteMap<R, Context>({
    routes: Object.assign(Object.create(null), routes),
    aliases: Object.create(null),
    docs: { brief, ...(fullDescription === undefined ? {} : { fullDescription }) },
  });
}

function parseArgument(placeholder: string): (input: string) => string {
  return (input) => {
    if (input === '') throw new UsageError(`${placeholder} must not be empty`);
    return input;
  };
}

function parseCount(input: string): number {
  if (!/^[1-9]\d{0,8}$/.test(input)) throw new UsageError('must be a whole number of at least 1');
  return Number(input);
}
