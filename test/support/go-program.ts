// A Go program for tests, built once for each state of its sources and kept outside the tree; go's own caches make even a
// new build quick. Modules come through go's ordinary proxy, checked against go.sum.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type CofferResult, execute } from './coffer.ts';

/** From nothing, with the standard library and gRPC to compile on a small machine. */
const BUILD_MS_MAX = 8 * 60_000;

/** Why no Go program can be built here; undefined where one can. */
export async function whyNoGo(): Promise<string | undefined> {
  try {
    const { code } = await go(['version']);
    return code === 0 ? undefined : 'go does not run';
  } catch {
    return 'go is not installed';
  }
}

/** The path of the program that `folder` holds the sources of. Throws with go's own words where it cannot be built. */
export async function goProgram(folder: string): Promise<string> {
  const hash = createHash('sha256').update((await go(['version'])).stdout);
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'coffer/go');
  const program = join(cache, hash.digest('hex').slice(0, 24));
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  // Renamed when it is whole: two test runs may build it at once.
  const making = `${program}.${process.pid}`;
  const built = await go(['build', '-mod=readonly', '-buildvcs=false', '-o', making, '.'], folder);
  if (built.code !== 0) throw new Error(`go build failed:\n${built.stdout}${built.stderr}`);
  renameSync(making, program);
  return program;
}

function go(args: readonly string[], cwd?: string): Promise<CofferResult> {
  const env = { ...process.env, CGO_ENABLED: '0' };
  return execute('go', args, { env, timeoutMs: BUILD_MS_MAX, ...(cwd === undefined ? {} : { cwd }) });
}
