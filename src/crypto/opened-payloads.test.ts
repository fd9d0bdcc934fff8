import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Redacted } from '../core/redacted.ts';
import { OpenedPayloads } from './opened-payloads.ts';

const projectKey = randomBytes(61);
const place = { projectUid: 'p', secretUid: 's', versionUid: 'v' };
const seal = () => ({ wrappedKey: randomBytes(61), ciphertext: randomBytes(93) });
const payload = new Redacted<Uint8Array>(Uint8Array.of(1, 2, 3));

test('a payload is given out again for equal bytes, also of a row that was read again', () => {
  const opened = new OpenedPayloads();
  const sealed = seal();
  assert.equal(opened.get(projectKey, place, sealed), undefined);
  opened.set(projectKey, place, sealed, payload);
  assert.equal(opened.get(projectKey, place, sealed), payload);
  const again = { wrappedKey: Buffer.from(sealed.wrappedKey), ciphertext: Buffer.from(sealed.ciphertext) };
  assert.equal(opened.get(Buffer.from(projectKey), { ...place }, again), payload);
});

test('a bit changed in the row, another key or another place is not what was opened', () => {
  const opened = new OpenedPayloads();
  const sealed = seal();
  opened.set(projectKey, place, sealed, payload);
  for (const part of ['wrappedKey', 'ciphertext'] as const) {
    const bytes = Buffer.from(sealed[part]);
    bytes[5] = (bytes[5] as number) ^ 1;
    assert.equal(opened.get(projectKey, place, { ...sealed, [part]: bytes }), undefined);
  }
  assert.equal(opened.get(projectKey, { ...place, secretUid: 'other' }, sealed), undefined);
  assert.equal(opened.get(projectKey, { ...place, projectUid: 'other' }, sealed), undefined);
  assert.equal(opened.get(randomBytes(61), place, sealed), undefined);
  assert.equal(opened.get(projectKey, place, sealed), payload);
});

test('what is kept stays within the bound, and what is asked for stays', () => {
  const opened = new OpenedPayloads(20_000);
  const sealed = seal();
  opened.set(projectKey, place, sealed, payload);
  const others = Array.from({ length: 100 }, (_, each) => ({ ...place, versionUid: `v${each}` }));
  for (const other of [...others, ...others]) {
    opened.set(projectKey, other, sealed, payload);
    assert.equal(opened.get(projectKey, place, sealed), payload);
  }
  const kept = others.filter((other) => opened.get(projectKey, other, sealed) !== undefined);
  assert.ok(kept.length > 0 && kept.length < 9, `${kept.length} are kept`);
  opened.clear();
  assert.equal(opened.get(projectKey, place, sealed), undefined);
});
