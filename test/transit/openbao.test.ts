// Keys, ciphertexts and signatures that a real OpenBao 2.6.2 made (test/fixtures/transit/openbao.json): each key is
// restored from its backup here, opens and verifies what was made there, and goes back in a backup that says the same.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openWorld, type World } from '../ops/world.ts';
import { repository } from '../support/start.ts';
import { type Ask, asking } from './ask.ts';

interface Made {
  readonly derived: boolean;
  readonly first?: string;
  readonly second?: string;
  readonly signature?: string;
  readonly jws?: string;
  readonly pkcs1?: string;
  readonly hmac: string;
  readonly backup: string;
}

interface Fixture {
  readonly plaintext: string;
  readonly context: string;
  readonly associated_data: string;
  readonly keys: Readonly<Record<string, Made>>;
}

const fixture = JSON.parse(readFileSync(join(repository, 'test/fixtures/transit/openbao.json'), 'utf8')) as Fixture;
const { plaintext, context, associated_data } = fixture;

let world: World;
let ask: Ask;

before(async () => {
  world = await openWorld();
  ask = asking(world, world.ownerCredential);
});

after(() => world.close());

/** What of a backup must be the same on both sides; when it was made is not. */
function essence(backup: string): unknown {
  const text = Buffer.from(backup, 'base64').toString('utf8');
  // Numbers of keys are longer than JavaScript's: they are compared as they are written.
  const quoted = text.replaceAll(/:(\d{16,})/g, ':"$1"').replaceAll(/([[,])(\d{16,})/g, '$1"$2"');
  const { policy } = JSON.parse(quoted);
  const keys = Object.entries(policy.keys).map(([number, entry]) => {
    const { key, hmac_key, ec_x, ec_y, ec_d, rsa_key, public_key, creation_time } = entry as Record<string, never>;
    const { N, E, D, Primes, Precomputed } = (rsa_key ?? {}) as Record<string, unknown>;
    const { Dp, Dq, Qinv } = (Precomputed ?? {}) as Record<string, unknown>;
    const rsa = [N, E, D, Primes, Dp, Dq, Qinv];
    return [number, key, hmac_key, ec_x, ec_y, ec_d, rsa, public_key, creation_time];
  });
  const { name, type, derived, convergent_encryption, kdf, latest_version, min_decryption_version } = policy;
  return { name, type, derived, convergent_encryption, kdf, latest_version, min_decryption_version, keys };
}

for (const [name, made] of Object.entries(fixture.keys)) {
  test(`a ${name} key of OpenBao's goes on here`, async () => {
    assert.equal((await ask('write', 'restore', { backup: made.backup })).status, 204);
    const own = made.derived ? { context } : {};
    const beside = name.startsWith('rsa') ? {} : { associated_data };
    for (const ciphertext of [made.first, made.second]) {
      if (ciphertext === undefined) continue;
      const opened = await ask('write', `decrypt/${name}`, { ciphertext, ...own, ...beside });
      assert.deepEqual(opened.data, { plaintext });
      if (name.startsWith('rsa')) continue;
      const without = await ask('write', `decrypt/${name}`, { ciphertext, ...own });
      assert.deepEqual([without.status, without.errors], [400, ['cipher: message authentication failed']]);
    }
    const forms = [
      [made.signature, {}],
      [made.jws, { marshaling_algorithm: 'jws' }],
      [made.pkcs1, { signature_algorithm: 'pkcs1v15' }],
    ] as const;
    for (const [signature, how] of forms) {
      if (signature === undefined) continue;
      const checked = await ask('write', `verify/${name}`, { input: plaintext, signature, ...how, ...own });
      assert.deepEqual(checked.data, { valid: true });
      const other = await ask('write', `verify/${name}`, { input: context, signature, ...how, ...own });
      assert.deepEqual(other.data, { valid: false });
    }
    const mac = await ask('write', `hmac/${name}`, { input: plaintext, key_version: 1 });
    assert.equal(mac.data.hmac, made.hmac);
    if (name.startsWith('convergent')) {
      const again = await ask('write', `encrypt/${name}`, { plaintext, context, associated_data });
      assert.equal(again.data.ciphertext, made.second, 'the same bytes');
    }
    if (name === 'derived-ed25519') {
      const signed = await ask('write', `sign/${name}`, { input: plaintext, context, key_version: 1 });
      assert.equal(signed.data.signature, made.signature, 'the same signature');
    }
    const back = await ask('read', `backup/${name}`);
    assert.deepEqual(essence(back.data.backup), essence(made.backup));
    assert.deepEqual((await ask('write', `restore/${name}`, { backup: back.data.backup })).errors, [
      `1 error occurred:\n\t* key "${name}" already exists\n\n`,
    ]);
    const forced = await ask('write', 'restore', { backup: back.data.backup, force: true });
    assert.equal(forced.status, 204);
    assert.equal((await ask('write', `hmac/${name}`, { input: plaintext, key_version: 1 })).data.hmac, made.hmac);
  });
}
