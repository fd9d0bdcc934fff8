// A sealed text says nothing to whoever has it, and opens as what it was sealed for or not at all. Read a second time by
// what docs/envelope.md says of it.

import assert from 'node:assert/strict';
import { createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { adoptKey } from './envelope.ts';
import { SealedTexts } from './sealed-texts.ts';

const raw = randomBytes(32);
const texts = new SealedTexts(adoptKey(Buffer.from(raw)));
const TEXT = 'who may what, in so many words';

describe('sealed texts', () => {
  it('come back, each in a box of its own', () => {
    const [one, two] = [texts.seal('a', TEXT), texts.seal('a', TEXT)];
    assert.notEqual(one, two);
    assert.deepEqual([texts.open('a', one), texts.open('a', two)], [TEXT, TEXT]);
    assert.ok(!Buffer.from(one, 'base64url').includes('words'));
  });

  it('open for nothing else, not changed by a bit, not in another spelling', () => {
    const sealed = texts.seal('a', TEXT);
    const bytes = Buffer.from(sealed, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(texts.open('a', flipped.toString('base64url')), undefined, `bit ${bit}`);
    }
    for (let length = 0; length < sealed.length; length++) {
      assert.equal(texts.open('a', sealed.slice(0, length)), undefined, `${length} characters`);
    }
    for (const other of [`${sealed}=`, `${sealed}A`, ` ${sealed}`, bytes.toString('base64'), 'A'.repeat(100_000)]) {
      assert.equal(texts.open('a', other), undefined, other.slice(0, 20));
    }
    assert.equal(texts.open('b', sealed), undefined);
    assert.equal(new SealedTexts(adoptKey(randomBytes(32))).open('a', sealed), undefined);
  });

  it('are what the page says', () => {
    const bytes = Buffer.from(texts.seal('scope', TEXT), 'base64url');
    const key = createHmac('sha256', raw).update(bytes.subarray(0, 16)).digest();
    assert.equal(bytes[16], 1);
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(17, 29));
    const prefixed = (text: string) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(text));
      return Buffer.concat([length, Buffer.from(text)]);
    };
    decipher.setAAD(Buffer.concat([prefixed('coffer sealed text v1'), prefixed('scope')]));
    decipher.setAuthTag(bytes.subarray(-16));
    assert.equal(decipher.update(bytes.subarray(29, -16)).toString() + decipher.final('utf8'), TEXT);
  });
});
