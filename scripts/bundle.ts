// Bundles src/main.ts and all it can load into build/ (or the folder named as argument), which the launcher runs while it is newer than the sources:
// program.mjs is everything in one file, serving.mjs what a worker thread runs; coffer.mjs and worker.mjs start them
// with V8's compile cache beside them. What the sources
// import() stays lazy, and so does each module of Node's: a plain bundle would load them all at start.
// Starting a command costs 45 ms of CPU this way, 100 ms from a plain bundle, 120 ms from the sources.

import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const startOf = (program: string) => `import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// In a folder of its owner, never in the shared directory for temporary files: who writes there writes our code.
enableCompileCache(join(import.meta.dirname, 'cache'));
await import('./${program}');
`;

/** Turns imports of Node's modules into a call at first use, as esbuild does for CommonJS modules. */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    const known = new Set(builtinModules);
    onResolve({ filter: /^(node:)?[a-z0-9_/]+$/ }, ({ path }) => {
      if (!path.startsWith('node:') && !known.has(path)) return undefined;
      return { path: `node:${path.replace(/^node:/, '')}`, namespace: 'builtin', sideEffects: false };
    });
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

const root = join(import.meta.dirname, '..');
const folder = resolve(process.argv[2] ?? join(root, 'build'));
const begun = new Date();
mkdirSync(folder, { recursive: true });

await build({
  absWorkingDir: root,
  entryPoints: { 'program.new': 'src/main.ts', 'serving.new': 'src/threads/worker.ts' },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [lazyBuiltins],
});
rmSync(join(folder, 'cache'), { recursive: true, force: true });
for (const program of ['serving.mjs', 'program.mjs']) {
  renameSync(join(folder, program.replace('.mjs', '.new.mjs')), join(folder, program));
}
const begin = (file: string, program: string): string => {
  const start = join(folder, file);
  writeFileSync(`${start}.new`, startOf(program));
  // A source that changes while the bundle is made must count as newer than it.
  utimesSync(`${start}.new`, begun, begun);
  renameSync(`${start}.new`, start);
  return start;
};
begin('worker.mjs', 'serving.mjs');
const start = begin('coffer.mjs', 'program.mjs');
// Proves that it starts, and fills the cache.
execFileSync(process.execPath, [start, 'version'], { stdio: ['ignore', 'ignore', 'inherit'] });
