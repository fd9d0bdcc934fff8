import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  createSecretKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { HASH_NAMES } from '../../core/keys/type.ts';
import { Derivation } from './aead.ts';
import { signDigest, verifyDigest } from './ecdsa-digest.ts';
import { HASH_BYTES, NODE_HASHES } from './hashes.ts';
import { saltBytesMax, signPkcs1Digest, signPssDigest, verifyPkcs1Digest, verifyPssDigest } from './rsa-digest.ts';
import { inDer, sideBySide } from './signature-form.ts';

const text = Buffer.from('what was signed');
const digestOf = (hash: string, input: Uint8Array = text) => createHash(hash).update(input).digest();
const flipped = (bytes: Uint8Array, index = 0) => {
  const copy = Buffer.from(bytes);
  copy[index] = (copy[index] as number) ^ 1;
  return copy;
};

for (const [curve, bytes] of [
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
] as const) {
  test(`digests signed with ${curve} are what OpenSSL would have signed, and the other way round`, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
    // Digests shorter than the order of the curve, as long, and longer.
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512']) {
      const digest = digestOf(hash);
      const own = signDigest(privateKey, digest);
      assert.equal(own.length, 2 * bytes);
      assert.ok(verify(hash, text, { key: publicKey, dsaEncoding: 'ieee-p1363' }, own));
      assert.ok(verify(hash, text, publicKey, inDer(own)));
      const theirs = sign(hash, text, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      assert.ok(verifyDigest(publicKey, digest, theirs));
      assert.ok(!verifyDigest(publicKey, flipped(digest), theirs));
      assert.ok(!verifyDigest(publicKey, digest, flipped(theirs, 5)));
      assert.ok(!verifyDigest(publicKey, digest, flipped(theirs, bytes + 5)));
      assert.deepEqual(sideBySide(sign(hash, text, privateKey), bytes)?.length, 2 * bytes);
    }
  });

  test(`no signature of ${curve} is made of numbers out of range`, () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
    const digest = digestOf('sha256');
    const none = Buffer.alloc(2 * bytes);
    const large = Buffer.alloc(2 * bytes, 0xff);
    const halves = [Buffer.concat([none.subarray(bytes), large.subarray(bytes)]), large.subarray(1)];
    for (const signature of [none, large, ...halves, Buffer.alloc(0)]) {
      assert.ok(!verifyDigest(publicKey, digest, signature));
    }
  });
}

test('two signatures of one digest have nothing in common', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const digest = digestOf('sha256');
  const made = new Set(
    Array.from({ length: 20 }, () => signDigest(privateKey, digest).subarray(0, 32).toString('hex')),
  );
  assert.equal(made.size, 20);
});

test('DER that is not written as it must be is no signature', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (numbers) => {
      assert.deepEqual(sideBySide(inDer(numbers), 32), Buffer.from(numbers));
    }),
  );
  const whole = inDer(randomBytes(64).fill(0x11));
  const longer = Buffer.concat([whole, Buffer.of(0)]);
  const padded = Buffer.concat([Buffer.of(0x30, (whole[1] as number) + 1, 0x02, 33, 0), whole.subarray(4)]);
  for (const der of [longer, padded, whole.subarray(1), Buffer.alloc(0), Buffer.of(0x30, 0), Buffer.alloc(200, 0x30)]) {
    assert.equal(sideBySide(der, 32), undefined, der.toString('hex'));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 150 }), (bytes) => {
      const found = sideBySide(bytes, 32);
      assert.ok(found === undefined || found.length === 64);
    }),
  );
});

test('digests signed with RSA are what OpenSSL would have signed, and the other way round', () => {
  const { privateKey: key, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pss = (saltLength: number) => ({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
  for (const hash of HASH_NAMES) {
    const named = NODE_HASHES[hash];
    const digest = digestOf(named);
    assert.equal(digest.length, HASH_BYTES[hash]);
    const pkcs1 = signPkcs1Digest(key, digest, hash);
    assert.deepEqual(pkcs1, sign(named, text, key), hash);
    assert.ok(verifyPkcs1Digest(publicKey, digest, hash, pkcs1));
    assert.ok(!verifyPkcs1Digest(publicKey, flipped(digest), hash, pkcs1));
    for (const saltBytes of [1, HASH_BYTES[hash], saltBytesMax(key, hash)]) {
      const own = signPssDigest(key, digest, hash, saltBytes);
      assert.ok(verify(named, text, { key: publicKey, ...pss(saltBytes) }, own), `${hash} ${saltBytes}`);
      const theirs = sign(named, text, { key, ...pss(saltBytes) });
      assert.ok(verifyPssDigest(publicKey, digest, hash, saltBytes, theirs));
      assert.ok(verifyPssDigest(publicKey, digest, hash, undefined, theirs));
      assert.ok(!verifyPssDigest(publicKey, digest, hash, saltBytes + 1, theirs));
      assert.ok(!verifyPssDigest(publicKey, flipped(digest), hash, saltBytes, theirs));
      assert.ok(!verifyPssDigest(publicKey, digest, hash, saltBytes, flipped(theirs)));
    }
  }
  const bare = signPkcs1Digest(key, text, undefined);
  assert.ok(verifyPkcs1Digest(publicKey, text, undefined, bare));
  assert.ok(!verifyPkcs1Digest(publicKey, digestOf('sha256'), 'sha2-256', bare));
  for (const signature of [Buffer.alloc(256), Buffer.alloc(256, 0xff), Buffer.alloc(0), Buffer.alloc(255, 1)]) {
    assert.ok(!verifyPssDigest(publicKey, digestOf('sha256'), 'sha2-256', undefined, signature));
    assert.ok(!verifyPkcs1Digest(publicKey, digestOf('sha256'), 'sha2-256', signature));
  }
});

test('what is drawn for a context is HKDF-SHA256', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 64 }),
      fc.uint8Array({ maxLength: 1000 }),
      fc.integer({ min: 1, max: 64 }),
      (key, context, bytes) => {
        const expected = Buffer.from(hkdfSync('sha256', key, '', context, bytes));
        assert.deepEqual(new Derivation(createSecretKey(key)).draw(context, bytes), expected);
      },
    ),
  );
});
