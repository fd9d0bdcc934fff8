// What keeps a run's secrets from outliving it in ways nobody asked for: no core dumps, of this process and so of all
// that it starts (setrlimit(2), by prlimit(1) on itself or a shell's ulimit in front of the child), and no child that
// goes on when this process is killed without a chance to end it (PR_SET_PDEATHSIG of prctl(2), by setpriv(1)).

import { execFile } from 'node:child_process';
import { chainShell, findTool } from './command.ts';

const TOOL_MS_MAX = 5_000;

export interface Guard {
  /** Puts in front of a command what gives it the parent-death signal; nothing where the system cannot. */
  bind(argv: readonly string[], signal: 'KILL' | 'TERM'): string[];
  /** Puts in front of the whole chain what still has to be done about core dumps. */
  enclose(argv: readonly string[]): string[];
}

/** Turns core dumps off for this process where the system has the tool, and finds out what a child can be given. */
export async function makeGuard(env: NodeJS.ProcessEnv): Promise<Guard> {
  const prlimit = findTool('prlimit', env);
  const setpriv = findTool('setpriv', env);
  const [hasLimit, canBind] = await Promise.all([
    prlimit === undefined ? false : succeeds(prlimit, ['--pid', String(process.pid), '--core=0:0']),
    setpriv === undefined ? false : succeeds(setpriv, ['--pdeathsig', 'KILL', '--', setpriv, '--version']),
  ]);
  return {
    bind: (argv, signal) =>
      canBind && setpriv !== undefined ? [setpriv, '--pdeathsig', signal, '--', ...argv] : [...argv],
    enclose: (argv) =>
      hasLimit ? [...argv] : [...chainShell(), '-c', 'ulimit -c 0; exec "$@"', 'coffer-run', ...argv],
  };
}

function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: TOOL_MS_MAX }, (error) => resolve(error === null));
  });
}
