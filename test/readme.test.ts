// The first five minutes of README.md, as printed there, against a real server: each command in order, the first that
// fails ends it. The launcher is the repository's own, called through a link in an empty directory.

import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { execute } from './support/coffer.ts';
import { repository, scratch, startServer } from './support/start.ts';
import { pythonVenv } from './support/venv.ts';

test('the walk through of README.md works as printed', async () => {
  const readme = readFileSync(join(repository, 'README.md'), 'utf8');
  const section = /^## The first five minutes$(.*?)^## /ms.exec(readme)?.[1] ?? '';
  const commands = [...section.matchAll(/^```sh$(.*?)^```$/gms)].map(([, block]) => block).join('\n');
  assert.match(commands, /coffer secrets create/);
  const python = await pythonVenv(join(repository, 'test/sdk/python/requirements.txt'));
  const server = await startServer();
  try {
    const cwd = scratch();
    symlinkSync(join(repository, 'coffer'), join(cwd, 'coffer'));
    const PATH = [dirname(python), process.env['PATH']].join(delimiter);
    const result = await execute('bash', ['-euo', 'pipefail', '-c', commands], { cwd, env: { ...server.env, PATH } });
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /^super-secret-db-password/);
    assert.match(result.stdout, /^24 bytes$/m);
    assert.match(result.stdout, /^the password is \*\*\*$/m);
    assert.match(result.stdout, /versions\.access +serviceAccount:my-service@/);
    assert.doesNotMatch(result.stdout.slice(25), /super-secret/);
  } finally {
    await server.stop();
  }
});
