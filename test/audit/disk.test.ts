// Case 26 and 34: a disk that is full, refuses to sync, or takes half a write. The disk is a real one: the kernel's own
// file size limit stands for one that is full, a descriptor closed behind the log's back for one that fails.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../src/core/error.ts';
import { appendRange, type Bench, openBench, recordOf } from './fixture.ts';

// A write over the limit comes with this signal, whose default is death.
process.on('SIGXFSZ', () => undefined);

const hasLimits = spawnSync('prlimit', ['--version']).status === 0;
const skip = hasLimits ? false : 'prlimit (util-linux) is not installed';

/** No file of this process may grow beyond this; `unlimited` takes the limit back. */
function limitFiles(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
}

/** The log's descriptor of a segment. */
function descriptorOf(path: string): number {
  const descriptors = readdirSync('/proc/self/fd').map(Number);
  const found = descriptors.find((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === path;
    } catch {
      return false;
    }
  });
  assert.ok(found !== undefined, `${path} is not open`);
  return found;
}

/** Makes a descriptor of ours mean another file: the kernel gives out the lowest free number. */
function redirect(descriptor: number, path: string, flags: number = constants.O_RDWR): void {
  closeSync(descriptor);
  const spare: number[] = [];
  for (let opened = openSync(path, flags); opened !== descriptor; opened = openSync(path, flags)) spare.push(opened);
  for (const each of spare) closeSync(each);
}

/** From <fcntl.h>: names a file without opening it for reading, writing or syncing. */
const O_PATH = 0o10000000;

function writeCalls(): number {
  return Number(/syscw: (\d+)/.exec(readFileSync('/proc/self/io', 'latin1'))?.[1]);
}

async function assertRefused(append: Promise<void> | undefined, cause: string): Promise<void> {
  await assert.rejects(append ?? Promise.resolve(), (error) => {
    assert.ok(error instanceof Fault);
    assert.equal(error.code, 'AUDIT_UNAVAILABLE');
    assert.match(String(error.cause), new RegExp(cause));
    return true;
  });
}

async function settled(bench: Bench): Promise<void> {
  for (let waitedMs = 0; bench.store.pending.size > 0 && waitedMs < 5000; waitedMs += 50) await sleep(50);
  assert.equal(bench.store.pending.size, 0);
}

test('a thousand records of one turn are one write', async (context) => {
  const bench = await openBench(context);
  await bench.log.append(recordOf(0));
  const before = writeCalls();
  const appends = Array.from({ length: 1000 }, (_, number) => bench.log.append(recordOf(number)));
  await Promise.all(appends);
  // The threads of Node wake each other by a write now and then.
  assert.ok(writeCalls() - before < 5);
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 1001, pruned: 0 });
});

test('a full disk refuses every record that waits, keeps no half of one, and needs no restart', {
  skip,
}, async (context) => {
  const bench = await openBench(context);
  await appendRange(bench.log, 1, 5);
  const whole = readFileSync(bench.path(1));
  limitFiles(whole.length + 600);
  try {
    // The write fits in part.
    const waiting = [6, 7, 8].map((number) => bench.log.append(recordOf(number)));
    bench.log.copy(bench.store.commit(recordOf(9)));
    for (const append of waiting) await assertRefused(append, 'EFBIG');
    assert.deepEqual(readFileSync(bench.path(1)), whole);
    await assertRefused(bench.log.append(recordOf(10, { userAgent: 'x'.repeat(256) })), 'EFBIG');
    assert.deepEqual(bench.failures.length, 1);
    assert.match(bench.failures[0] ?? '', /the audit log: EFBIG/);
    assert.equal(typeof bench.log.problem, 'string');
    // What fits is taken.
    await bench.log.append(recordOf(11));
  } finally {
    limitFiles('unlimited');
  }
  await bench.log.append(recordOf(12));
  assert.equal(bench.log.problem, undefined);
  await settled(bench);
  assert.deepEqual(
    (await bench.log.query({ limit: 20 })).records.map(({ id }) => id),
    ['id-1', 'id-2', 'id-3', 'id-4', 'id-5', 'id-11', 'id-12', 'id-9'],
  );
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 8, pruned: 0 });
});

test('a new segment that cannot be begun is tried again', { skip }, async (context) => {
  const bench = await openBench(context, 2000);
  await appendRange(bench.log, 1, 4);
  assert.ok(statSync(bench.path(1)).size >= 2000);
  limitFiles(100);
  try {
    await assertRefused(bench.log.append(recordOf(5)), 'EFBIG');
    assert.equal(existsSync(bench.path(2)), false);
    await assertRefused(bench.log.append(recordOf(6)), 'EFBIG');
  } finally {
    limitFiles('unlimited');
  }
  await sleep(120);
  await bench.log.append(recordOf(7));
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 5, pruned: 0 });
});

test('a log that cannot be begun refuses to open, and says why', { skip }, async (context) => {
  const bench = await openBench(context);
  bench.log.copy(bench.store.commit(recordOf(1)));
  await bench.log.close();
  bench.store.commit(recordOf(2));
  limitFiles(100);
  try {
    await assert.rejects(bench.reopen(), (error) => error instanceof Fault && /EFBIG/.test(String(error.cause)));
  } finally {
    limitFiles('unlimited');
  }
  await bench.reopen();
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 2, pruned: 0 });
});

test('half a write that cannot be cut off now is cut off before the next', { skip }, async (context) => {
  const bench = await openBench(context);
  await appendRange(bench.log, 1, 2);
  // /dev/full takes nothing and cannot be truncated.
  const descriptor = descriptorOf(bench.path(1));
  redirect(descriptor, '/dev/full');
  await assertRefused(bench.log.append(recordOf(3)), 'ENOSPC');
  await assertRefused(bench.log.append(recordOf(4)), 'EINVAL.*ftruncate');
  redirect(descriptor, bench.path(1));
  await bench.log.append(recordOf(5));
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 3, pruned: 0 });
  assert.equal(bench.failures.length, 2);
});

test('a file that would not sync is left for a new segment, and unsynced copies are made again', async (context) => {
  const bench = await openBench(context);
  await bench.log.append(recordOf(1));
  await sleep(150);
  bench.log.copy(bench.store.commit(recordOf(2)));
  await bench.log.append(recordOf(3));
  redirect(descriptorOf(bench.path(1)), bench.path(1), O_PATH);
  await settled(bench);
  await bench.log.append(recordOf(4));
  assert.match(bench.failures[0] ?? '', /the audit log: EBADF.*fdatasync/);
  assert.match(bench.lines(2)[0] ?? '', /"after":3,.*"note":"fsync failed: EBADF/);
  assert.deepEqual(
    (await bench.log.query({ limit: 20 })).records.map(({ id }) => id),
    ['id-1', 'id-2', 'id-3', 'id-2', 'id-4'],
  );
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 5, pruned: 0 });
  assert.equal(bench.log.problem, undefined);
});

test('copies that were in a deleted file are made again', async (context) => {
  const bench = await openBench(context);
  bench.log.copy(bench.store.commit(recordOf(1)));
  await bench.log.append(recordOf(2));
  rmSync(bench.path(1));
  await settled(bench);
  assert.deepEqual(
    (await bench.log.query({ limit: 20 })).records.map(({ sequence, id }) => [sequence, id]),
    [[3, 'id-1']],
  );
  assert.match(bench.failures[0] ?? '', /00000001\.jsonl was deleted while it was being written/);
});
