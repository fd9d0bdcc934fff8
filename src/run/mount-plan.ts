// How each secret file comes to stand at exactly its path inside the child's own mount namespace, hiding as little as
// possible. A file that exists is covered by the secret. A missing one in a directory that this user may write gets an
// empty placeholder to cover; a missing or empty directory gets a memory file system; and above a directory that may not
// be written, the nearest existing one is mirrored: a memory file system that holds everything it held.
// On the real file system only empty files and directories are ever made, and they go when the run ends.

import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { RunFailure } from './failure.ts';

export interface SecretFile {
  readonly path: string;
  /** True where the file is replaced when its secret has a new current version. */
  readonly follows: boolean;
}

export interface MountPlan {
  /** Laid over an existing file. */
  readonly covers: readonly SecretFile[];
  /** Directories that become memory file systems. */
  readonly fresh: readonly string[];
  /** Directories that become memory file systems with all their entries led through, and their modes. */
  readonly mirrors: readonly { readonly path: string; readonly mode: number }[];
  /** Written into one of those; `under` says which. */
  readonly written: readonly (SecretFile & { readonly under: string })[];
  /** Removes what was made on the real file system, but for what another run's child has mounted over. */
  undo(): void;
}

/** A path that no mount can serve here; the run falls back to a private directory. */
export class Unplaceable extends Error {}

/** Mirroring is one mount an entry: more than this would slow the start down by a second. */
const MIRROR_ENTRIES_MAX = 500;

class Planner {
  readonly covers: SecretFile[] = [];
  readonly fresh: string[] = [];
  readonly mirrors: { path: string; mode: number }[] = [];
  readonly written: (SecretFile & { under: string })[] = [];
  readonly #madeDirectories: string[] = [];
  readonly #placeholders: { path: string; inode: number }[] = [];
  readonly #workingDirectory: string;

  constructor(workingDirectory: string) {
    this.#workingDirectory = workingDirectory;
  }

  place(file: SecretFile): void {
    const found = look(file.path);
    if (found !== undefined) {
      if (!found.isFile())
        throw new RunFailure(`--set-secrets: ${file.path} exists and is not a file: choose another path`);
      this.covers.push(file);
      return;
    }
    const parent = dirname(file.path);
    const anchor = nearestDirectory(parent);
    const isMemory = this.fresh.includes(anchor) || this.mirrors.some(({ path }) => path === anchor);
    if (isMemory) this.written.push({ ...file, under: anchor });
    else if (anchor === parent && isEmpty(anchor) && anchor !== this.#workingDirectory) this.#refresh(anchor, file);
    else if (!mayWrite(anchor)) this.#mirror(anchor, file);
    else if (anchor === parent) this.#cover(file);
    else {
      this.#make(parent, anchor);
      this.#refresh(parent, file);
    }
  }

  undo(): void {
    if (this.#placeholders.length === 0 && this.#madeDirectories.length === 0) return;
    const elsewhere = mountPointsElsewhere();
    for (const { path, inode } of this.#placeholders) {
      quietly(() => {
        const now = lstatSync(path);
        if (now.ino === inode && now.size === 0 && !elsewhere.has(realpathSync(path))) unlinkSync(path);
      });
    }
    for (const path of this.#madeDirectories.toReversed()) {
      quietly(() => {
        if (!elsewhere.has(realpathSync(path))) rmdirSync(path);
      });
    }
  }

  #refresh(directory: string, file: SecretFile): void {
    this.fresh.push(directory);
    this.written.push({ ...file, under: directory });
  }

  #mirror(directory: string, file: SecretFile): void {
    if (entriesOf(directory).length > MIRROR_ENTRIES_MAX) throw new Unplaceable(`${directory} has too many entries`);
    this.mirrors.push({ path: directory, mode: statSync(directory).mode & 0o777 });
    this.written.push({ ...file, under: directory });
  }

  #cover(file: SecretFile): void {
    const fd = attempt(() => openSync(file.path, constants.O_CREAT | constants.O_EXCL | constants.O_RDONLY, 0o400));
    this.#placeholders.push({ path: file.path, inode: fstatSync(fd).ino });
    closeSync(fd);
    this.covers.push(file);
  }

  #make(directory: string, anchor: string): void {
    const missing: string[] = [];
    for (let at = directory; at !== anchor; at = dirname(at)) missing.unshift(at);
    for (const path of missing) {
      attempt(() => mkdirSync(path, 0o755));
      this.#madeDirectories.push(path);
    }
  }
}

/**
 * Plans all files together and makes what the mounts need on the real file system.
 * @throws RunFailure where a path is taken by something else than a file; Unplaceable where no mount can help.
 */
export function planMounts(files: readonly SecretFile[], workingDirectory: string): MountPlan {
  const planner = new Planner(workingDirectory);
  try {
    for (const file of files.toSorted((one, other) => (one.path < other.path ? -1 : 1))) planner.place(file);
  } catch (error) {
    planner.undo();
    throw error;
  }
  const { covers, fresh, mirrors, written } = planner;
  return { covers, fresh, mirrors, written, undo: () => planner.undo() };
}

function look(path: string): Stats | undefined {
  try {
    const found = lstatSync(path);
    return found.isSymbolicLink() ? statSync(path) : found;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR')
      throw new RunFailure(`--set-secrets: a part of ${path} is not a directory: choose another path`);
    throw new Unplaceable(`${path}: ${code}`);
  }
}

function nearestDirectory(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    const found = look(at);
    if (found?.isDirectory()) return at;
    if (found !== undefined) throw new RunFailure(`--set-secrets: ${at} is not a directory: choose another path`);
  }
}

function entriesOf(directory: string): string[] {
  return attempt(() => readdirSync(directory));
}

function isEmpty(directory: string): boolean {
  try {
    return readdirSync(directory).length === 0;
  } catch {
    return false;
  }
}

function mayWrite(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Unplaceable((error as NodeJS.ErrnoException).code ?? 'unknown');
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // Gone already, or in use again: not ours to remove then.
  }
}

/**
 * Mount points in other processes' namespaces. Removing a directory or file would silently undo a mount that another
 * run's child has on it (mount_namespaces(7)).
 */
function mountPointsElsewhere(): ReadonlySet<string> {
  const points = new Set<string>();
  const seen = new Set<string>([readlinkSync('/proc/self/ns/mnt')]);
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    quietly(() => {
      const namespace = readlinkSync(join('/proc', pid, 'ns/mnt'));
      if (seen.has(namespace)) return;
      seen.add(namespace);
      for (const line of readFileSync(join('/proc', pid, 'mountinfo'), 'utf8').split('\n')) {
        const point = line.split(' ')[4];
        if (point !== undefined)
          points.add(point.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
      }
    });
  }
  return points;
}
