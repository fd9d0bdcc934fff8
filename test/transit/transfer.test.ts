// Keys that leave and keys that come by Vault's transit: exports, imports under the wrapping key, backups, and attacks on
// each.

import assert from 'node:assert/strict';
import { constants, createCipheriv, generateKeyPairSync, publicEncrypt, randomBytes, verify } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openWorld, type World } from '../ops/world.ts';
import { type Ask, asking, refused } from './ask.ts';

let world: World;
let ask: Ask;

before(async () => {
  world = await openWorld();
  ask = asking(world, world.ownerCredential);
});

after(() => world.close());

const plaintext = Buffer.from('a text').toString('base64');

test('exports follow the type and the format, and only where the key lets them', async () => {
  await ask('write', 'keys/shut');
  await refused(400, 'private key material is not exportable', ask('read', 'export/encryption-key/shut'));
  await refused(500, /exporting is disallowed/, ask('read', 'backup/shut'));
  await ask('write', 'keys/shut/config', { exportable: true });
  await refused(500, /plaintext backup is disallowed on the policy/, ask('read', 'backup/shut'));
  const { data } = await ask('read', 'export/encryption-key/shut/latest');
  assert.equal(Buffer.from(data.keys[1], 'base64').length, 32);
  await refused(400, /not supported/, ask('read', 'export/signing-key/shut'));
  await refused(400, /not written so/, ask('read', 'export/encryption-key/shut', { format: 'pem' }));
  await refused(400, 'invalid export type: other', ask('read', 'export/other/shut'));
  await refused(400, 'invalid format: other', ask('read', 'export/hmac-key/shut', { format: 'other' }));
  await refused(400, 'invalid key version', ask('read', 'export/hmac-key/shut/x'));
  assert.equal((await ask('read', 'export/hmac-key/none')).status, 404);
});

/** What Vault's documentation tells clients to do: an AES key under the wrapping key, and the key under that. */
async function wrap(key: Buffer, hash = 'sha256'): Promise<string> {
  const { data } = await ask('read', 'wrapping_key');
  const ephemeral = randomBytes(32);
  const kwp = createCipheriv('id-aes256-wrap-pad', ephemeral, Buffer.from('a65959a6', 'hex'));
  const under = publicEncrypt(
    { key: data.public_key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash },
    ephemeral,
  );
  return Buffer.concat([under, kwp.update(key), kwp.final()]).toString('base64');
}

test('a key from elsewhere comes in wrapped, and is rotated only by another', async () => {
  const raw = randomBytes(32);
  const ciphertext = await wrap(raw);
  const fields = { ciphertext, exportable: true };
  assert.equal((await ask('write', 'keys/imported/import', fields)).status, 204);
  const out = await ask('read', 'export/encryption-key/imported');
  assert.equal(out.data.keys[1], raw.toString('base64'));
  const shown = await ask('read', 'keys/imported');
  assert.deepEqual([shown.data.imported_key, shown.data.imported_key_allow_rotation], [true, false]);
  await refused(400, /does not allow rotation/, ask('write', 'keys/imported/rotate'));
  await refused(500, /already exists/, ask('write', 'keys/imported/import', fields));
  const next = { ciphertext: await wrap(randomBytes(32), 'sha1'), hash_function: 'SHA1' };
  assert.equal((await ask('write', 'keys/imported/import_version', next)).status, 204);
  assert.equal((await ask('read', 'keys/imported')).data.latest_version, 2);
  const wrong = [
    { ciphertext: await wrap(randomBytes(31)) },
    { ciphertext: await wrap(raw, 'sha512') },
    { ciphertext: 'aaaa' },
    { ciphertext: Buffer.alloc(600, 7).toString('base64') },
    { ciphertext: ciphertext.replace(/^..../, 'AAAA') },
    { public_key: 'x' },
  ];
  for (const each of wrong) await refused(400, /error importing key/, ask('write', 'keys/wrong/import', each));
  await refused(400, /illegal base64/, ask('write', 'keys/wrong/import', { ciphertext: '%%' }));
  assert.equal((await ask('read', 'keys/wrong')).status, 404);
});

test('a public half is completed by its private one, and by no other', async () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pkcs8 = (key = pair.privateKey) => key.export({ format: 'der', type: 'pkcs8' });
  const public_key = pair.publicKey.export({ format: 'pem', type: 'spki' });
  const type = 'ecdsa-p256';
  assert.equal((await ask('write', 'keys/half/import', { type, public_key })).status, 204);
  await refused(400, /does not contain a private part/, ask('write', 'sign/half', { input: plaintext }));
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const wrong = { ciphertext: await wrap(pkcs8(other)), version: 1 };
  await refused(400, /completes/, ask('write', 'keys/half/import_version', wrong));
  const whole = { ciphertext: await wrap(pkcs8()), version: 1 };
  assert.equal((await ask('write', 'keys/half/import_version', whole)).status, 204);
  const { data } = await ask('write', 'sign/half', { input: plaintext });
  const bytes = Buffer.from(data.signature.slice(9), 'base64');
  assert.ok(verify('sha256', Buffer.from('a text'), pair.publicKey, bytes));
  await refused(400, /completes/, ask('write', 'keys/half/import_version', whole));
});

