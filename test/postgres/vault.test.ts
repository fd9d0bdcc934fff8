// Vault's API on several servers over one PostgreSQL: what one has answered holds on the other from the next request on.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ownerToken } from '../support/api.ts';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { newDatabase } from '../support/postgres-place.ts';
import { startServer } from '../support/start.ts';
import { clientOf, type VaultClient } from '../vault/fixture.ts';

const ROUNDS = 30;

describe("Vault's API on PostgreSQL", { skip: whyNoPostgres() ?? false }, () => {
  let postgres: Postgres;
  let first: VaultClient;
  let second: VaultClient;
  /** Each turn, another of the two is asked first. */
  const turns = () => Array.from({ length: ROUNDS }, (_, at) => (at % 2 === 0 ? [first, second] : [second, first]));

  before(async () => {
    postgres = await startPostgres();
    const store = ['--store', await newDatabase(postgres)];
    const one = await startServer({ args: ['--workers=1', ...store] });
    const two = await startServer({ args: ['--workers=1', ...store, '--key-file', `${one.data}.key`] });
    first = clientOf(one, ownerToken(one));
    second = clientOf(two, ownerToken(two));
  });
  after(async () => {
    await first.server.stop();
    await second.server.stop();
    await postgres.stop();
  });

  test('what one writes to kv, the other reads', async () => {
    for (const [at, [here, there]] of turns().entries()) {
      await here?.must('POST', 'secret/data/shared', { data: { n: at } });
      assert.equal((await there?.must('GET', 'secret/data/shared'))?.json.data.data.n, at);
    }
    await first.must('POST', 'sys/mounts/own', { type: 'kv-v2' });
    for (const [at, [here, there]] of turns().entries()) {
      await here?.must('POST', 'own/data/a', { data: { at }, options: { cas: at } });
      assert.equal((await there?.must('GET', 'own/data/a'))?.json.data.data.at, at);
    }
    assert.equal((await second.ask('POST', 'own/data/a', { data: {}, options: { cas: 1 } })).status, 400);
    await second.must('DELETE', 'sys/mounts/own');
    assert.equal((await first.ask('GET', 'own/data/a')).status, 404);
    await first.must('POST', 'sys/mounts/own', { type: 'kv-v2' });
    assert.equal((await second.ask('GET', 'own/data/a')).status, 404, 'what was in the mount before is gone');
  });

  test('a token and its policies are everywhere what they are at one', async () => {
    await first.policy('reading', 'path "secret/data/shared" { capabilities = ["read"] }');
    for (const [here, there] of turns()) {
      const asked = { token: (await here?.token(['reading'])) as string };
      await there?.must('GET', 'secret/data/shared', undefined, asked);
      await here?.policy('reading', 'path "secret/data/shared" { capabilities = ["deny"] }');
      assert.equal((await there?.ask('GET', 'secret/data/shared', undefined, asked))?.status, 403);
      await here?.policy('reading', 'path "secret/data/shared" { capabilities = ["read"] }');
      await there?.must('GET', 'secret/data/shared', undefined, asked);
      await here?.must('POST', 'auth/token/revoke', asked);
      assert.equal((await there?.ask('GET', 'secret/data/shared', undefined, asked))?.status, 403);
    }
  });

  test('the uses of a token are counted together, however many come at once', async () => {
    const token = await first.token(['root'], { num_uses: 5 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        (at % 2 === 0 ? first : second).ask('GET', 'secret/data/shared', undefined, { token }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 5);
    const wrapped = await first.must('GET', 'secret/data/shared', undefined, { headers: { 'x-vault-wrap-ttl': '60' } });
    const { token: wrapping } = wrapped.json.wrap_info;
    const opened = await Promise.all(
      [first, second].map((each) => each.ask('POST', 'sys/wrapping/unwrap', {}, { token: wrapping })),
    );
    const [won, lost = 0] = opened.map(({ status }) => status).sort();
    // It may have been gone before the request came, or have gone under way.
    assert.ok(won === 200 && [400, 403].includes(lost), `${won} and ${lost}`);
  });

  test('a key is used, turned and taken back on both at once', async () => {
    await first.must('POST', 'sys/mounts/transit', { type: 'transit' });
    await second.must('POST', 'transit/keys/k');
    const plaintext = btoa('a text');
    for (const [at, [here, there]] of turns().entries()) {
      const { ciphertext } = (await here?.must('POST', 'transit/encrypt/k', { plaintext }))?.json.data ?? {};
      assert.ok(ciphertext.startsWith(`vault:v${at + 1}:`), ciphertext);
      assert.equal((await there?.must('POST', 'transit/decrypt/k', { ciphertext }))?.json.data.plaintext, plaintext);
      await there?.must('POST', 'transit/keys/k/rotate');
      await there?.must('POST', 'transit/keys/k/config', { min_decryption_version: at + 2 });
      assert.equal((await here?.ask('POST', 'transit/decrypt/k', { ciphertext }))?.status, 400);
    }
  });

  test('text that PostgreSQL cannot hold is refused, and does no harm', async () => {
    const odd = ['a%00b', '%00', '%ff', '%ed%a0%80'];
    const paths = ['secret/', 'secret/data/', 'cubbyhole/', 'sys/policies/acl/', 'sys/mounts/', 'auth/token/roles/'];
    for (const path of [...paths, 'transit/keys/', 'transit/encrypt/', 'own/data/'].flatMap((p) =>
      odd.map((o) => p + o),
    )) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const body = method === 'POST' ? { data: { a: 'b' }, type: 'kv', policy: '', plaintext: '' } : undefined;
        const { status, text } = await first.ask(method, path, body);
        assert.ok(status < 500, `${method} ${path}: ${status} ${text}`);
      }
    }
    const nul = 'a\u0000b';
    for (const fields of [
      { display_name: nul },
      { meta: { k: nul } },
      { policies: [nul] },
      { id: nul },
      { explicit_max_ttl: nul },
    ]) {
      const { status, text } = await first.ask('POST', 'auth/token/create', fields);
      assert.ok(status < 500, `${JSON.stringify(fields)}: ${status} ${text}`);
    }
    await second.must('GET', 'secret/data/shared');
  });
});

