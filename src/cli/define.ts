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

/** A switch. */
export function toggle(brief: string) {
  return { kind: 'boolean', brief, optional: true, withNegated: false } as const;
}

/** A positional argument. */
export function argument(brief: string, placeholder: string) {
  return { parse: parseArgument(placeholder), brief, placeholder } as const;
}

/** A positional argument that may be left out. */
export function maybeArgument(brief: string, placeholder: string) {
  return { parse: parseArgument(placeholder), brief, placeholder, optional: true } as const;
}

/** A command's positional arguments in order. */
export function positional<const T extends readonly unknown[]>(...parameters: T) {
  return { kind: 'tuple', parameters } as const;
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
