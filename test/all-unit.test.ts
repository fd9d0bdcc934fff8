// Runs all unit and tidy tests in this one process: starting a process for each file would take most of the time.
// They must therefore leave nothing behind: no open server, no changed environment, no mocked timer. Each file is a
// suite of its own, so that its hooks are its own too.

import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { repository } from './support/start.ts';

for (const file of globSync(['src/**/*.test.ts', 'test/tidy/*.test.ts'], { cwd: repository }).sort()) {
  describe(file, async () => {
    await import(join(repository, file));
  });
}
