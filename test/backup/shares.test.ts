// A backup of a server that is sealed by shares opens with enough of them and with nothing else, and what is restored of it
// is sealed by them too.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { coffer } from '../support/coffer.ts';
import { scratch, startServer } from '../support/start.ts';
import { clientOf } from '../vault/fixture.ts';

const ARGS = ['--seal=shamir', '--workers=1'];
const CANARY = 'canary-5d1c';

test('a server sealed by shares is backed up, and restored by its shares alone', async (context) => {
  const server = await startServer({ args: ARGS });
  context.after(() => server.kill());
  const open = { token: '' };
  const first = clientOf(server, '');
  const made = (await first.must('PUT', 'sys/init', { secret_shares: 3, secret_threshold: 2 }, open)).json;
  const keys: string[] = made.keys;
  for (const key of keys.slice(0, 2)) await first.must('PUT', 'sys/unseal', { key }, open);
  const vault = clientOf(server, made.root_token);
  await vault.must('POST', 'sys/mounts/secret', { type: 'kv-v2' });
  await vault.must('POST', 'secret/data/x', { data: { value: CANARY } });

  const root = scratch();
  const run = (args: readonly string[], input = '') =>
    coffer(['backup', ...args], { env: server.env, cwd: root, input });
  assert.equal((await run(['create', '--out=copy'])).code, 0);
  assert.ok(!readFileSync(join(root, 'copy')).includes(CANARY));
  assert.ok(!keys.some((key) => readFileSync(join(root, 'copy')).includes(Buffer.from(key, 'hex').subarray(0, 32))));

  const shares = ['--from=copy', '--shares=-'];
  const verified = await run(
    ['verify', ...shares],
    `${keys[2]}\n\n  ${Buffer.from(keys[0] ?? '', 'hex').toString('base64')}\n`,
  );
  assert.match(String(verified.stdout), /is whole/, verified.stderr);
  for (const [text, problem] of [
    ['', /do not make key/],
    [`${keys[0]}\n`, /do not make key [0-9a-f]{16}/],
    [`${keys[0]}\n${keys[0]}\n`, /do not make key/],
    [`${keys[0]}\n${'ab'.repeat(32)}02\n`, /do not make key/],
    ['zz\n', /valid hex or base64/],
    ['a'.repeat(100_000), /at most 65536 bytes/],
  ] as const) {
    const refused = await run(['verify', ...shares], text);
    assert.deepEqual([refused.code === 0, problem.test(refused.stderr)], [false, true], refused.stderr);
    assert.ok(!refused.stderr.includes(String(keys[0]).slice(0, 16)));
  }
  writeFileSync(join(root, 'some.key'), 'x');
  assert.match((await run(['verify', '--from=copy', '--key-file=some.key'])).stderr, /sealed by shares/);
  assert.match((await run(['verify', '--from=copy'])).stderr, /--key-file or --shares/);
  assert.match((await run(['verify', '--from=-', '--shares=-'])).stderr, /both/);

  const fresh = scratch();
  const restored = await run(['restore', ...shares, `--data=${fresh}/data`], keys.slice(1).join('\n'));
  assert.equal(restored.code, 0, restored.stderr);
  await server.stop();
  const again = await startServer({ args: ARGS, root: fresh });
  context.after(() => again.kill());
  const client = clientOf(again, made.root_token);
  assert.equal((await client.ask('GET', 'secret/data/x')).status, 503);
  for (const key of keys.slice(1)) await client.must('PUT', 'sys/unseal', { key }, open);
  assert.deepEqual((await client.must('GET', 'secret/data/x')).json.data.data, { value: CANARY });
});
