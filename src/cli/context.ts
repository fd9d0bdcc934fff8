// What a command's handler gets as `this`.

import type { CommandContext } from '@stricli/core';
import type { Globals } from './globals.ts';
import type { Io, Output } from './io.ts';
import type { Session } from './session.ts';

export interface Context extends CommandContext {
  readonly io: Io;
  readonly out: Output;
  readonly globals: Globals;
  readonly session: Session;
  /** What stood behind `--`. */
  readonly rest: readonly string[] | undefined;
  /** The exit code of a command that did its work and has more to say than success. */
  exitCode: number;
}
