// Python environments for tests, made once for each requirements file and kept outside the tree. A marker written last
// says that one is whole; a lock keeps two test files from making the same one. It is built in its final place, since
// the programs of a virtual environment hold their own path.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CofferResult, execute } from './coffer.ts';

const BUILD_MS_MAX = 8 * 60_000;
const LOCK_POLL_MS = 200;

/**
 * The path of a Python that has what `requirementsFile` names, its programs (uvicorn, …) beside it.
 * Takes a minute the first time. Throws with pip's own words where it cannot be made.
 */
export async function pythonVenv(requirementsFile: string): Promise<string> {
  const version = await mustRun('python3', ['-c', 'import sys, platform; print(sys.version, platform.machine())']);
  const hash = createHash('sha256').update(version.stdout).update(readFileSync(requirementsFile)).digest('hex');
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'coffer/venv');
  const folder = join(cache, hash.slice(0, 24));
  const python = join(folder, 'bin/python');
  const marker = join(folder, 'complete');
  if (existsSync(marker)) return python;
  mkdirSync(cache, { recursive: true });
  const unlock = await lock(`${folder}.lock`);
  try {
    if (existsSync(marker)) return python;
    rmSync(folder, { recursive: true, force: true });
    await makeVenv(folder);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
    await mustRun(python, [...pip, '--only-binary=:all:', '-r', requirementsFile]);
    writeFileSync(marker, '');
    return python;
  } finally {
    unlock();
  }
}

async function makeVenv(folder: string): Promise<void> {
  const made = await run('python3', ['-m', 'venv', folder]);
  if (made.code === 0) return;
  // Debian keeps a part of venv in a package of its own.
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    await mustRun('apt-get', ['update', '-qq']);
    await mustRun('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'python3-venv']);
    rmSync(folder, { recursive: true, force: true });
    await mustRun('python3', ['-m', 'venv', folder]);
    return;
  }
  throw new Error(`python3 -m venv failed (on Debian, install python3-venv):\n${made.stdout}${made.stderr}`);
}

function run(program: string, args: readonly string[]): Promise<CofferResult> {
  return execute(program, args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeoutMs: BUILD_MS_MAX,
  });
}

async function mustRun(program: string, args: readonly string[]): Promise<CofferResult> {
  const result = await run(program, args);
  if (result.code !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
  return result;
}

/** Waits until this process owns the lock file; takes it over from a process that is gone. */
async function lock(file: string): Promise<() => void> {
  for (const until = Date.now() + BUILD_MS_MAX; Date.now() < until; await sleep(LOCK_POLL_MS)) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (!alive(file)) rmSync(file, { force: true });
    }
  }
  throw new Error(`${file} is held by another test run: remove it if there is none`);
}

function alive(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // An empty file was made this instant and gets its number next.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
