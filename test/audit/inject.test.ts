// Case 34: every few calls of one kind fail, as strace makes them. No acknowledged record is missing, every copy is
// settled in the end, and the chain holds.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { execute } from '../support/coffer.ts';

const child = join(import.meta.dirname, 'inject-child.ts');
const canInject = spawnSync('strace', ['-qq', '-e', 'trace=none', 'true']).status === 0;
const skip = canInject ? false : 'strace is not installed, or may not trace';

/** The call, its error, the first that fails and the step to the next. Whether appends are refused by it. */
const INJECTIONS = [
  ['pwrite64', 'EIO', '3+4', true],
  ['pwrite64', 'ENOSPC', '2+2', true],
  ['fdatasync', 'EIO', '2+3', false],
  ['fsync', 'EIO', '1+2', false],
] as const;

describe('failing system calls', { skip, concurrency: 2 }, () => {
  for (const [call, error, when, refuses] of INJECTIONS) {
    test(`${call} answers ${error}`, async (context) => {
      const directory = mkdtempSync(join(tmpdir(), 'coffer-audit-inject-'));
      context.after(() => rmSync(directory, { recursive: true }));
      const node = [process.execPath, '--disable-warning=ExperimentalWarning', child, directory];
      // strace counts the calls of each thread: with one for all files, every failure is followed by what it is to be.
      const injection = [
        '-E',
        'UV_THREADPOOL_SIZE=1',
        '-e',
        `trace=${call}`,
        '-e',
        `inject=${call}:error=${error}:when=${when}`,
      ];
      const result = await execute('strace', ['-f', '-qq', '-o', '/dev/null', ...injection, ...node]);
      assert.equal(result.stderr, '');
      const { refused, ...kept } = JSON.parse(result.stdout) as { refused: number };
      assert.deepEqual(kept, { missing: [], pending: 0, ok: true });
      assert.equal(refused > 0, refuses);
    });
  }

  test('a disk that takes longer to sync than records wait gets them into the full segment still', async (context) => {
    const directory = mkdtempSync(join(tmpdir(), 'coffer-audit-inject-'));
    context.after(() => rmSync(directory, { recursive: true }));
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', child, directory];
    const injection = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:delay_exit=1300000:when=2+4'];
    const result = await execute('strace', ['-f', '-qq', '-o', '/dev/null', ...injection, ...node]);
    assert.equal(result.stderr, '');
    assert.deepEqual(JSON.parse(result.stdout), { missing: [], refused: 0, pending: 0, ok: true });
    assert.ok(
      readdirSync(directory).some((name) => name.endsWith('.jsonl') && statSync(join(directory, name)).size > 9000),
    );
  });
});
