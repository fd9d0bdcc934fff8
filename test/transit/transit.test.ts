// Vault's transit endpoints: their answers, their refusals in Vault's words, and attacks on each. How real OpenBao answers
// the same was recorded and compared; docs/transit.md names what is different.

import assert from 'node:assert/strict';
import { constants, createHash, verify } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Fault } from '../../src/core/error.ts';
import { parseProjectRef } from '../../src/core/name.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { openWorld, type World } from '../ops/world.ts';
import { type Ask, asking, refused } from './ask.ts';

let world: World;
let ask: Ask;

before(async () => {
  world = await openWorld();
  ask = asking(world, world.ownerCredential);
});

after(() => world.close());

const base64 = (text: string) => Buffer.from(text).toString('base64');
const plaintext = base64('a text');

test('a key is made, shown, listed, configured, rotated, trimmed and deleted', async () => {
  const made = await ask('write', 'keys/life', {});
  assert.equal(made.status, 200);
  const { keys, ...rest } = made.data;
  assert.deepEqual(rest, {
    ...{ name: 'life', type: 'aes256-gcm96', derived: false, deletion_allowed: false },
    ...{ min_available_version: 0, min_decryption_version: 1, min_encryption_version: 0, latest_version: 1 },
    ...{ exportable: false, allow_plaintext_backup: false, imported_key: false, auto_rotate_period: 0 },
    ...{ supports_encryption: true, supports_decryption: true, supports_signing: false, supports_derivation: true },
  });
  assert.deepEqual(keys, { 1: world.clock.now() / 1000 });
  assert.deepEqual((await ask('read', 'keys/life')).data, made.data);
  assert.deepEqual((await ask('list', 'keys')).data, { keys: ['life'] });
  assert.equal((await ask('write', 'keys/life/rotate')).data.latest_version, 2);
  const settings = { min_decryption_version: 2, min_encryption_version: 2, auto_rotate_period: '24h' };
  const configured = await ask('write', 'keys/life/config', settings);
  assert.deepEqual([Object.keys(configured.data.keys), configured.data.auto_rotate_period], [['2'], 86_400]);
  assert.equal((await ask('write', 'keys/life/trim', { min_available_version: 2 })).data.min_available_version, 2);
  await refused(400, 'error deleting policy life: deletion is not allowed for this key', ask('delete', 'keys/life'));
  await ask('write', 'keys/life/config', { deletion_allowed: true });
  assert.equal((await ask('delete', 'keys/life')).status, 204);
  assert.deepEqual([(await ask('read', 'keys/life')).status, (await ask('list', 'keys')).status], [404, 404]);
});

test('encryption makes the key that is missing, derived if it has a context', async () => {
  const sealed = await ask('write', 'encrypt/upsert', { plaintext });
  assert.match(sealed.data.ciphertext, /^vault:v1:[A-Za-z0-9+/=]+$/);
  assert.deepEqual((await ask('write', 'decrypt/upsert', { ciphertext: sealed.data.ciphertext })).data, { plaintext });
  const context = base64('tenant');
  const fields = { plaintext, context, convergent_encryption: true, type: 'chacha20-poly1305' };
  const first = await ask('write', 'encrypt/upsert-derived', fields);
  const second = await ask('write', 'encrypt/upsert-derived', fields);
  assert.equal(first.data.ciphertext, second.data.ciphertext);
  const { data } = await ask('read', 'keys/upsert-derived');
  assert.deepEqual([data.type, data.derived, data.convergent_encryption], ['chacha20-poly1305', true, true]);
  await refused(400, 'unknown key type rsa-2048', ask('write', 'encrypt/no', { plaintext, type: 'rsa-2048' }));
  await refused(400, /requires derivation/, ask('write', 'encrypt/no', { plaintext, convergent_encryption: true }));
  assert.equal((await ask('read', 'keys/no')).status, 404);
});

