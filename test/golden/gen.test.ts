// The generated code is what the vendored protos make, offline and byte for byte.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cleanEnv } from '../support/clean-env.ts';
import { repository, scratch } from '../support/start.ts';

test('gen/ is what proto/ makes', () => {
  const out = scratch();
  const bin = join(repository, 'node_modules/.bin');
  const path = `${join(process.execPath, '..')}:${bin}:${process.env['PATH']}`;
  const run = spawnSync(join(bin, 'buf'), ['generate', '--output', out], {
    cwd: repository,
    env: { ...cleanEnv({}), PATH: path, HOME: out },
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  const files = (root: string) => globSync('**/*.{js,ts}', { cwd: join(root, 'gen') }).sort();
  assert.deepEqual(files(repository), files(out));
  for (const file of files(out)) {
    const text = (root: string) => readFileSync(join(root, 'gen', file), 'utf8');
    assert.equal(text(repository), text(out), `gen/${file} is old: run 'npm run generate'`);
  }
});
