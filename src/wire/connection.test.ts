import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionOf, remember } from './connection.ts';

test('a peer is remembered with its plain address', () => {
  const owner = {};
  remember(owner, { remoteAddress: '::ffff:192.0.2.7', remotePort: 1 }, true);
  assert.deepEqual(connectionOf(owner).peer, { address: '192.0.2.7', port: 1 });
  assert.equal(connectionOf(owner).secure, true);
  remember(owner, { remoteAddress: '2001:db8::1', remotePort: 2 }, false);
  assert.deepEqual(connectionOf(owner).peer, { address: '2001:db8::1', port: 2 });
  assert.deepEqual(connectionOf({}).peer, { address: '', port: 0 });
});
