// The private directory of one run (0700): CA bundle, Node hook, empty gcloud configuration. It lies in memory wherever
// the system has a place for that, and goes when the run ends; one left by a killed run goes at the next run.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Magic numbers of statfs(2): TMPFS_MAGIC and RAMFS_MAGIC. */
const MEMORY_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
const LEFTOVERS_MAX = 100;

export interface RunDirectory {
  readonly path: string;
  /** True where nothing in it ever reaches a disk (but for swap). */
  readonly inMemory: boolean;
  /** Writes a file that only this user can read; gives its path. */
  write(name: string, content: string | Uint8Array): string;
  /** Makes a directory inside; gives its path. */
  directory(name: string): string;
  remove(): void;
}

/** Makes the directory in the first usable place: $XDG_RUNTIME_DIR, /dev/shm, the system's temporary directory. */
export function makeRunDirectory(env: NodeJS.ProcessEnv): RunDirectory {
  const places = [env['XDG_RUNTIME_DIR'], '/dev/shm'].filter(
    (place): place is string => place !== undefined && isAbsolute(place) && isInMemory(place),
  );
  for (const place of [...places, tmpdir()]) {
    removeLeftovers(place);
    try {
      return runDirectoryAt(mkdtempSync(join(place, `coffer-run-${process.pid}-`)));
    } catch (error) {
      if (place === tmpdir()) throw error;
    }
  }
  throw new Error('no directory for this run');
}

/** True where `path` is on a file system that is kept in memory. */
export function isInMemory(path: string): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return MEMORY_FILE_SYSTEMS.has(statfsSync(path).type);
  } catch {
    return false;
  }
}

function runDirectoryAt(path: string): RunDirectory {
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(path, { recursive: true, force: true });
  };
  // The last net, for an end that passes by the ordinary way out.
  process.on('exit', remove);
  return {
    path,
    inMemory: isInMemory(path),
    write(name, content) {
      const file = join(path, name);
      writeFileSync(file, content, { mode: 0o400, flag: 'wx' });
      return file;
    },
    directory(name) {
      const directory = join(path, name);
      mkdirSync(directory, { mode: 0o700 });
      return directory;
    },
    remove,
  };
}

/** Directories of runs that ended by SIGKILL: this user's, named after a process that is no more. */
function removeLeftovers(place: string): void {
  if (process.platform !== 'linux') return;
  let names: string[];
  try {
    names = readdirSync(place).filter((name) => name.startsWith('coffer-run-'));
  } catch {
    return;
  }
  for (const name of names.slice(0, LEFTOVERS_MAX)) {
    const pid = /^coffer-run-(\d+)-[A-Za-z0-9]{6}$/.exec(name)?.[1];
    const path = join(place, name);
    try {
      if (pid === undefined || existsSync(`/proc/${pid}`) || statSync(path).uid !== process.getuid?.()) continue;
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Another run is faster, or it is not ours after all.
    }
  }
}
