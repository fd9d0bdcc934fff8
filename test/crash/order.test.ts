// kill -9 proves nothing about the disk: the kernel keeps what was written. So the order of the system calls is looked at
// themselves, of a real server with many requests in flight: no answer leaves before the sync that covers its change,
// nor before the write of its audit record.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, apiOf, must, ownerToken } from '../support/api.ts';
import { scratch, startServer } from '../support/start.ts';
import { readTrace, tracing, whyNoStrace } from '../support/strace.ts';
import { type Answered, tooEarly } from './order.ts';

const CLIENTS = 20;
const ROUNDS = 8;
const TRACED_MS_MAX = 10_000;
const SECRETS = '/v1/projects/default/secrets';
const workers = process.env['COFFER_TEST_WORKERS'];

/** Changes and reads of many clients at once, and the ids of those that were answered. */
async function load(api: Api): Promise<readonly Answered[]> {
  await must(api, 'POST', `${SECRETS}?secretId=traced`, { replication: { automatic: {} } });
  await must(api, 'POST', `${SECRETS}/traced:addVersion`, { payload: { data: 'Zmlyc3Q=' } });
  const answers: Answered[] = [];
  const client = async (id: number) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const kind = (id + round) % 3 === 0 ? 'change' : 'read';
      const { requestId } =
        kind === 'change'
          ? await must(api, 'POST', `${SECRETS}/traced:addVersion`, { payload: { data: 'bW9yZQ==' } })
          : await must(api, 'GET', `${SECRETS}/traced/versions/latest:access`);
      answers.push({ requestId, kind });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, id) => client(id)));
  return answers;
}

/** The tracer ends after the server. */
async function whole(log: string): Promise<string> {
  for (let waitedMs = 0; waitedMs < TRACED_MS_MAX; waitedMs += 50) {
    if (/\+\+\+ exited with \d+ \+\+\+\n$/.test(readFileSync(log, 'latin1'))) return log;
    await sleep(50);
  }
  throw new Error('the tracer does not end');
}

const skip = whyNoStrace() ?? false;

describe('no answer leaves too early', { skip }, () => {
  test('changes are on the disk, and reads audited', async () => {
    const log = join(scratch(), 'strace.log');
    const args = workers === undefined ? [] : [`--workers=${workers}`];
    const server = await startServer({ under: tracing(log), args });
    const answers = await load(apiOf(server, ownerToken(server))).finally(() => server.stop());
    assert.equal(answers.length, CLIENTS * ROUNDS);
    assert.deepEqual(tooEarly(readTrace(await whole(log)), answers, { isAuditSynced: false }), []);
  });
});

describe('the judge of the order', () => {
  const CHANGE = [
    '7 pwrite64(20</d/coffer.db-wal>, "..requestId\\":\\"id-1\\"..", 4096, 56) = 4096',
    '7 fsync(20</d/coffer.db-wal>) = 0',
    '7 write(30<socket:[99]>, "HTTP/1.1 200 OK\\r\\nx-request-id: id-1\\r\\n"..., 60) = 60',
  ];
  const READ = [
    '7 pwrite64(21</d/audit/00000001.jsonl>, "{..\\"id-1\\"..}\\n", 20, 0) = 20',
    '8 fdatasync(21</d/audit/00000001.jsonl> <unfinished ...>',
    '7 write(30<socket:[99]>, "HTTP/1.1 200 OK\\r\\nx-request-id: id-1\\r\\n"..., 60) = 60',
    '8 <... fdatasync resumed>) = 0',
  ];
  const judge = (kind: Answered['kind'], lines: readonly string[], isAuditSynced = false) => {
    const log = join(scratch(), 'strace.log');
    writeFileSync(log, lines.join('\n'));
    return tooEarly(readTrace(log), [{ requestId: 'id-1', kind }], { isAuditSynced });
  };
  const [page = '', sync = '', answer = ''] = CHANGE;

  test('a change that is synced before its answer', () => assert.deepEqual(judge('change', CHANGE), []));

  test('a change that is synced after its answer, not at all, in vain, or before it was written', () => {
    const failed = '7 fsync(20</d/coffer.db-wal>) = -1 EIO (Input/output error)';
    const other = '7 fsync(20</d/coffer.db>) = 0';
    const slow = ['7 fsync(20</d/coffer.db-wal> <unfinished ...>', answer, '7 <... fsync resumed>) = 0'];
    const wrong = [
      [page, answer, sync],
      [page, answer],
      [sync, page, answer],
      [page, failed, answer],
      [page, other, answer],
    ];
    for (const lines of [...wrong, [page, ...slow]])
      assert.match(judge('change', lines)[0] ?? '', /before its record was on/);
    assert.match(judge('change', [answer, page, sync])[0] ?? '', /before its record was written/);
    assert.match(judge('change', [sync, answer])[0] ?? '', /never written/);
    assert.match(judge('change', [page, sync])[0] ?? '', /not in the trace/);
  });

  test('a read that is written before its answer, and synced after it', () => {
    assert.deepEqual(judge('read', READ), []);
    assert.match(judge('read', READ, true)[0] ?? '', /before its record was on the disk/);
    const [record = '', began = '', left = '', ended = ''] = READ;
    assert.deepEqual(judge('read', [record, began, ended, left], true), []);
    assert.match(judge('read', [left, record])[0] ?? '', /before its record was written/);
  });
});
