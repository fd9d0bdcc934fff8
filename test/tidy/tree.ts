// Walks the files that belong to the repository, for the tidy tests: everything but what is installed, built,
// generated from somebody else's definitions, or a fixture that is bad on purpose.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../support/start.ts';

const SKIPPED = new Set(['.git', 'node_modules', 'build', 'coverage', '__pycache__', '.venv', '.mypy_cache']);
const FOREIGN = new Set(['gen', 'proto', 'test/fixtures/lint', 'package-lock.json']);

/** Paths relative to the repository, with `/`, in order. */
export function tree(folder = ''): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(repository, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (SKIPPED.has(entry.name) || FOREIGN.has(path)) continue;
    if (entry.isDirectory()) found.push(...tree(path));
    else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}

export function text(path: string): string {
  return readFileSync(join(repository, path), 'utf8');
}
