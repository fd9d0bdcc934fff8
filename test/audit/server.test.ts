// The audit settings of a real server: a sink that gets what every thread writes, and settings that cannot be.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiOf, must, ownerToken } from '../support/api.ts';
import { scratch, startServer } from '../support/start.ts';

const ARRIVES_MS_MAX = 20_000;

/** The text of the file once it holds every one of these; fails where that does not come. */
async function holding(path: string, parts: readonly string[]): Promise<string> {
  for (const until = Date.now() + ARRIVES_MS_MAX; ; ) {
    let text = '';
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      // Not begun yet.
    }
    if (parts.every((part) => text.includes(part))) return text;
    assert.ok(Date.now() < until, `the sink has not got ${parts.filter((part) => !text.includes(part))}`);
    await sleep(50);
  }
}

test('a sink gets every record of every thread, and goes on after a restart', async () => {
  const sink = join(scratch(), 'records.jsonl');
  const args = ['--workers=2', `--audit-sink=file:${sink}`, '--audit-retention=30', '--audit-sync=always'];
  const server = await startServer({ args });
  const api = apiOf(server, ownerToken(server));
  await must(api, 'POST', '/v1/projects/default/secrets?secretId=sunk', { replication: { automatic: {} } });
  await must(api, 'POST', '/v1/projects/default/secrets/sunk:addVersion', { payload: { data: 'Y2FuYXJ5' } });
  const reads = Array.from({ length: 40 }, () =>
    must(api, 'GET', '/v1/projects/default/secrets/sunk/versions/latest:access'),
  );
  const ids = (await Promise.all(reads)).map(({ requestId }) => requestId);
  const text = await holding(sink, ['"secrets.create"', '"versions.add"', ...ids]);
  assert.ok(!text.includes('canary') && !text.includes('Y2FuYXJ5'));
  const { text: metrics } = await must(api, 'GET', '/metrics');
  assert.match(metrics, /^coffer_audit_sink_backlog_bytes \d+$/m);
  const again = await server.restart({ args: ['--workers=1', ...args.slice(1)] });
  const { requestId } = await must(apiOf(again, ownerToken(again)), 'GET', '/v1/projects/default/secrets/sunk');
  await holding(sink, [requestId]);
  assert.equal((await must(apiOf(again, ownerToken(again)), 'GET', '/coffer/v1/audit:verify')).json.ok, true);
  const w2 = (segment: number) => existsSync(join(again.data, `audit/w2/0000000${segment}.jsonl`));
  assert.deepEqual([w2(1), w2(2)], [true, true], 'the stream that no thread writes any more was closed');
  await again.stop();
});

test('settings that cannot be keep the server from starting, in one line', async () => {
  const wrong = [
    [['--audit-sink=ftp://example.com'], /--audit-sink|sink/],
    [['--audit-sink-headers=headers.txt'], /--audit-sink-headers goes with --audit-sink/],
    [['--audit-retention=0'], /must be a whole number of at least 1/],
    [['--audit-sync=sometimes'], /sometimes/],
    [['--workers=65'], /must be a whole number from 0 to 64/],
  ] as const;
  for (const [args, said] of wrong) await assert.rejects(startServer({ args }), said, args.join());
});
