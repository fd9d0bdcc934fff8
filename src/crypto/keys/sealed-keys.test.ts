import assert from 'node:assert/strict';
import { type createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fault, type FaultCode } from '../../core/error.ts';
import type { Permission } from '../../core/iam/permissions.ts';
import { authorise, type Grant } from '../../core/iam/policy.ts';
import type { KeyMaterial, KeyPlace, OpenKey, SignOptions } from '../../core/keys/port.ts';
import { KEY_TYPES, type KeyType, supportsUse } from '../../core/keys/type.ts';
import { OWNER } from '../../core/principal.ts';
import { Redacted } from '../../core/redacted.ts';
import { newKey } from '../envelope.ts';
import { Keyring } from '../keyring.ts';

const keyring = new Keyring({ root: newKey(), fingerprintKey: newKey(), sealType: 'file', sealKeyId: '' });
const project = keyring.wrapProjectKey('p');
const place: KeyPlace = { projectUid: 'p', keyUid: 'k', number: 1 };
const policy = { bindings: [{ role: 'roles/coffer.admin', members: [OWNER.member] }], etag: '' };
const context = { time: 0, resource: () => ({}) };
const grantOf = (permission: Permission) =>
  authorise(permission, OWNER, [{ resource: 'server', policy }], context) as Grant;

/** Opens as for this permission what was sealed for `place`. */
async function opener(type: KeyType, made?: KeyMaterial) {
  const material = made ?? (await keyring.keys.make(type, 32));
  const { publicKey } = material;
  const sealed = keyring.keys.seal(project, place, material);
  const what = { place, type, ...(publicKey === undefined ? {} : { publicKey }) };
  return {
    sealed,
    what,
    as: (permission: Permission) => keyring.keys.open(grantOf(permission), project, what, sealed),
  };
}

const ends = (code: FaultCode) => (error: unknown) => error instanceof Fault && error.code === code;
const options: SignOptions = { hash: 'sha2-256', prehashed: false, scheme: 'pss', salt: 'auto', encoding: 'der' };
const text = Buffer.from('a text');
const SEALING = ['aes128-gcm96', 'aes256-gcm96', 'chacha20-poly1305', 'xchacha20-poly1305'] as const;

test('material rests sealed, and its bytes are overwritten where they were made', async () => {
  for (const type of KEY_TYPES.filter((each) => each !== 'rsa-4096' && each !== 'rsa-3072')) {
    const material = await keyring.keys.make(type, 40);
    const before = Buffer.from(material.record.reveal());
    const { sealed } = await opener(type, material);
    assert.ok(
      material.record.reveal().every((byte) => byte === 0),
      type,
    );
    const stored = Buffer.concat([sealed.wrappedKey, sealed.ciphertext]);
    assert.ok(!stored.includes(before.subarray(3)), type);
    assert.equal(material.publicOnly, false);
  }
});

test('material opens in its own place alone', async () => {
  const { sealed, what } = await opener('aes256-gcm96');
  const open = (over: Partial<KeyPlace>, bytes = sealed, key = project) =>
    keyring.keys.open(grantOf('coffer.keys.encrypt'), key, { ...what, place: { ...place, ...over } }, bytes);
  open({});
  for (const over of [{ keyUid: 'other' }, { number: 2 }, { projectUid: 'q' }]) {
    assert.throws(() => open(over), ends('KEY_CORRUPT'), JSON.stringify(over));
  }
  // Also once it is kept open: a row that was changed is another row.
  for (const part of ['ciphertext', 'wrappedKey'] as const) {
    const changed = Buffer.from(sealed[part]);
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    assert.throws(() => open({}, { ...sealed, [part]: changed }), ends('KEY_CORRUPT'), part);
  }
  assert.throws(() => open({}, sealed, keyring.wrapProjectKey('p')), ends('KEY_CORRUPT'));
  assert.throws(() => keyring.keys.open({} as Grant, project, what, sealed), TypeError);
  assert.throws(() => keyring.keys.open(grantOf('secretmanager.versions.access'), project, what, sealed), TypeError);
});

