// Credentials in the forms that are given out are known by their hash; everything else is refused unhashed.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { systemEntropy } from '../crypto/entropy.ts';
import { credentialId, hashToken, parseToken } from './tokens.ts';

describe('parseToken', () => {
  it('knows what the server gives out', () => {
    for (const kind of ['owner', 'access'] as const) {
      const { text, hash } = systemEntropy.credential(kind);
      assert.match(text.reveal(), kind === 'owner' ? /^cof_owner_[A-Za-z0-9_-]{43}$/ : /^ya29\.[A-Za-z0-9_-]{43}$/);
      assert.deepEqual(parseToken(text.reveal()), { kind, hash });
    }
  });

  it('refuses every other form', () => {
    const random = 'A'.repeat(43);
    const others = [
      '',
      random,
      `ya29.${random}A`,
      `ya29.${random.slice(1)}`,
      `ya29${random}`,
      `YA29.${random}`,
      ` ya29.${random}`,
      `ya29.${random.slice(1)}\n`,
      `ya29.${random.slice(1)}=`,
      `ya29.${random.slice(1)}é`,
      `cof_owner_${random.slice(1)}.`,
      `cof_owner_${random}\0`,
      'ya29.'.repeat(1_000_000),
    ];
    for (const text of others) assert.equal(parseToken(text), undefined, JSON.stringify(text.slice(0, 80)));
  });

  it('answers for any text without throwing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('', 'ya29.', 'cof_owner_'),
        fc.string({ minLength: 40, maxLength: 46 }),
        (prefix, rest) => {
          const whole = /^(?:ya29\.|cof_owner_)[A-Za-z0-9_-]{43}$/.test(prefix + rest);
          assert.equal(parseToken(prefix + rest) !== undefined, whole);
        },
      ),
    );
  });
});

describe('hashToken', () => {
  it('is SHA-256 in hex, and its beginning is the name in the audit', () => {
    const hash = createHash('sha256').update('ya29.x').digest('hex');
    assert.equal(hashToken('ya29.x'), hash);
    assert.equal(credentialId(hash), hash.slice(0, 12));
  });
});
