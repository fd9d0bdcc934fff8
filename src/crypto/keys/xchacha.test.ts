import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hchacha20 } from './xchacha.ts';

test('the vector of the draft, section 2.2.1', () => {
  const key = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
  const nonce = Buffer.from('000000090000004a0000000031415927', 'hex');
  const made = hchacha20(key, nonce).toString('hex');
  assert.equal(made, '82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc');
});
