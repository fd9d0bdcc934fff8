// The grammar as a list: every command with its usage, what it does, and the example of its help. For the pages that
// are made from it and for the tests that run every example through the parser.

import type { Command, RouteMap } from '@stricli/core';
import { root } from './app.ts';
import type { Context } from './context.ts';

export interface ListedCommand {
  /** The words that name it, without `coffer`. */
  readonly path: readonly string[];
  /** With the arguments and flags that it cannot do without. */
  readonly usage: string;
  readonly brief: string;
  readonly example: string;
  readonly command: Command<Context>;
}

/** Every command, in the order of the help. */
export function commands(): readonly ListedCommand[] {
  return below(root, []);
}

function below(map: RouteMap<Context>, path: readonly string[]): readonly ListedCommand[] {
  return map.getAllEntries().flatMap(({ name, target }) => {
    const here = [...path, name['convert-camel-to-kebab']];
    return 'getAllEntries' in target ? below(target, here) : [listed(target, here)];
  });
}

function listed(command: Command<Context>, path: readonly string[]): ListedCommand {
  const usage = command.formatUsageLine({
    prefix: ['coffer', ...path],
    config: {
      useAliasInUsageLine: false,
      onlyRequiredInUsageLine: true,
      caseStyle: 'convert-camel-to-kebab',
    },
    ansiColor: false,
  });
  const example = /\nEXAMPLE\n {2}(.+)$/.exec(command.fullDescription ?? '')?.[1] ?? '';
  return { path, usage: usage.replace(/[<>()]/g, ''), brief: command.brief, example, command };
}
