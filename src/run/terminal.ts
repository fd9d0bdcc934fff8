// A pseudo-terminal for a child whose output is masked: programs that look whether stdout is a terminal still see one.
// util-linux script(1) makes it and copies both ways; what it copies out comes to us through a pipe, is masked and goes
// on to the real terminal. Only what is a terminal outside is one inside: other descriptors are led past it (5 is the
// caller's stdin, 6 its stderr). The child's own pid comes out on descriptor 4, so that signals reach it directly.

import { execFileSync } from 'node:child_process';
import { chainShell, findTool, shellQuote } from './command.ts';

/** One argument of exec may have 128 KiB on Linux (MAX_ARG_STRLEN); script takes the whole command as one. */
const COMMAND_BYTES_MAX = 100_000;
const TOOL_MS_MAX = 5_000;
/** What the shells of the chain would read or change, given back to the child as it was. */
const RESTORED = ['SHELL', 'BASH_ENV', 'ENV'];

export interface Terminal {
  readonly argv: string[];
  readonly env: Record<string, string>;
  /** False where the caller's stdin, or stderr, goes past the pseudo-terminal. */
  readonly stdinInside: boolean;
  readonly stderrInside: boolean;
}

/** `argv` inside a pseudo-terminal; undefined where there is no util-linux script, or the command is too long for it. */
export function insideTerminal(argv: readonly string[], env: Record<string, string>): Terminal | undefined {
  const script = findTool('script', env);
  if (script === undefined || !isUtilLinux(script)) return undefined;
  const stdinInside = process.stdin.isTTY === true;
  const stderrInside = process.stderr.isTTY === true;
  const { columns, rows } = process.stdout;
  const steps = [
    "printf 'pid %s\\n' $$ >&4",
    'exec 4>&-',
    // script takes the window's size from its stdin, and leaves line ends to the outer terminal only if it has that.
    ...(stdinInside ? [] : [`stty -onlcr ${columns && rows ? `cols ${columns} rows ${rows}` : ''} <&1 2>/dev/null`]),
    ...(stdinInside ? [] : ['exec <&5 5<&-']),
    ...(stderrInside ? [] : ['exec 2>&6 6>&-']),
    ...RESTORED.map((name) => (env[name] === undefined ? `unset ${name}` : `export ${name}=${shellQuote(env[name])}`)),
    `exec ${argv.map(shellQuote).join(' ')}`,
  ];
  const text = steps.join('; ');
  if (Buffer.byteLength(text) > COMMAND_BYTES_MAX) return undefined;
  const { BASH_ENV: _bashEnv, ENV: _env, ...rest } = env;
  return {
    argv: [script, '-qefc', text, '/dev/null'],
    env: { ...rest, SHELL: chainShell()[0] },
    stdinInside,
    stderrInside,
  };
}

function isUtilLinux(script: string): boolean {
  try {
    return execFileSync(script, ['--version'], { timeout: TOOL_MS_MAX, stdio: ['ignore', 'pipe', 'ignore'] }).includes(
      'util-linux',
    );
  } catch {
    return false;
  }
}