test('a batch answers each item in its place, and its status says whether one failed', async () => {
  await ask('write', 'keys/batch');
  const batch_input = [{ plaintext, reference: 'a' }, { plaintext: '%%' }, { plaintext, key_version: 9 }];
  const mixed = await ask('write', 'encrypt/batch', { batch_input });
  assert.equal(mixed.status, 400);
  const [good, unread, tooNew] = mixed.data.batch_results;
  assert.deepEqual(
    [good.reference, good.key_version, Object.keys(good)],
    ['a', 1, ['ciphertext', 'key_version', 'reference']],
  );
  assert.deepEqual(unread, { error: 'illegal base64 data at input byte 0', reference: '' });
  assert.match(tooNew.error, /higher than the latest/);
  const code = async (partial_failure_response_code: number, input: unknown = batch_input) =>
    (await ask('write', 'encrypt/batch', { batch_input: input, partial_failure_response_code })).status;
  assert.deepEqual([await code(202), await code(9999), await code(99)], [202, 400, 400]);
  assert.equal(await code(202, [{ plaintext: '%%' }]), 400, 'nothing succeeded');
  const { ciphertext } = good;
  const opened = await ask('write', 'decrypt/batch', {
    batch_input: [{ ciphertext }, { ciphertext: 'vault:v1:zzzz' }],
  });
  assert.deepEqual(opened.data.batch_results, [
    { plaintext, reference: '' },
    { plaintext: '', error: 'invalid ciphertext length', reference: '' },
  ]);
  await ask('write', 'keys/batch/rotate');
  const moved = await ask('write', 'rewrap/batch', { batch_input: [{ ciphertext }, { ciphertext: 'x' }] });
  assert.equal(moved.status, 200);
  assert.equal(moved.data.batch_results[0].key_version, 2);
  assert.equal(moved.data.batch_results[1].error, 'invalid ciphertext: no prefix');
  await refused(400, 'missing batch input to process', ask('write', 'encrypt/batch', { batch_input: [] }));
  await refused(400, /failed to parse batch input/, ask('write', 'encrypt/batch', { batch_input: 'x' }));
  await refused(400, /failed to parse batch input/, ask('write', 'encrypt/batch', { batch_input: [1] }));
  const some = [{ plaintext, context: plaintext }, { plaintext }];
  await refused(
    400,
    /either in all the request blocks or in none/,
    ask('write', 'encrypt/batch', { batch_input: some }),
  );
});

test('ciphertexts that cannot be are refused in the words of what is wrong with them', async () => {
  await ask('write', 'keys/bad');
  const words = {
    x: 'invalid ciphertext: no prefix',
    'vault:v1': 'invalid ciphertext: wrong number of fields',
    'vault:vx:aaaa': 'invalid ciphertext: version number could not be decoded',
    'vault:v1e3:aaaa': 'invalid ciphertext: version number could not be decoded',
    'vault:v99999999999:aaaa': 'invalid ciphertext: version number could not be decoded',
    'vault:v9:aaaa': 'invalid ciphertext: version is too new',
    'vault:v1:%%': 'invalid ciphertext: could not decode base64',
    'vault:v1:aaaa': 'invalid ciphertext length',
    'vault:v0:aaaa': 'invalid ciphertext length',
    'vault:v-1:aaaa': 'ciphertext or signature version is disallowed by policy (too old)',
    [`vault:v1:${'A'.repeat(48)}`]: 'cipher: message authentication failed',
    '': 'missing ciphertext to decrypt',
  };
  for (const [ciphertext, message] of Object.entries(words)) {
    await refused(400, message, ask('write', 'decrypt/bad', { ciphertext }));
    await refused(400, message, ask('write', 'rewrap/bad', { ciphertext }));
  }
  await refused(400, 'encryption key not found', ask('write', 'decrypt/none', { ciphertext: 'vault:v1:aaaa' }));
  await refused(400, 'missing plaintext to encrypt', ask('write', 'encrypt/bad', {}));
  for (const key_version of ['x', 1.5, {}, [1]]) {
    await refused(400, /field "key_version"/, ask('write', 'encrypt/bad', { plaintext, key_version }));
  }
  await refused(400, /is negative/, ask('write', 'encrypt/bad', { plaintext, key_version: -1 }));
  for (const field of [{ plaintext: 1.5 }, { plaintext: {} }, { plaintext, context: [] }]) {
    await refused(400, /illegal base64|error converting/, ask('write', 'encrypt/bad', field));
  }
});

