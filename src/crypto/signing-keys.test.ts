// The keys of ID tokens: sealed at rest, the same after a restart, changed every thirty days without a moment in which a
// token that still holds cannot be verified.

import assert from 'node:assert/strict';
import { createPublicKey, createSecretKey, randomBytes, verify, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { Keyring } from './keyring.ts';
import { KEYS_FRESH_SECONDS, openSigningKeys, type SigningKeys, SigningKeysError } from './signing-keys.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function setUp() {
  const rows = new Map<string, Uint8Array>();
  const meta = {
    meta: (key: string) => rows.get(key),
    setMeta: (key: string, value: Uint8Array) => void rows.set(key, Uint8Array.from(value)),
  };
  const keyring = new Keyring({
    root: createSecretKey(randomBytes(32)),
    fingerprintKey: createSecretKey(randomBytes(32)),
    sealType: 'file',
    sealKeyId: 'test',
  });
  let time = 1_800_000_000_000;
  const clock = { now: () => time };
  const options = { meta, keyring, clock };
  const pass = (ms: number) => {
    time += ms;
  };
  return { rows, options, open: () => openSigningKeys(options), pass };
}

async function signedBy(keys: SigningKeys): Promise<string> {
  const text = (await keys.sign({ aud: 'x' })).reveal();
  const [head = '', body = '', tail = ''] = text.split('.');
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString());
  const jwk = (await keys.jwks()).find((each) => each.kid === kid);
  assert.ok(jwk, 'the key that signs is published');
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  assert.ok(verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(tail, 'base64url')));
  assert.deepEqual(JSON.parse(Buffer.from(body, 'base64url').toString()), { aud: 'x' });
  return kid;
}

const ids = async (keys: SigningKeys) => (await keys.jwks()).map(({ kid }) => kid);

describe('signing keys', () => {
  it('are made once, whoever asks first, and are the same after a restart', async () => {
    const { open, rows } = setUp();
    const keys = await open();
    assert.equal(rows.size, 0, 'starting makes none');
    const [one, two] = await Promise.all([signedBy(keys), signedBy(keys)]);
    assert.equal(one, two);
    assert.match(one, /^[0-9a-f]{40}$/);
    assert.deepEqual(await ids(await open()), [one]);
    const certificates = await keys.certificates();
    assert.deepEqual(Object.keys(certificates), [one]);
    const certified = new X509Certificate(certificates[one] ?? '').publicKey.export({ format: 'jwk' });
    assert.equal(certified.n, (await keys.jwks())[0]?.n);
  });

  it('rotate: published before they sign, and until what they signed is over', async () => {
    const { open, pass } = setUp();
    const keys = await open();
    const old = await signedBy(keys);
    pass(30 * DAY_MS - 1);
    assert.deepEqual(await ids(keys), [old]);
    pass(1);
    const [fresh, ...rest] = await ids(keys);
    assert.ok(fresh);
    assert.notEqual(fresh, old);
    assert.deepEqual(rest, [old]);
    assert.equal(await signedBy(keys), old, 'verifiers may still hold the old set');
    pass(KEYS_FRESH_SECONDS * 1000);
    assert.equal(await signedBy(keys), fresh);
    assert.deepEqual(await ids(await open()), [fresh, old], 'the same after a restart');
    pass(HOUR_MS + 59_000);
    assert.deepEqual(await ids(keys), [fresh, old], 'a token of an hour by a slow clock');
    pass(1_000);
    assert.deepEqual(await ids(keys), [fresh]);
    assert.deepEqual(Object.keys(await keys.certificates()), [fresh]);
    assert.deepEqual(await ids(await open()), [fresh], 'the old one is gone from the store');
  });

  it('of several servers on one store are the same, whichever of them makes the next', async () => {
    const { options, pass } = setUp();
    const shared = { ...options, isShared: true };
    const one = await openSigningKeys(shared);
    const old = await signedBy(one);
    const two = await openSigningKeys(shared);
    assert.equal(await signedBy(two), old);
    pass(30 * DAY_MS);
    const [fresh] = await ids(two);
    assert.notEqual(fresh, old);
    assert.deepEqual(await ids(one), [fresh, old], 'it takes the key of the other, and makes none');
    pass(KEYS_FRESH_SECONDS * 1000);
    assert.equal(await signedBy(one), old, 'another server may have published it a minute later');
    pass(60_000);
    assert.equal(await signedBy(one), fresh);
    assert.equal(await signedBy(two), fresh);
  });

  it('rest sealed, and say so where they were changed', async () => {
    const { open, rows, options } = setUp();
    await signedBy(await open());
    const [[name, record]] = [...rows] as [[string, Uint8Array]];
    const rsaEncryption = Buffer.from('300d06092a864886f70d010101', 'hex');
    assert.equal(Buffer.from(record).includes(rsaEncryption), false, 'no PKCS #8 in the clear');
    rows.set(name, record.with(record.length - 1, (record.at(-1) ?? 0) ^ 1));
    await assert.rejects(open(), SigningKeysError);
    rows.set(name, record);
    const keyring = new Keyring({
      root: createSecretKey(randomBytes(32)),
      fingerprintKey: createSecretKey(randomBytes(32)),
      sealType: 'file',
      sealKeyId: 'other',
    });
    await assert.rejects(openSigningKeys({ ...options, keyring }), /restore the data directory/);
  });
});
