// Secret files where the kernel gives the child no mount namespace of its own: they lie in the run's private directory,
// in memory, and a symbolic link stands at the path that was asked for, where one can be made. The child is told the
// place in SECRETS_DIR: the file for /secrets/db is $SECRETS_DIR/secrets/db. A file is replaced by renaming over it, so
// a reader sees the old value or the new one, whole.

import {
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { RunFailure, warn } from './failure.ts';
import type { SecretFile } from './mount-plan.ts';
import type { RunDirectory } from './run-directory.ts';

export interface PlacedFiles {
  readonly env: Readonly<Record<string, string>>;
  replace(path: string, payload: Uint8Array): void;
  /** Removes links and directories that were made outside the run directory. */
  undo(): void;
}

/**
 * Writes the files and links them; says on stderr which path could not be linked.
 * @throws RunFailure where the run directory is not in memory: a payload is never written to a disk.
 */
export function placePrivately(
  files: readonly SecretFile[],
  payloadOf: (path: string) => Uint8Array,
  directory: RunDirectory,
): PlacedFiles {
  if (!directory.inMemory) {
    throw new RunFailure(
      'secret files need a private mount namespace or a memory file system, and this machine gives neither: ' +
        'make /dev/shm available, or give the secrets as variables',
    );
  }
  const root = directory.directory('secrets');
  const made: { path: string; target?: string }[] = [];
  const unlinked: string[] = [];
  for (const file of files) {
    const target = join(root, file.path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    writeFileSync(target, payloadOf(file.path), { mode: 0o400, flag: 'wx' });
    if (!link(file.path, target, made)) unlinked.push(file.path);
  }
  if (unlinked.length > 0) {
    warn(`no private mount namespace here, so the child finds ${unlinked.join(', ')} below $SECRETS_DIR (${root})`);
  }
  return {
    env: { SECRETS_DIR: root },
    replace: (path, payload) => {
      const next = join(directory.path, 'next-secret');
      writeFileSync(next, payload, { mode: 0o400, flag: 'wx' });
      renameSync(next, join(root, path));
    },
    undo: () => undo(made),
  };
}

function link(path: string, target: string, made: { path: string; target?: string }[]): boolean {
  try {
    const first = mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    if (first !== undefined)
      for (let at = first; ; at = join(at, nextPart(at, path))) {
        made.push({ path: at });
        if (at === dirname(path)) break;
      }
    symlinkSync(target, path);
    made.push({ path, target });
    return true;
  } catch {
    return false;
  }
}

/** The part of `path` that follows its ancestor `above`. */
function nextPart(above: string, path: string): string {
  return path.slice(above.length + 1).split('/', 1)[0] as string;
}

function undo(made: readonly { path: string; target?: string }[]): void {
  for (const { path, target } of made.toReversed()) {
    try {
      if (target === undefined) rmdirSync(path);
      else if (lstatSync(path).isSymbolicLink() && readlinkSync(path) === target) unlinkSync(path);
    } catch {
      // The child removed it, or put something of its own there.
    }
  }
}