test('a grant opens for what was granted, and for nothing else', async () => {
  const rsa = await opener('rsa-2048');
  const uses: Record<string, (key: OpenKey) => unknown> = {
    encrypt: (key) => key.encrypt(text, {}),
    decrypt: (key) => key.decrypt(text, {}),
    sign: (key) => key.sign(text, options),
    verify: (key) => key.verify(text, text, options),
    mac: (key) => key.mac(text, 'sha2-256'),
    isMac: (key) => key.isMac(text, 'sha2-256', text),
    export: (key) => key.export('pkcs8'),
    exportMacKey: (key) => key.exportMacKey(),
    exportJwk: (key) => key.exportJwk(),
    unwrap: (key) => key.unwrap(text, 'sha2-256'),
  };
  const allowed: Partial<Record<Permission, readonly string[]>> = {
    'coffer.keys.encrypt': ['encrypt'],
    'coffer.keys.decrypt': ['decrypt'],
    'coffer.keys.rewrap': ['encrypt', 'decrypt'],
    'coffer.keys.sign': ['sign'],
    'coffer.keys.verify': ['verify', 'isMac'],
    'coffer.keys.mac': ['mac'],
    'coffer.keys.export': ['export', 'exportMacKey', 'exportJwk'],
    'coffer.keys.import': ['unwrap'],
    'coffer.keys.get': [],
    'coffer.keys.update': [],
    'coffer.keys.create': [],
  };
  for (const [permission, names] of Object.entries(allowed)) {
    for (const [name, use] of Object.entries(uses)) {
      const key = rsa.as(permission as Permission);
      let error: unknown;
      try {
        await use(key);
      } catch (thrown) {
        error = thrown;
      }
      assert.equal(error instanceof TypeError, !names.includes(name), `${name} by ${permission}`);
    }
  }
});

for (const type of SEALING) {
  test(`what ${type} sealed opens only whole, with its context and its associated data`, async () => {
    const key = await opener(type);
    const [sealing, opening] = [key.as('coffer.keys.encrypt'), key.as('coffer.keys.decrypt')];
    const bytes = fc.uint8Array({ maxLength: 300 });
    const some = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        bytes,
        fc.option(some, { nil: undefined }),
        fc.option(some, { nil: undefined }),
        fc.nat(),
        (plain, own, beside, at) => {
          const with_ = {
            ...(own === undefined ? {} : { context: own }),
            ...(beside === undefined ? {} : { associatedData: beside }),
          };
          const box = sealing.encrypt(plain, with_);
          assert.equal(box.length, plain.length + (type === 'xchacha20-poly1305' ? 40 : 28));
          assert.deepEqual(
            Buffer.from((opening.decrypt(box, with_) as Redacted<Uint8Array>).reveal()),
            Buffer.from(plain),
          );
          const refused = (changed: Uint8Array, given: object) =>
            assert.throws(() => opening.decrypt(changed, given), ends('KEY_CIPHERTEXT_INVALID'));
          const flipped = Buffer.from(box);
          flipped[at % box.length] = (flipped[at % box.length] as number) ^ 1;
          refused(flipped, with_);
          refused(box.subarray(0, at % box.length), with_);
          refused(box, { ...with_, context: Buffer.from('another context') });
          refused(box, { ...with_, associatedData: Buffer.from('something else') });
        },
      ),
      { numRuns: 60 },
    );
  });

  test(`convergent sealing with ${type} gives equal bytes for equal input, and no nonce twice otherwise`, async () => {
    const sealing = (await opener(type)).as('coffer.keys.encrypt');
    const seal = (plain: string, own: string) =>
      Buffer.from(sealing.encrypt(Buffer.from(plain), { context: Buffer.from(own), convergent: true })).toString('hex');
    assert.equal(seal('a', 'x'), seal('a', 'x'));
    const different = [seal('a', 'x'), seal('b', 'x'), seal('a', 'y'), seal('b', 'y')];
    assert.equal(new Set(different.map((each) => each.slice(0, 24))).size, 4);
    assert.throws(() => sealing.encrypt(text, { convergent: true }), TypeError);
  });
}

test('nonces of one key never come twice', async () => {
  const sealing = (await opener('aes256-gcm96')).as('coffer.keys.encrypt');
  const nonces = new Set<string>();
  for (let round = 0; round < 5000; round++) {
    nonces.add(Buffer.from(sealing.encrypt(text, {}).subarray(0, 12)).toString('hex'));
  }
  assert.equal(nonces.size, 5000);
});

/** The same with one bit changed. */
function flipped(bytes: Uint8Array, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] as number) ^ 1;
  return changed;
}

test('RSA opens what it sealed, and says the same of everything else', async () => {
  const key = await opener('rsa-2048');
  const [sealing, opening] = [key.as('coffer.keys.encrypt'), key.as('coffer.keys.decrypt')];
  const box = sealing.encrypt(Buffer.alloc(190, 7), {});
  assert.deepEqual(Buffer.from((await opening.decrypt(box, {})).reveal()), Buffer.alloc(190, 7));
  assert.throws(() => sealing.encrypt(Buffer.alloc(191), {}), ends('INVALID_FIELD'));
  for (const bad of [flipped(box, 9), box.subarray(1), Buffer.alloc(0), Buffer.alloc(256, 0xff)]) {
    await assert.rejects(async () => opening.decrypt(bad, {}), ends('KEY_CIPHERTEXT_INVALID'));
  }
});

