// Finds programs before anything is started: the child's command, so that a missing one is 127 and one that may not be
// executed 126, as shells have it; and the system tools that a run makes use of where they exist.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RunFailure } from './failure.ts';

const STANDARD_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Checks that `command` can be executed, looking it up in PATH where it has no slash.
 * @throws RunFailure with exit code 127 (not found) or 126 (found, not executable).
 */
export function assertExecutable(command: string, env: NodeJS.ProcessEnv): void {
  const path = env['PATH'] ?? STANDARD_PATH;
  const candidates = command.includes('/') ? [resolve(command)] : candidatesIn(path, command);
  if (candidates.some(isExecutable)) return;
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) throw new RunFailure(`${command}: command not found`, 127);
  throw new RunFailure(`${command}: ${isDirectory(found) ? 'is a directory' : 'permission denied'}`, 126);
}

/** The full path of a system tool, in PATH or where systems keep root's; undefined where there is none. */
export function findTool(name: string, env: NodeJS.ProcessEnv): string | undefined {
  return candidatesIn(env['PATH'] ? `${env['PATH']}:/usr/sbin:/sbin` : STANDARD_PATH, name).find(isExecutable);
}

/** A word as POSIX shells read it back unchanged. */
export function shellQuote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * A shell that hands its environment on unchanged: dash drops variables whose names it could not assign, bash keeps
 * them. Privileged mode (-p) keeps bash from running the user's $BASH_ENV.
 */
export function chainShell(): readonly [path: string, ...flags: string[]] {
  for (const bash of ['/bin/bash', '/usr/bin/bash']) if (isExecutable(bash)) return [bash, '-p'];
  return ['/bin/sh'];
}

function candidatesIn(path: string, name: string): string[] {
  if (name === '') return [];
  // An empty part of PATH is the current directory.
  return path.split(':').map((directory) => join(resolve(directory), name));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return !isDirectory(path);
  } catch {
    return false;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
