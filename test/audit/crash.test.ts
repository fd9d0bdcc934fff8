// kill -9 while records are written: what was acknowledged is in the log after the next start, once, and it verifies.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditLog, openAudit } from '../../src/audit/log.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { cleanEnv } from '../support/clean-env.ts';
import { mac } from './fixture.ts';

const ROUNDS = 4;
const child = join(import.meta.dirname, 'crash-child.ts');

/** The ids that a child acknowledged before it was killed. */
async function writeUntilKilled(directory: string, round: number, ms: number): Promise<string[]> {
  const writer = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', child, directory, `r${round}`], {
    env: cleanEnv(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  writer.stdout.setEncoding('latin1').on('data', (text: string) => {
    printed += text;
  });
  await once(writer.stdout, 'data');
  await sleep(ms);
  writer.kill('SIGKILL');
  const [code, signal] = await once(writer, 'close');
  assert.deepEqual([code, signal], [null, 'SIGKILL']);
  return printed.split('\n').slice(0, -1);
}

async function idsOf(log: AuditLog): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = await log.query({ limit: 1000, ...(after === '' ? {} : { after }) });
    ids.push(...page.records.map(({ id }) => id));
    after = page.next;
  }
  return ids;
}

test('kill -9 loses no acknowledged record, and the chain holds', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-audit-crash-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    acknowledged.push(...(await writeUntilKilled(directory, round, 100 + round * 97)));
    const store = openSqlite({ directory });
    const onFailure = (error: Error) => assert.fail(error.message);
    const log = await openAudit({
      directory: join(directory, 'audit'),
      stream: 'main',
      sync: 'interval',
      store,
      mac,
      clock: { now: () => Date.now() },
      onFailure,
    });
    assert.deepEqual(store.pendingAudit(), []);
    const ids = await idsOf(log);
    const found = new Set(ids);
    assert.deepEqual(
      acknowledged.filter((id) => !found.has(id)),
      [],
    );
    assert.equal(ids.length, found.size, 'a record is in the log twice');
    assert.deepEqual(await log.verify(), { ok: true, records: ids.length, pruned: 0 });
    await log.close();
    store.close();
  }
  assert.ok(acknowledged.length > 1000, `only ${acknowledged.length} records were acknowledged`);
  assert.ok(readdirSync(join(directory, 'audit')).length > 3);
});
