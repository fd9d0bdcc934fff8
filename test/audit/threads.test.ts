// Several threads, each with a stream of its own, over one store: killed at any moment, or with system calls that fail,
// they lose no record that they acknowledged, and every chain holds. With `always` nothing is acknowledged before the
// disk has it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAudit } from '../../src/audit/log.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { cleanEnv } from '../support/clean-env.ts';
import { execute } from '../support/coffer.ts';
import { mac } from './fixture.ts';

const child = join(import.meta.dirname, 'threads-child.ts');
const node = [process.execPath, '--disable-warning=ExperimentalWarning', child];
const canInject = spawnSync('strace', ['-qq', '-e', 'trace=none', 'true']).status === 0;
const skip = canInject ? false : 'strace is not installed, or may not trace';

function directoryOf(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-audit-threads-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts all logs anew, as the next server would, and checks that they hold and have every acknowledged record. */
async function check(directory: string, acknowledged: readonly string[]): Promise<void> {
  const store = openSqlite({ directory });
  const onFailure = (error: Error) => assert.fail(error.message);
  const open = (stream: string) =>
    openAudit({
      directory: join(directory, 'audit'),
      stream,
      sync: 'interval',
      store,
      mac,
      clock: { now: () => Date.now() },
      segmentBytesMax: 16 * 1024,
      onFailure,
    });
  const logs = [await open('main'), await open('w1'), await open('w2')];
  const [main] = logs;
  assert.ok(main !== undefined);
  const found = new Set<string>();
  let records = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await main.query({ limit: 1000, ...(after === '' ? {} : { after }) });
    for (const { id } of page.records) found.add(id);
    records += page.records.length;
    after = page.next;
  }
  const missing = acknowledged.filter((id) => !found.has(id));
  assert.deepEqual(missing, []);
  for (const log of logs) assert.deepEqual(await log.verify(), { ok: true, records, pruned: 0 });
  for (const log of logs) await log.close();
  assert.deepEqual(store.pendingAudit(), []);
  store.close();
}

for (const sync of ['interval', 'always']) {
  test(`kill -9 loses no record that any thread acknowledged, sync ${sync}`, async (context) => {
    const directory = directoryOf(context);
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const running = spawn(node[0] ?? '', [...node.slice(1), directory, `r${round}`, '', sync], {
        env: cleanEnv(),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let printed = '';
      running.stdout.setEncoding('latin1').on('data', (text: string) => {
        printed += text;
      });
      while (!['w1', 'w2', 'main'].every((stream) => printed.includes(`-${stream}-`)))
        await once(running.stdout, 'data');
      await sleep(60 + round * 71);
      running.kill('SIGKILL');
      await once(running, 'close');
      acknowledged.push(...printed.split('\n').slice(0, -1));
      await check(directory, acknowledged);
    }
  });
}

/** The call, its error, the first that fails and the step to the next. */
const INJECTIONS = [
  ['pwrite64', 'ENOSPC', '40+23'],
  ['pwrite64', 'EIO', '31+17'],
  ['fdatasync', 'EIO', '9+5'],
] as const;

describe('failing system calls', { skip, concurrency: 2 }, () => {
  for (const [call, error, when] of INJECTIONS) {
    for (const sync of ['interval', 'always']) {
      test(`${call} answers ${error}, sync ${sync}`, async (context) => {
        const directory = directoryOf(context);
        openSqlite({ directory }).close();
        const injection = [
          '-E',
          'UV_THREADPOOL_SIZE=1',
          '-e',
          `trace=${call}`,
          '-e',
          `inject=${call}:error=${error}:when=${when}`,
        ];
        const run = ['-f', '-qq', '-o', '/dev/null', ...injection, ...node, directory, 'i', '80', sync];
        const result = await execute('strace', run);
        const lines = result.stdout.trimEnd().split('\n');
        const verdict = JSON.parse(lines.pop() ?? '') as { ok: boolean; pending: number; refused: number };
        assert.equal(verdict.ok, true, result.stdout.slice(-500));
        if (sync === 'always') assert.ok(verdict.refused > 0);
        await check(directory, lines);
      });
    }
  }
});

test('with always, no record is acknowledged before a sync that began after its write has ended', {
  skip,
}, async (context) => {
  const directory = directoryOf(context);
  const trace = join(directory, 'trace');
  const calls = 'trace=pwrite64,fdatasync,write';
  await execute('strace', [
    '-f',
    '-qq',
    '-y',
    '-s',
    '65536',
    '-o',
    trace,
    '-e',
    calls,
    ...node,
    directory,
    't',
    '40',
    'always',
  ]);
  assert.ok(countAcknowledged(readFileSync(trace, 'latin1')) >= 100);
});

/** Follows the calls of all threads, as strace saw them; throws where an id was printed that no finished sync covers. */
function countAcknowledged(trace: string): number {
  const written = new Map<string, Set<string>>();
  const synced = new Set<string>();
  /** By thread: the call that has not ended, and what a sync covers. */
  const begun = new Map<string, string>();
  const covers = new Map<string, readonly string[]>();
  let acknowledged = 0;
  for (const line of trace.split('\n')) {
    const [, thread = '', text = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const isResumed = text.startsWith('<... ');
    const call = isResumed ? (begun.get(thread) ?? '') : text;
    const hasEnded = !text.endsWith('<unfinished ...>');
    begun.set(thread, call);
    const file = /^\w+\(\d+<([^>]*\.jsonl)>/.exec(call)?.[1];
    if (call.startsWith('write(1<') && !isResumed) {
      const id = /"(t-[a-z0-9-]+)\\n"/.exec(call)?.[1];
      // The record of a change is a row of the store first, and durable there.
      if (id === undefined || Number(/^t-main-(\d+)$/.exec(id)?.[1] ?? 0) % 20 === 19) continue;
      assert.ok(synced.has(id), `${id} was acknowledged before it was on the disk`);
      acknowledged += 1;
    }
    if (file === undefined) continue;
    const ids = written.get(file) ?? new Set();
    written.set(file, ids);
    if (call.startsWith('pwrite64(') && hasEnded)
      for (const [id] of call.matchAll(/t-[a-z0-9]+-\d+(-\d+)?/g)) ids.add(id);
    if (!call.startsWith('fdatasync(')) continue;
    if (!isResumed) covers.set(thread, [...ids]);
    if (hasEnded) for (const id of covers.get(thread) ?? []) synced.add(id);
  }
  return acknowledged;
}
