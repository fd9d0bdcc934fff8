// Completes package-lock.json after `npm install`. Some registries do not carry the binaries of every platform; npm then
// leaves those optional packages out of the lock, and `npm ci` refuses such a lock everywhere. This adds them by name
// and version, bound to their platform, so that only that platform ever asks for them. They carry no hash: npm
// fills it in where it can. Only development tools have such packages. Run by `make lock`.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Entry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly license?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Platform {
  readonly os: readonly string[];
  readonly cpu: readonly string[];
  readonly libc?: readonly string[];
}

/** The platform that a name like `@scope/tool-linux-x64-musl` ends in; undefined where it names none. */
export function platformOf(name: string): Platform | undefined {
  const found =
    /-(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-([a-z0-9]+)(?:-([a-z]+))?$/.exec(name);
  const [, os, architecture, abi = ''] = found ?? [];
  if (os === undefined || architecture === undefined) return undefined;
  const cpu = /^arm(v\d)?$/.test(architecture) ? 'arm' : architecture;
  const libc = abi.startsWith('musl') ? ['musl'] : os === 'linux' && abi.startsWith('gnu') ? ['glibc'] : undefined;
  return { os: [os], cpu: [cpu], ...(libc && { libc }) };
}

/** The optional packages that the lock's packages ask for and the lock does not have: name to version and asker. */
export function missing(packages: Readonly<Record<string, Entry>>): Map<string, { version: string; asker: Entry }> {
  const found = new Map<string, { version: string; asker: Entry }>();
  for (const [path, asker] of Object.entries(packages)) {
    if (path === '') continue;
    for (const [name, version] of Object.entries(asker.optionalDependencies ?? {})) {
      const places = [`node_modules/${name}`, `${path}/node_modules/${name}`];
      if (!places.some((place) => place in packages)) found.set(name, { version, asker });
    }
  }
  return found;
}

function complete(file: string): void {
  const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Entry> };
  for (const [name, { version, asker }] of missing(lock.packages)) {
    const platform = platformOf(name);
    if (platform === undefined || asker.dev !== true) {
      throw new Error(`${name} is missing from the lock and is no platform's binary of a development tool`);
    }
    const { license } = asker;
    lock.packages[`node_modules/${name}`] = {
      version,
      dev: true,
      ...(license && { license }),
      optional: true,
      ...platform,
    } as Entry;
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}

if (import.meta.main) complete(join(import.meta.dirname, '../package-lock.json'));
