// One command from its arguments to its exit code: 0, 1 for what could not be done, 2 for a wrong command line, or what
// the command itself says. Every error is reported here, in gcloud's form, and nowhere else.

import { type ApplicationContext, run } from '@stricli/core';
import { ApiError, ClientError } from '../client/error.ts';
import { adviceFor } from './advice.ts';
import { buildApp } from './app.ts';
import type { Context } from './context.ts';
import { CliError, UsageError } from './error.ts';
import { type CommandLine, readCommandLine } from './globals.ts';
import { type Io, Output } from './io.ts';
import { Session } from './session.ts';
import { oneLine, printable } from './text.ts';

/** Runs the command line `argv` (without the program's name) and gives its exit code. Never throws. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  if (argv[0] === '__complete') return (await import('./completion/propose.ts')).complete(argv.slice(1), io);
  const out = new Output(io);
  let line: CommandLine;
  try {
    line = readCommandLine(argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv);
  } catch (error) {
    out.status(report('coffer', error, false));
    return 2;
  }
  const session = new Session(io, out, line.globals);
  try {
    return await dispatch(line, io, out, session);
  } finally {
    session.close();
  }
}

async function dispatch(line: CommandLine, io: Io, out: Output, session: Session): Promise<number> {
  const outcome: Outcome = { path: ['coffer'], complaint: '' };
  // What stricli writes to stderr are complaints about the command line; they are printed in our own form.
  const process: ApplicationContext['process'] = {
    stdout: { write: (text) => void io.stdout.write(text) },
    stderr: {
      write: (text) => {
        outcome.complaint += text;
      },
    },
  };
  const context: Context = { process, io, out, globals: line.globals, session, rest: line.rest, exitCode: 0 };
  const app = buildApp({
    onFailure: (error) => {
      outcome.failure = { error };
    },
    onUnknown: (word, corrections) => {
      outcome.path = [
        'coffer',
        ...line.inputs.slice(0, line.inputs.indexOf(word)).filter((input) => !input.startsWith('-')),
      ];
      outcome.corrections = corrections;
    },
  });
  const forwarded = isRun(line.inputs) || line.rest === undefined ? line.inputs : [...line.inputs, '--', ...line.rest];
  await run(app, forwarded, {
    process,
    forCommand: ({ prefix }) => {
      outcome.path = prefix;
      return context;
    },
  });
  return conclude(outcome, line, out, context.exitCode);
}

interface Outcome {
  /** The program, the groups and the command that were understood. */
  path: readonly string[];
  complaint: string;
  corrections?: readonly string[];
  failure?: { readonly error: unknown };
}

function conclude(
  { path, complaint, corrections, failure }: Outcome,
  line: CommandLine,
  out: Output,
  exitCode: number,
): number {
  if (failure !== undefined) {
    out.status(report(path.join('.'), failure.error, line.globals.debug));
    return failure.error instanceof UsageError ? 2 : 1;
  }
  if (complaint === '') return exitCode;
  const command = path.join(' ');
  const hint =
    corrections === undefined || corrections.length === 0
      ? `\nRun ${command} --help to see what there is.`
      : `\nMaybe you meant:\n${corrections.map((each) => `  ${command} ${each}`).join('\n')}`;
  out.status(`ERROR: (${path.join('.')}) ${complaint.trim()}${hint}`);
  return 2;
}

function isRun(inputs: readonly string[]): boolean {
  return inputs.find((input) => !input.startsWith('-')) === 'run';
}

/** The line, or lines, that tell what went wrong. What the server said is kept on one line. */
function report(path: string, error: unknown, debug: boolean): string {
  const head = `ERROR: (${path})`;
  const stack = debug && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  if (error instanceof ApiError) {
    const advice = adviceFor(error);
    return `${head} ${error.status}: ${oneLine(error.message)}${advice === undefined ? '' : `\n${advice}`}${stack}`;
  }
  if (error instanceof CliError || error instanceof ClientError) return `${head} ${printable(error.message)}${stack}`;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `${head} coffer crashed (${oneLine(what)}): please report this; --verbosity=debug shows where${stack}`;
}