test('two servers sealed by shares have one store, and each its own seal', {
  skip: whyNoPostgres() ?? false,
}, async () => {
  const postgres = await startPostgres();
  const args = ['--seal=shamir', '--workers=1', '--store', await newDatabase(postgres)];
  const servers = await Promise.all([startServer({ args }), startServer({ args })]);
  try {
    const [one, two] = servers.map((server) => clientOf(server, '')) as [VaultClient, VaultClient];
    const made = await Promise.all(
      [one, two].map((each) => each.ask('PUT', 'sys/init', { secret_shares: 3, secret_threshold: 2 })),
    );
    assert.deepEqual(made.map(({ status }) => status).sort(), [200, 400]);
    const { keys, root_token: token } = made.find(({ status }) => status === 200)?.json ?? {};
    for (const key of keys.slice(0, 2)) await one.must('PUT', 'sys/unseal', { key });
    const asked = { token };
    await one.must('POST', 'sys/mounts/secret', { type: 'kv-v2' }, asked);
    await one.must('POST', 'secret/data/x', { data: { a: 'shared' } }, asked);
    assert.equal((await two.ask('GET', 'secret/data/x', undefined, asked)).status, 503);
    for (const key of keys.slice(1)) await two.must('PUT', 'sys/unseal', { key });
    assert.equal((await two.must('GET', 'secret/data/x', undefined, asked)).json.data.data.a, 'shared');
    await two.must('PUT', 'sys/seal', {}, asked);
    assert.equal((await two.ask('GET', 'secret/data/x', undefined, asked)).status, 503);
    await one.must('GET', 'secret/data/x', undefined, asked);
    for (const key of keys.slice(0, 2)) await two.must('PUT', 'sys/unseal', { key });
    await two.must('GET', 'secret/data/x', undefined, asked);
  } finally {
    for (const server of servers) await server.stop();
    await postgres.stop();
  }
});
