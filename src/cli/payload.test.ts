import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, test } from 'node:test';
import type { Io } from './io.ts';
import { PAYLOAD_BYTES_MAX, readPayload, writePrivate } from './payload.ts';

const cwd = mkdtempSync(join(tmpdir(), 'coffer-payload-'));
after(() => rmSync(cwd, { recursive: true }));

function io(input: Buffer[] = []): Io {
  return { stdin: Readable.from(input), stdout: new PassThrough(), stderr: new PassThrough(), env: {}, cwd };
}

test('a payload comes from stdin or a file, byte for byte, up to 64 KiB', async () => {
  const bytes = Buffer.from([0, 255, 10, 13, 0]);
  assert.deepEqual(await readPayload(io([bytes.subarray(0, 2), bytes.subarray(2)]), '-'), bytes);
  writeFileSync(join(cwd, 'in'), bytes);
  assert.deepEqual(await readPayload(io(), 'in'), bytes);
  const largest = Buffer.alloc(PAYLOAD_BYTES_MAX, 'x');
  assert.equal((await readPayload(io([largest]), '-')).length, PAYLOAD_BYTES_MAX);
  writeFileSync(join(cwd, 'large'), Buffer.concat([largest, Buffer.from('y')]));
  await assert.rejects(readPayload(io(), 'large'), /the file \[large\] is larger than the maximum size of 65536 bytes/);
  await assert.rejects(readPayload(io([largest, Buffer.from('y')]), '-'), /larger than the maximum size of 65536/);
});

test('reading stops at the limit: an endless input ends too', async () => {
  async function* endless() {
    for (;;) yield Buffer.alloc(65536);
  }
  await assert.rejects(readPayload({ ...io(), stdin: Readable.from(endless()) }, '-'), /larger than/);
  await assert.rejects(readPayload(io(), '/dev/zero'), /larger than/);
});

test('an empty or missing path says so', async () => {
  await assert.rejects(readPayload(io(), ''), /--data-file is empty/);
  await assert.rejects(readPayload(io(), 'none'), /cannot read the file \[none\]: ENOENT/);
});

test('an output file is for its owner only, also where it was there before', async () => {
  const path = join(cwd, 'out');
  await writePrivate(io(), 'out', Buffer.from('first and longer'));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  chmodSync(path, 0o644);
  await writePrivate(io(), path, Buffer.from('second'));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path, 'utf8'), 'second');
  await assert.rejects(writePrivate(io(), 'no/such/dir', Buffer.from('x')), /cannot write the file/);
  await assert.rejects(writePrivate(io(), '', Buffer.from('x')), /--out-file is empty/);
});
