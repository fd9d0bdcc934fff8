// Runs all unit and tidy tests in this one process: starting a process for each file would take most of the time.
// They must therefore leave nothing behind: no open server, no changed environment, no mocked timer.

import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repository } from './support/start.ts';

for (const file of globSync(['src/**/*.test.ts', 'test/tidy/*.test.ts'], { cwd: repository }).sort()) {
  try {
    await import(join(repository, file));
  } catch (error) {
    // One file that does not load must not hide the others.
    test(file, () => {
      throw error;
    });
  }
}