test('plaintexts of megabytes are plaintexts too', async () => {
  const large = Buffer.alloc(3_000_000, 7).toString('base64');
  const { data } = await ask('write', 'encrypt/large', { plaintext: large });
  const opened = await ask('write', 'decrypt/large', { ciphertext: data.ciphertext });
  assert.ok(opened.data.plaintext === large);
  await refused(400, /illegal base64 data/, ask('write', 'encrypt/large', { plaintext: `${large.slice(0, -1)}%` }));
});

test('nobody chooses a nonce', async () => {
  await ask('write', 'keys/nonce');
  const nonce = Buffer.alloc(12).toString('base64');
  const sealed = await Promise.all([1, 2].map(() => ask('write', 'encrypt/nonce', { plaintext, nonce })));
  const nonces = sealed.map(({ data }) => Buffer.from(data.ciphertext.slice(9), 'base64').subarray(0, 12));
  assert.notDeepEqual(nonces[0], nonces[1]);
  assert.ok(nonces.every((each) => !each.equals(Buffer.alloc(12))));
});

test('data keys open with the key that wrapped them', async () => {
  await ask('write', 'keys/wrapping');
  for (const [bits, bytes] of [
    [undefined, 32],
    [128, 16],
    [512, 64],
  ] as const) {
    const { data } = await ask('write', 'datakey/plaintext/wrapping', bits === undefined ? {} : { bits });
    assert.equal(Buffer.from(data.plaintext, 'base64').length, bytes);
    const opened = await ask('write', 'decrypt/wrapping', { ciphertext: data.ciphertext });
    assert.equal(opened.data.plaintext, data.plaintext);
  }
  const wrapped = await ask('write', 'datakey/wrapped/wrapping', {});
  assert.deepEqual(Object.keys(wrapped.data), ['ciphertext', 'key_version']);
  await refused(400, 'invalid bit length', ask('write', 'datakey/plaintext/wrapping', { bits: 100 }));
  await refused(400, /Invalid path/, ask('write', 'datakey/other/wrapping', {}));
});

test('signatures are what OpenSSL verifies by the key that is shown', async () => {
  const input = base64('sign this');
  const text = Buffer.from('sign this');
  for (const [type, how, encoding] of [
    ['ecdsa-p256', {}, 'der'],
    ['ecdsa-p384', { hash_algorithm: 'sha2-384' }, 'der'],
    ['ecdsa-p521', { marshaling_algorithm: 'jws', hash_algorithm: 'sha2-512' }, 'ieee-p1363'],
  ] as const) {
    const { data: key } = await ask('write', `keys/sign-${type}`, { type });
    const { data } = await ask('write', `sign/sign-${type}`, { input, ...how });
    const body = data.signature.slice('vault:v1:'.length);
    const bytes = Buffer.from(body, encoding === 'der' ? 'base64' : 'base64url');
    const hash = 'hash_algorithm' in how ? how.hash_algorithm.replace('sha2-', 'sha') : 'sha256';
    assert.ok(verify(hash, text, { key: key.keys[1].public_key, dsaEncoding: encoding }, bytes), type);
  }
  const { data: rsa } = await ask('write', 'keys/sign-rsa', { type: 'rsa-2048' });
  const digest = createHash('sha256').update(text).digest('base64');
  for (const scheme of ['pss', 'pkcs1v15'] as const) {
    const padding = scheme === 'pss' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
    for (const [given, prehashed] of [
      [input, false],
      [digest, true],
    ] as const) {
      const fields = { input: given, prehashed, signature_algorithm: scheme };
      const { data } = await ask('write', 'sign/sign-rsa', fields);
      const bytes = Buffer.from(data.signature.slice('vault:v1:'.length), 'base64');
      assert.ok(verify('sha256', text, { key: rsa.keys[1].public_key, padding }, bytes), scheme);
      assert.deepEqual((await ask('write', 'verify/sign-rsa', { ...fields, signature: data.signature })).data, {
        valid: true,
      });
    }
  }
  await refused(400, /requested salt length 500/, ask('write', 'sign/sign-rsa', { input, salt_length: '500' }));
  await refused(400, /digest of sha2-256 has 32/, ask('write', 'sign/sign-rsa', { input, prehashed: true }));
  await refused(400, /hash_algorithm=none/, ask('write', 'sign/sign-rsa', { input, hash_algorithm: 'none' }));
});

