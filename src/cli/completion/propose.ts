// `coffer __complete WORD…`, which the scripts of `coffer completion` call: what the last word could become, one proposal
// a line, with a tab before what it means. It is silent about everything else: a shell in the midst of a line is no
// place for errors.

import { type ApplicationContext, proposeCompletions } from '@stricli/core';
import { buildApp } from '../app.ts';
import type { Context } from '../context.ts';
import { GLOBAL_FLAGS, type Globals, readCommandLine } from '../globals.ts';
import { type Io, Output } from '../io.ts';
import { Session } from '../session.ts';
import { oneLine } from '../text.ts';

export interface Proposal {
  readonly word: string;
  readonly brief: string;
}

/** Prints the proposals for the last of `words`, those after the program's name. Always gives 0. */
export async function complete(words: readonly string[], io: Io): Promise<number> {
  const proposals = await propose(words, io).catch((): readonly Proposal[] => []);
  io.stdout.write(proposals.map(({ word, brief }) => `${oneLine(word)}\t${oneLine(brief)}\n`).join(''));
  return 0;
}

/** What the last of `words` could become; nothing where the line before it makes no sense. */
async function propose(words: readonly string[], io: Io): Promise<readonly Proposal[]> {
  const partial = words.at(-1) ?? '';
  const before = words[0] === 'help' ? words.slice(1, -1) : words.slice(0, -1);
  // What follows `--` is another program's line.
  if (before.includes('--')) return [];
  const { globals, inputs } = readCommandLine(before);
  const [, flag, value = ''] = /^(--[a-z-]+)=(.*)$/s.exec(partial) ?? [];
  if (flag !== undefined) {
    const values = await ask([...inputs, flag, value], globals, io);
    return values.map(({ word, brief }) => ({ word: `${flag}=${word}`, brief }));
  }
  const own = (await ask([...inputs, partial], globals, io)).filter(({ word }) => word !== '--');
  // Flags crowd out names and files, so they are for whom begins one.
  if (!partial.startsWith('-')) return own.filter(({ word }) => !word.startsWith('-'));
  return [...own, ...GLOBAL_FLAGS.filter(({ word }) => word.startsWith(partial))];
}

async function ask(inputs: readonly string[], globals: Globals, io: Io): Promise<readonly Proposal[]> {
  // Nothing may be said on stderr, not even that an account is impersonated.
  const out = new Output({ ...quiet(io), env: io.env, cwd: io.cwd });
  const session = new Session(io, out, globals);
  const process: ApplicationContext['process'] = { stdout: { write: nothing }, stderr: { write: nothing } };
  const context: Context = { process, io, out, globals, session, rest: undefined, exitCode: 0 };
  try {
    const app = buildApp({ onFailure: nothing, onUnknown: nothing });
    const found = await proposeCompletions(app, inputs, context);
    return found.map(({ completion, brief }) => ({ word: completion, brief }));
  } finally {
    session.close();
  }
}

function quiet(io: Io): Pick<Io, 'stdin' | 'stdout' | 'stderr'> {
  const sink = Object.assign(Object.create(io.stderr), { write: () => true }) as Io['stderr'];
  return {
    get stdin() {
      return io.stdin;
    },
    stdout: sink,
    stderr: sink,
  };
}

function nothing(): void {}
