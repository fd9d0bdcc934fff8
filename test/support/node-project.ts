// A folder of Node programs with packages of their own, installed once for each state of its files and kept outside the
// tree, so that what only a test needs weighs on nobody's install.

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execute } from './coffer.ts';

const INSTALL_MS_MAX = 4 * 60_000;

/** Where the programs of `folder` can be run from. Throws with npm's own words where it cannot be installed. */
export async function nodeProject(folder: string): Promise<string> {
  const names = readdirSync(folder).sort();
  const hash = createHash('sha256').update(process.version);
  for (const name of names) hash.update(name).update(readFileSync(join(folder, name)));
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'coffer/node');
  const place = join(cache, hash.digest('hex').slice(0, 24));
  if (existsSync(place)) return place;
  // Renamed when it is whole: two test runs may make it at once.
  const making = `${place}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  for (const name of names) cpSync(join(folder, name), join(making, name));
  const npm = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const made = await execute('npm', npm, { cwd: making, env: process.env, timeoutMs: INSTALL_MS_MAX });
  if (made.code !== 0) throw new Error(`npm ci failed:\n${made.stdout}${made.stderr}`);
  renameSync(making, place);
  return place;
}