test('signatures and MACs that cannot be are refused, and those of others are not valid', async () => {
  await ask('write', 'keys/check', { type: 'ed25519' });
  const input = plaintext;
  const { signature } = (await ask('write', 'sign/check', { input })).data;
  const { hmac } = (await ask('write', 'hmac/check', { input })).data;
  const check = (fields: object) => ask('write', 'verify/check', { input, ...fields });
  assert.deepEqual((await check({ signature })).data, { valid: true });
  assert.deepEqual((await check({ hmac })).data, { valid: true });
  assert.deepEqual((await check({ input: base64('another'), signature })).data, { valid: false });
  assert.deepEqual((await check({ signature: `vault:v1:${hmac.slice(9)}` })).data, { valid: false });
  await refused(400, "provide one of 'signature' or 'hmac'", check({ signature, hmac }));
  await refused(400, /neither a 'signature' nor an 'hmac'/, check({}));
  await refused(400, 'invalid signature: version is too new', check({ signature: signature.replace('v1', 'v2') }));
  await refused(400, 'invalid HMAC: version is too new', check({ hmac: hmac.replace('v1', 'v2') }));
  await refused(400, 'invalid base64 signature value', check({ signature: 'vault:v1:%%' }));
  await refused(
    400,
    /all provide 'signature' or all provide 'hmac'/,
    check({ batch_input: [{ signature }, { hmac }] }),
  );
  await refused(400, /missing 'hmac'/, check({ batch_input: [{ input, hmac }, { input }] }));
  const many = await check({ batch_input: [{ input, signature }, { signature }, { input, signature: 'x' }] });
  assert.deepEqual(many.data.batch_results, [
    { valid: true, reference: '' },
    { valid: false, error: 'missing input', reference: '' },
    { valid: false, error: 'invalid signature: no prefix', reference: '' },
  ]);
  await ask('write', 'keys/check/rotate');
  await ask('write', 'keys/check/config', { min_decryption_version: 2 });
  await refused(400, /too old/, check({ signature }));
  await refused(400, /too old/, check({ hmac }));
});

test('hashes and random bytes', async () => {
  const input = base64('hi');
  assert.equal((await ask('write', 'hash', { input })).data.sum, createHash('sha256').update('hi').digest('hex'));
  const long = await ask('write', 'hash/sha3-512', { input, format: 'base64' });
  assert.equal(long.data.sum, createHash('sha3-512').update('hi').digest('base64'));
  await refused(400, 'unsupported algorithm sha1', ask('write', 'hash/sha1', { input }));
  const length = async (path: string, data = {}) =>
    Buffer.from((await ask('write', path, data)).data.random_bytes, 'base64').length;
  assert.deepEqual([await length('random'), await length('random/7'), await length('random/platform/9')], [32, 7, 9]);
  assert.equal(await length('random', { bytes: 131_072 }), 131_072);
  for (const bytes of [0, -1, 131_073, 'x']) assert.equal((await ask('write', 'random', { bytes })).status, 400);
});

