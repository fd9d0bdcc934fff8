// Programs under strace: to see in which order system calls happen, or to make one of them fail. Where strace is not
// installed and we are root on Debian, it is installed; where it cannot be, or may not trace, tests are skipped and say
// so, but with CI=true that is a failure.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CofferResult, execute } from './coffer.ts';
import { scratch } from './start.ts';

const INSTALL_MS_MAX = 5 * 60_000;
/** Of each call: more than any single write has. */
const SHOWN_BYTES = 8 * 1024 * 1024;

/** Why nothing can be traced here, or undefined where it can: `{ skip: whyNoStrace() ?? false }`. */
export function whyNoStrace(): string | undefined {
  let why = 'strace is not installed, or may not trace';
  if (!canTrace() && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    try {
      install();
    } catch (error) {
      why = `strace cannot be installed: ${(error as Error).message}`;
    }
  }
  if (canTrace()) return undefined;
  if (process.env['CI'] === 'true') throw new Error(why);
  return why;
}

function canTrace(): boolean {
  return spawnSync('strace', ['-f', '-qq', '-e', 'trace=none', 'true']).status === 0;
}

function install(): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeout: INSTALL_MS_MAX, stdio: ['ignore', 'ignore', 'pipe'] as const };
  execFileSync('apt-get', ['update', '-qq'], { ...options, stdio: [...options.stdio] });
  const quiet = ['install', '-y', '-qq', '--no-install-recommends', 'strace'];
  execFileSync('apt-get', quiet, { ...options, stdio: [...options.stdio] });
}

export interface Fault {
  /** The system call. */
  readonly call: string;
  readonly fault: 'EIO' | 'ENOSPC' | 'SIGKILL';
  /** Which one of each thread fails, from 1. */
  readonly when: number;
  /** Counts only calls on these files. */
  readonly paths?: readonly string[];
}

export interface Injected extends CofferResult {
  /** Whether the program came as far as the call that was to fail. */
  readonly wasHit: boolean;
}

/** Runs a program of which one system call fails, or that is killed at it. */
export async function runInjected(
  { call, fault, when, paths = [] }: Fault,
  program: string,
  args: readonly string[],
): Promise<Injected> {
  const log = join(scratch(), 'strace.log');
  const what = fault === 'SIGKILL' ? 'signal=SIGKILL' : `error=${fault}`;
  const only = paths.flatMap((path) => ['-P', path]);
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:${what}:when=${when}`, ...only];
  // Quicker, and blind to signals.
  const filter = fault === 'SIGKILL' ? [] : ['--seccomp-bpf'];
  const result = await execute('strace', ['-f', ...filter, '-qq', '-s', '0', '-o', log, ...inject, program, ...args]);
  const traced = readFileSync(log, 'latin1');
  rmSync(log);
  const wasHit = fault === 'SIGKILL' ? /\+\+\+ killed by SIGKILL/.test(traced) : traced.includes('(INJECTED)');
  return { ...result, wasHit };
}

/** Runs a server of which one system call fails, or that is killed at it, and its process stays its own. */
export function injecting({ call, fault, when }: Fault): readonly [string, ...string[]] {
  const what = fault === 'SIGKILL' ? 'signal=SIGKILL' : `error=${fault}`;
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:${what}:when=${when}`];
  return ['strace', '-D', '-f', '-qq', '-s', '0', '-o', '/dev/null', ...inject];
}

/** Runs a server so that `log` gets all that it writes and syncs, with every byte, and its process stays its own. */
export function tracing(log: string): readonly [string, ...string[]] {
  const calls = ['write', 'writev', 'pwrite64', 'pwritev', 'fsync', 'fdatasync', 'sendto', 'sendmsg'];
  return ['strace', '-D', '-f', '-q', '-y', '-s', String(SHOWN_BYTES), '-o', log, '-e', `trace=${calls.join()}`];
}

/** A system call in a log of `strace -f -y`. */
export interface TracedCall {
  readonly name: string;
  /** The file or socket of the first argument, as -y shows it; empty where there is none. */
  readonly file: string;
  /** All of the arguments, as strace writes them. */
  readonly args: string;
  /** Below 0 where it failed. */
  readonly result: number;
  /** Its place among all that happened: where it was begun, and where it had ended. */
  readonly began: number;
  readonly ended: number;
}

const BEGUN = /^(\d+) +([a-z0-9_]+)\((.*?)(?: <unfinished \.\.\.>|\) += (-?\d+|\?).*)$/s;
const RESUMED = /^(\d+) +<\.\.\. ([a-z0-9_]+) resumed>(.*)\) += (-?\d+|\?)/s;

/** The calls of a log in the order in which they were begun. Those that never ended are left out. */
export function readTrace(log: string): readonly TracedCall[] {
  const calls: TracedCall[] = [];
  const open = new Map<string, Omit<TracedCall, 'ended' | 'result'>>();
  for (const [place, line] of readFileSync(log, 'latin1').split('\n').entries()) {
    const resumed = RESUMED.exec(line);
    if (resumed !== null) {
      const [, thread = '', , rest = '', result] = resumed;
      const begun = open.get(thread);
      if (begun !== undefined) calls.push({ ...begun, args: begun.args + rest, result: Number(result), ended: place });
      open.delete(thread);
      continue;
    }
    const [, thread = '', name = '', args = '', result] = BEGUN.exec(line) ?? [];
    if (name === '') continue;
    const call = { name, args, file: /^\d+<((?:[^>\\]|->|\\.)*)>/.exec(args)?.[1] ?? '', began: place };
    if (result === undefined) open.set(thread, call);
    else calls.push({ ...call, result: Number(result), ended: place });
  }
  return calls.toSorted((a, b) => a.began - b.began);
}
