// A JWT is read in one form and no other; the signature of the key that the store names is the only one that counts.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import { createJwtReader } from './jwt.ts';

const KID = '0123456789abcdef0123456789abcdef01234567';
const first = generateKeyPairSync('rsa', { modulusLength: 2048 });
const second = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }) as string;
const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function jwt(header: unknown, claims: unknown, key: KeyObject = first.privateKey): string {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
}
const HEADER = { alg: 'RS256', kid: KID, typ: 'JWT' };

describe('reading', () => {
  const { read } = createJwtReader();

  it('gives the claims and the key id', () => {
    const found = read(jwt(HEADER, { iss: 'x' }));
    assert.deepEqual([found?.keyId, found?.claims, found?.hash.length], [KID, { iss: 'x' }, 64]);
    assert.ok(read(jwt({ alg: 'RS256', kid: KID }, {})));
    const unnamed = read(jwt({ alg: 'RS256' }, {}));
    assert.ok(unnamed && unnamed.keyId === undefined);
  });

  it('refuses every other algorithm, a key that the token brings or points to, and what it does not understand', () => {
    const headers = [
      { ...HEADER, alg: 'none' },
      { ...HEADER, alg: 'None' },
      { ...HEADER, alg: 'HS256' },
      { ...HEADER, alg: 'RS512' },
      { ...HEADER, alg: 'PS256' },
      { ...HEADER, alg: ['RS256'] },
      { ...HEADER, alg: undefined },
      { ...HEADER, typ: 'at+jwt' },
      { ...HEADER, kid: null },
      { ...HEADER, kid: '' },
      { ...HEADER, kid: `../../${KID}` },
      { ...HEADER, kid: KID.toUpperCase() },
      { ...HEADER, kid: `${KID}0` },
      { ...HEADER, kid: "' or 1=1 --" },
      { ...HEADER, jku: 'http://169.254.169.254/keys' },
      { ...HEADER, x5u: 'http://169.254.169.254/keys' },
      { ...HEADER, jwk: first.publicKey.export({ format: 'jwk' }) },
      { ...HEADER, crit: ['b64'], b64: false },
      [HEADER],
      'RS256',
      '{"alg":"RS256"',
    ];
    for (const header of headers) assert.equal(read(jwt(header, {})), undefined, JSON.stringify(header));
  });

  it('refuses an HMAC under the public key, and a token without a signature', () => {
    const signed = `${part({ ...HEADER, alg: 'HS256' })}.${part({})}`;
    const mac = createHmac('sha256', pem(first.publicKey)).update(signed).digest('base64url');
    assert.equal(read(`${signed}.${mac}`), undefined);
    const unsigned = `${part(HEADER)}.${part({})}`;
    for (const text of [unsigned, `${unsigned}.`, `${unsigned}.${mac}`]) assert.equal(read(text), undefined);
  });

  it('refuses a second spelling, bad UTF-8, other shapes and too much', () => {
    const good = jwt(HEADER, {});
    const [head = '', body = '', tail = ''] = good.split('.');
    const others = [
      '',
      'a.b.c',
      `${good}=`,
      `${good}.${body}`,
      ` ${good}`,
      `${head}=.${body}.${tail}`,
      `${head}.${body}.${tail.slice(0, -1)}`,
      `${head}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${tail}`,
      jwt(HEADER, []),
      jwt(HEADER, 'null'),
      jwt(HEADER, { pad: 'x'.repeat(4096) }),
    ];
    for (const text of others) assert.equal(read(text), undefined, text.slice(0, 60));
  });
});

describe('checking', () => {
  it('takes the key that is named by the store and no other, also from memory', () => {
    const { read, isSignedBy } = createJwtReader();
    const found = read(jwt(HEADER, { iss: 'x' }));
    assert.ok(found);
    assert.equal(isSignedBy(found, pem(second.publicKey)), false);
    assert.equal(isSignedBy(found, pem(first.publicKey)), true);
    assert.equal(isSignedBy(found, pem(first.publicKey)), true);
    assert.equal(isSignedBy(found, pem(second.publicKey)), false, 'what was good under one key is not under another');
  });

  it('refuses claims that were changed under a signature', () => {
    const { read, isSignedBy } = createJwtReader();
    const [head, , tail] = jwt(HEADER, { iss: 'x' }).split('.');
    const forged = read(`${head}.${part({ iss: 'y' })}.${tail}`);
    assert.ok(forged);
    assert.equal(isSignedBy(forged, pem(first.publicKey)), false);
  });
});
