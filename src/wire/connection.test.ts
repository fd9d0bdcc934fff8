import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionTo } from './connection.ts';

test('a peer has its plain address', () => {
  const mapped = connectionTo({ remoteAddress: '::ffff:192.0.2.7', remotePort: 1 }, true);
  assert.deepEqual(mapped.peer, { address: '192.0.2.7', port: 1 });
  assert.equal(mapped.secure, true);
  const plain = connectionTo({ remoteAddress: '2001:db8::1', remotePort: 2 }, false);
  assert.deepEqual(plain.peer, { address: '2001:db8::1', port: 2 });
  assert.deepEqual(connectionTo({ remoteAddress: undefined, remotePort: undefined }, false).peer, {
    address: '',
    port: 0,
  });
});