test('a backup that does not hold together makes no key', async () => {
  const made = { exportable: true, allow_plaintext_backup: true };
  await ask('write', 'keys/broken', made);
  const { backup } = (await ask('read', 'backup/broken')).data;
  const json = JSON.parse(Buffer.from(backup, 'base64').toString());
  const changed = (edit: (policy: typeof json.policy, whole: typeof json) => void) => {
    const copy = structuredClone(json);
    edit(copy.policy, copy);
    return Buffer.from(JSON.stringify(copy)).toString('base64');
  };
  const broken = [
    changed((policy) => Object.assign(policy, { type: 99 })),
    changed((policy) => Object.assign(policy, { type: 1 })),
    changed((policy) => Object.assign(policy, { latest_version: 2 })),
    changed((policy) => Object.assign(policy, { latest_version: 1e9 })),
    changed((policy) => Object.assign(policy, { min_decryption_version: 7 })),
    changed((policy) => Object.assign(policy, { min_available_version: -1 })),
    changed((policy) => Object.assign(policy, { derived: true, kdf: 0 })),
    changed((policy) => Object.assign(policy, { convergent_encryption: true })),
    changed((policy, whole) => Object.assign(whole, { archived_keys: { keys: 'x' }, policy: { ...policy, keys: {} } })),
    changed((policy) => Object.assign(policy.keys['1'], { key: 'AAAA' })),
    changed((_policy, whole) => Object.assign(whole, { policy: null })),
    Buffer.from('[]').toString('base64'),
    'zzzz',
  ];
  for (const each of broken) {
    const answer = await ask('write', 'restore/fresh', { backup: each });
    assert.ok([400, 500].includes(answer.status), JSON.stringify(answer));
    assert.equal((await ask('read', 'keys/fresh')).status, 404);
  }
  assert.equal((await ask('write', 'restore/fresh', { backup })).status, 204);
  for (const name of ['a/b', '-a', '']) {
    const answer = await ask('write', `restore/${name}`, {
      backup: changed((policy) => Object.assign(policy, { name: '../x' })),
    });
    assert.notEqual(answer.status, 204, name);
  }
});

test('a key goes to another server wrapped, and only from a key that may leave to one that can take it', async () => {
  const { data } = await ask('read', 'wrapping_key');
  const half = { type: 'rsa-4096', public_key: data.public_key };
  assert.equal((await ask('write', 'keys/there/import', half)).status, 204);
  for (const type of ['aes256-gcm96', 'xchacha20-poly1305', 'ecdsa-p256', 'ed25519', 'rsa-2048', 'hmac']) {
    const name = `moving-${type}`;
    await ask('write', `keys/${name}`, { type });
    await refused(400, 'key is not exportable', ask('read', `byok-export/there/${name}`));
    await ask('write', `keys/${name}/config`, { exportable: true });
    if (type === 'aes256-gcm96') await ask('write', `keys/${name}/rotate`);
    const out = await ask('read', `byok-export/there/${name}/latest`, { hash: 'SHA512' });
    const [ciphertext] = Object.values(out.data.keys) as [string];
    assert.deepEqual([out.data.name, out.data.type, Object.keys(out.data.keys).length], [name, type, 1]);
    const fields = { type, ciphertext, hash_function: 'SHA512', exportable: true };
    assert.equal((await ask('write', `keys/${name}-moved/import`, fields)).status, 204);
    const part = ['hmac', 'aes256-gcm96', 'xchacha20-poly1305'].includes(type) ? 'encryption-key' : 'signing-key';
    const kind = type === 'hmac' ? 'hmac-key' : part;
    const [before, after] = [name, `${name}-moved`].map((each) => ask('read', `export/${kind}/${each}/latest`));
    assert.deepEqual(Object.values((await after)?.data.keys), Object.values((await before)?.data.keys));
  }
  const all = await ask('read', 'byok-export/there/moving-aes256-gcm96');
  assert.deepEqual(Object.keys(all.data.keys), ['1', '2']);
  await refused(400, /wraps no other/, ask('read', 'byok-export/moving-hmac/moving-ed25519'));
  await refused(400, 'version does not exist or cannot be found', ask('read', 'byok-export/there/moving-hmac/9'));
  await refused(400, 'unknown hash function: MD5', ask('read', 'byok-export/there/moving-hmac', { hash: 'MD5' }));
  await refused(500, /no such destination key/, ask('read', 'byok-export/none/moving-hmac'));
  await refused(500, /no such source key/, ask('read', 'byok-export/there/none'));
  await refused(
    400,
    /does not contain a private part/,
    (async () => {
      await ask('write', 'keys/there/config', { exportable: true });
      return ask('read', 'byok-export/there/there');
    })(),
  );
  const kept = (await world.records()).filter(({ operation }) => operation === 'keys.exportWrapped');
  assert.ok(kept.some(({ outcome, details }) => outcome === 'allowed' && details?.['destination'] === 'there'));
});