test('paths that are none, and verbs that a path does not take', async () => {
  await ask('write', 'keys/here');
  for (const path of [
    '',
    'other',
    'keys/a/b/c',
    'encrypt',
    'encrypt/a/b',
    'keys/-a',
    'keys/a%2Fb',
    'keys/..',
    'keys/ü',
  ]) {
    await refused(404, 'unsupported path', ask('write', path, {}));
  }
  await refused(404, 'unsupported path', ask('write', '.wrapping/x', {}));
  for (const [verb, path] of [
    ['read', 'encrypt/here'],
    ['delete', 'encrypt/here'],
    ['list', 'keys/here'],
    ['read', 'random'],
  ] as const) {
    await refused(405, 'unsupported operation', ask(verb, path));
  }
  assert.equal((await ask('read', 'keys/here/')).status, 200);
});

test('whoever was granted nothing is told nothing, and every refusal is in the ledger', async () => {
  await ask('write', 'keys/hidden', { exportable: true, allow_plaintext_backup: true, type: 'rsa-2048' });
  const project = parseProjectRef('default');
  const command = { project, accountId: 'stranger', displayName: '', description: '' };
  const { account } = await world.ask(createAccount, command, world.ownerCredential);
  const { token } = await world.ask(
    generateToken,
    { account: account.email, lifetimeSeconds: 0 },
    world.ownerCredential,
  );
  const input = plaintext;
  const stranger = asking(world, token.reveal());
  const requests = [
    ...['keys/hidden', 'keys/none', 'export/encryption-key/hidden', 'backup/hidden', 'wrapping_key'].map(
      (path) => ['read', path, {}] as const,
    ),
    ['list', 'keys', {}] as const,
    ['delete', 'keys/hidden', {}] as const,
    ...['encrypt/hidden', 'encrypt/none'].map((path) => ['write', path, { plaintext }] as const),
    ['write', 'decrypt/hidden', { ciphertext: 'vault:v1:AAAA' }] as const,
    ['write', 'rewrap/hidden', { ciphertext: 'vault:v1:AAAA' }] as const,
    ['write', 'datakey/plaintext/hidden', {}] as const,
    ...['sign/hidden', 'hmac/hidden', 'hash', 'random'].map((path) => ['write', path, { input }] as const),
    ['write', 'verify/hidden', { input, signature: 'vault:v1:AAAA' }] as const,
    ['write', 'verify/hidden', { input, hmac: 'vault:v1:AAAA' }] as const,
    ...['keys/hidden', 'keys/hidden/config', 'keys/hidden/rotate'].map((path) => ['write', path, {}] as const),
    ['write', 'keys/hidden/trim', { min_available_version: 1 }] as const,
    ['write', 'keys/new/import', { public_key: 'x' }] as const,
    ['write', 'keys/hidden/import_version', { public_key: 'x' }] as const,
    ['write', 'restore', { backup: (await ask('read', 'backup/hidden')).data.backup }] as const,
  ];
  for (const [verb, path, data] of requests) {
    const before = (await world.records()).length;
    await assert.rejects(
      stranger(verb, path, data),
      (error) => error instanceof Fault && error.code === 'PERMISSION_DENIED',
      `${verb} ${path}`,
    );
    const records = (await world.records()).slice(before);
    assert.ok(records.length > 0 && records.every(({ outcome }) => outcome === 'denied'), `${verb} ${path}`);
  }
});

test('what came and what went is nowhere in the ledger', async () => {
  await ask('write', 'keys/quiet', { exportable: true });
  const secret = base64('what nobody writes down');
  const { ciphertext } = (await ask('write', 'encrypt/quiet', { plaintext: secret })).data;
  await ask('write', 'decrypt/quiet', { ciphertext });
  const { keys } = (await ask('read', 'export/encryption-key/quiet')).data;
  const ledger = JSON.stringify(await world.records());
  for (const text of [secret, 'what nobody writes down', ciphertext, keys[1]]) assert.ok(!ledger.includes(text));
});
