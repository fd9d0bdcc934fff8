// A backup that is not there: one line that names it, and a status, however long the rest of the command takes.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CofferResult, coffer, execute } from '../support/coffer.ts';
import { entry, scratch } from '../support/start.ts';
import { whyNoStrace } from '../support/strace.ts';

function check({ code, stdout, stderr }: CofferResult, file: string): void {
  assert.deepEqual([code, stdout], [1, ''], stderr);
  assert.match(stderr, new RegExp(`^ERROR: \\(coffer\\.backup\\.\\w+\\) cannot use \\[${file}\\]: ENOENT\\n$`));
}

test('it is named in one line, and nothing is made', async () => {
  const cwd = scratch();
  const file = join(cwd, 'nowhere');
  check(await coffer(['backup', 'restore', '--from=nowhere', '--data=data'], { cwd }), file);
  check(await coffer(['backup', 'verify', '--from=nowhere', '--key-file=data.key'], { cwd }), file);
  const shares = ['backup', 'restore', '--from=nowhere', '--data=data', '--shares=-'];
  check(await coffer(shares, { cwd, input: `${'0'.repeat(66)}\n` }), file);
  check(await coffer(['backup', 'restore', '--from=x', '--data=data', '--shares=nowhere'], { cwd }), file);
  assert.ok(!existsSync(join(cwd, 'data')));
});

test('also where the directory is looked at for longer', { skip: whyNoStrace() ?? false }, async () => {
  const cwd = scratch();
  mkdirSync(join(cwd, 'data'));
  const slow = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=getdents64'];
  const delay = ['-e', 'inject=getdents64:delay_enter=500000'];
  const command = [process.execPath, entry, 'backup', 'restore', '--from=nowhere', '--data=data'];
  check(await execute('strace', [...slow, ...delay, ...command], { cwd }), join(cwd, 'nowhere'));
  assert.deepEqual(readdirSync(join(cwd, 'data')), []);
});