test('signatures of each type hold for their input alone, in both encodings and schemes', async () => {
  for (const type of KEY_TYPES.filter(
    (each) => supportsUse(each, 'sign') && each !== 'rsa-3072' && each !== 'rsa-4096',
  )) {
    const key = await opener(type);
    const [signing, checking] = [key.as('coffer.keys.sign'), key.as('coffer.keys.verify')];
    const digest = { sign: Buffer.alloc(32, 3), other: Buffer.alloc(32, 4) };
    for (const over of [
      {},
      { encoding: 'p1363' },
      { scheme: 'pkcs1v15' },
      { prehashed: true },
      { salt: 20 },
    ] as const) {
      const how = { ...options, ...over };
      const input = how.prehashed ? digest.sign : text;
      const signature = await signing.sign(input, how);
      assert.equal(await checking.verify(input, signature, how), true, `${type} ${JSON.stringify(over)}`);
      assert.equal(await checking.verify(digest.other, signature, how), false);
      assert.equal(await checking.verify(input, flipped(signature, 4), how), false);
      assert.equal(await checking.verify(input, Buffer.alloc(0), how), false);
    }
  }
});

test('a key of each type makes MACs of its own', async () => {
  for (const type of ['aes256-gcm96', 'hmac', 'ed25519'] as const) {
    const key = await opener(type);
    const made = key.as('coffer.keys.mac').mac(text, 'sha3-384');
    const checking = key.as('coffer.keys.verify');
    assert.ok(checking.isMac(text, 'sha3-384', made));
    assert.ok(!checking.isMac(text, 'sha3-384', made.subarray(1)));
    assert.ok(!checking.isMac(Buffer.from('another'), 'sha3-384', made));
    const other = await opener(type);
    assert.ok(!other.as('coffer.keys.verify').isMac(text, 'sha3-384', made));
  }
});

test('keys from elsewhere are taken only as what they are', () => {
  const pkcs8 = (key: ReturnType<typeof createPrivateKey>) =>
    new Redacted<Uint8Array>(key.export({ format: 'der', type: 'pkcs8' }));
  const raw = (bytes: number) => ({ raw: new Redacted<Uint8Array>(randomBytes(bytes)) });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ed = generateKeyPairSync('ed25519');
  const pem = (key: typeof ec.publicKey) => key.export({ format: 'pem', type: 'spki' }) as string;
  const fits: [KeyType, object][] = [
    ['aes128-gcm96', raw(16)],
    ['aes256-gcm96', raw(32)],
    ['hmac', raw(512)],
    ['ecdsa-p256', { pkcs8: pkcs8(ec.privateKey) }],
    ['rsa-2048', { pkcs8: pkcs8(rsa.privateKey) }],
    ['ed25519', { pkcs8: pkcs8(ed.privateKey) }],
    ['ed25519', { publicKey: pem(ed.publicKey) }],
  ];
  for (const [type, plain] of fits) keyring.keys.adopt(type, plain);
  const mixed = { ...rsa.privateKey.export({ format: 'jwk' }) } as Record<string, string>;
  mixed['n'] = String(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }).n);
  const wrong: [KeyType, object][] = [
    ['aes256-gcm96', raw(31)],
    ['aes256-gcm96', {}],
    ['hmac', raw(31)],
    ['hmac', raw(513)],
    ['ecdsa-p384', { pkcs8: pkcs8(ec.privateKey) }],
    ['rsa-3072', { pkcs8: pkcs8(rsa.privateKey) }],
    ['ed25519', { pkcs8: pkcs8(ec.privateKey) }],
    ['ed25519', { pkcs8: new Redacted<Uint8Array>(randomBytes(48)) }],
    ['ecdsa-p256', { publicKey: 'no key' }],
    // Where a public key is asked for, nobody finds that his private one was taken.
    ['ecdsa-p256', { publicKey: ec.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string }],
    ['rsa-2048', { jwk: new Redacted(mixed) }],
    ['aes256-gcm96', { ...raw(32), macKey: new Redacted<Uint8Array>(randomBytes(8)) }],
  ];
  for (const [type, plain] of wrong) {
    assert.throws(() => keyring.keys.adopt(type, plain), ends('KEY_IMPORT_INVALID'), type);
  }
});

test('a public half verifies and encrypts, and does nothing that takes the other', async () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKey = pair.publicKey.export({ format: 'pem', type: 'spki' }) as string;
  const half = await opener('rsa-2048', keyring.keys.adopt('rsa-2048', { publicKey }));
  half.as('coffer.keys.encrypt').encrypt(text, {});
  assert.equal(half.as('coffer.keys.export').export('pkcs8').reveal().length, 0);
  await assert.rejects(
    async () => half.as('coffer.keys.decrypt').decrypt(Buffer.alloc(256), {}),
    ends('KEY_PRIVATE_MISSING'),
  );
  await assert.rejects(async () => half.as('coffer.keys.sign').sign(text, options), ends('KEY_PRIVATE_MISSING'));
});
