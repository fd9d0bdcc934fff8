import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHealth, HEALTH_SERVICE } from './health.ts';
import type { GrpcRequest } from './types.ts';

function call(message: Uint8Array, rpc = 'Check'): GrpcRequest {
  return {
    id: 'id',
    protocol: 'h2',
    secure: false,
    method: 'POST',
    host: 'localhost',
    path: `/${HEALTH_SERVICE}/${rpc}`,
    query: '',
    headers: {},
    peer: { address: '127.0.0.1', port: 1 },
    service: HEALTH_SERVICE,
    rpc,
    message,
  };
}

const named = (name: string): Uint8Array => Buffer.concat([Uint8Array.of(0x0a, name.length), Buffer.from(name)]);

test('the whole server answers whether it is ready', () => {
  for (const message of [new Uint8Array(0), named('')]) {
    assert.deepEqual(checkHealth(call(message), true), { ok: true, message: Uint8Array.of(8, 1) });
    assert.deepEqual(checkHealth(call(message), false), { ok: true, message: Uint8Array.of(8, 2) });
  }
});

test('no part of the server has a health of its own', () => {
  for (const message of [named('a.B'), Buffer.concat([Uint8Array.of(0x0a, 0xc8, 1), Buffer.alloc(200, 97)])]) {
    const answer = checkHealth(call(message), true);
    assert.equal(answer.ok ? 0 : answer.code, 5);
  }
});

test('other methods and broken messages are refused', () => {
  const watched = checkHealth(call(new Uint8Array(0), 'Watch'), true);
  assert.equal(watched.ok ? 0 : watched.code, 12);
  for (const message of [Uint8Array.of(0x0a), Uint8Array.of(0x0a, 3, 97), Uint8Array.of(0x10, 1)]) {
    const answer = checkHealth(call(message), true);
    assert.equal(answer.ok ? 0 : answer.code, 13);
  }
});
