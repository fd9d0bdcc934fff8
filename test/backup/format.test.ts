// The form of a backup: the vector of docs/backup.md, every length around a chunk, and whatever can be done to the bytes
// of one: nothing of it is taken, and no file of it becomes visible.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { restoreBackup, verifyBackup } from '../../src/backup/restore.ts';
import { readNote } from '../../src/backup/signed-note.ts';
import { CHUNK_BYTES } from '../../src/crypto/chunks.ts';
import { counterMac } from '../../src/crypto/counter-mac.ts';
import { adoptKey } from '../../src/crypto/envelope.ts';
import { createKeyFile } from '../../src/crypto/key-file.ts';
import { ENTRIES, KEY_FILE_TEXT, sealArchive, vectorsOf } from './sealed.ts';

const root = mkdtempSync(join(tmpdir(), 'coffer-backup-'));
const keyFile = join(root, 'a.key');
writeFileSync(keyFile, KEY_FILE_TEXT, { mode: 0o600 });
after(() => rmSync(root, { recursive: true }));

async function* inParts(bytes: Uint8Array, partBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes);
}

const check = (bytes: Uint8Array, partBytes = 4093, key = keyFile) =>
  verifyBackup({ name: 'B', content: inParts(bytes, partBytes), keyFile: key });

test('the vector of the documentation is what is written, and opens', async () => {
  const vectors = vectorsOf('backup.md');
  const [line = Buffer.alloc(0), wrapped, chunk, ...more] = await sealArchive(ENTRIES);
  assert.equal(line.toString(), `${vectors.get('line')}\n`);
  assert.equal(wrapped?.toString('hex'), vectors.get('wrapped-key'));
  assert.equal(chunk?.toString('hex'), vectors.get('chunk'));
  assert.equal(more.length, 0);
  const hex = Buffer.from(`${vectors.get('wrapped-key')}${vectors.get('chunk')}`, 'hex');
  assert.deepEqual(await check(Buffer.concat([line, hex])), {
    store: 'bb11bed0ffba5c7d',
    time: '2026-11-22T10:00:00.000Z',
    files: 2,
    bytes: 22,
  });
  const mac = counterMac(adoptKey(Buffer.from(vectorsOf('envelope.md').get('root-key') ?? '', 'hex')));
  assert.deepEqual(readNote(vectors.get('seen') ?? '', 'coffer-seen-1', 2, mac), ['bb11bed0ffba5c7d', '7']);
});

test('a backup of any length opens, however it arrives', async () => {
  for (const chunks of [1, 2]) {
    for (let more = -45; more <= 5; more += 1) {
      const content = Buffer.alloc(chunks * CHUNK_BYTES + more, 7);
      const facts = await check(Buffer.concat(await sealArchive([['coffer.db', content]])), 30_011);
      assert.equal(facts.bytes, content.length);
    }
  }
  const bytes = Buffer.concat(await sealArchive(ENTRIES));
  for (const partBytes of [1, 7, bytes.length]) assert.equal((await check(bytes, partBytes)).files, 2);
});

test('a backup that was cut anywhere is refused', async () => {
  const parts = await sealArchive([['coffer.db', Buffer.alloc(3 * CHUNK_BYTES, 1)]]);
  const whole = Buffer.concat(parts);
  const ends = new Set(Array.from({ length: 500 }, (_, at) => at));
  let at = 0;
  for (const part of parts) {
    at += part.length;
    for (const near of [at - 17, at - 16, at - 1, at, at + 1, at + 16]) ends.add(near);
  }
  for (const end of ends) {
    if (end >= whole.length) continue;
    await assert.rejects(check(whole.subarray(0, end)), /^(BackupError|SealError): .*B /, `cut at ${end}`);
  }
});

test('a backup with any bit changed, or anything put behind it, is refused', async () => {
  const whole = Buffer.concat(await sealArchive(ENTRIES));
  for (let at = 0; at < whole.length; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    await assert.rejects(check(changed), /^(BackupError|SealError): /, `byte ${at}`);
  }
  await assert.rejects(check(Buffer.concat([whole, Buffer.of(0)])), /does not hold/);
  await assert.rejects(check(Buffer.concat([whole, whole])), /does not hold/);
});

test('chunks that were moved, left out, put twice or taken from another backup are refused', async () => {
  const [line, key, one, two, three, last] = await sealArchive([['coffer.db', Buffer.alloc(3 * CHUNK_BYTES, 1)]]);
  const archive = [['coffer.db', Buffer.alloc(3 * CHUNK_BYTES, 1)]] as const;
  const [, , , twoOfAnother] = await sealArchive(archive, 'project-key');
  const forged = [
    [two, one, three, last],
    [one, three, last],
    [one, one, two, three, last],
    [one, two, three],
    [one, twoOfAnother, three, last],
    [last],
  ];
  for (const chunks of forged) {
    const bytes = Buffer.concat([line, key, ...chunks].map((part) => part ?? Buffer.alloc(0)));
    await assert.rejects(check(bytes), /cut short or changed at chunk/);
  }
});

test('names that lead elsewhere, come twice or are no store are refused', async () => {
  const refused: (readonly [string, string])[][] = [
    [],
    [['audit/00000001.jsonl', '']],
    [
      ['coffer.db', ''],
      ['coffer.db', ''],
    ],
    ...['../x', '/etc/passwd', 'audit/../x', 'owner.token', 'audit/A/00000001.jsonl', 'audit/1.jsonl'].map(
      (name): (readonly [string, string])[] => [
        ['coffer.db', ''],
        [name, ''],
      ],
    ),
  ];
  for (const entries of refused) {
    await assert.rejects(check(Buffer.concat(await sealArchive(entries))), /^BackupError: the backup B /);
  }
});

test('what is no backup is called so', async () => {
  for (const text of ['', '\n', '{}\n', 'null\n', '[1]\n', 'x'.repeat(10_000), 'SQLite format 3\0']) {
    await assert.rejects(check(Buffer.from(text)), /^BackupError: the backup B is not a backup of a Coffer store$/);
  }
  const later = '{"format":"coffer-backup-2"}\n';
  await assert.rejects(check(Buffer.from(later)), /has the form coffer-backup-2: use a newer program/);
});

test('another key is refused with both ids, and a missing one with the id that is needed', async () => {
  const bytes = Buffer.concat(await sealArchive(ENTRIES));
  const other = join(root, 'other.key');
  const { id } = createKeyFile(other);
  await assert.rejects(
    check(bytes, 1000, other),
    new RegExp(`^SealError: key file ${other} holds key ${id}, but the backup B opens with key 7db5cd88b984a2ff only`),
  );
  const missing = /is missing, and the backup B opens with key 7db5cd88b984a2ff only/;
  await assert.rejects(check(bytes, 1000, join(root, 'none.key')), missing);
});

test('nothing is left of a restore that was refused', async () => {
  const place = join(root, 'place');
  mkdirSync(place);
  const restore = (bytes: Uint8Array, data: string) =>
    restoreBackup({ name: 'B', content: inParts(bytes, 1000), keyFile }, data);
  const parts = await sealArchive([['coffer.db', Buffer.alloc(2 * CHUNK_BYTES, 1)]]);
  await assert.rejects(restore(Buffer.concat(parts.slice(0, -1)), join(place, 'data')), /does not hold/);
  // Its seal holds, and yet there is no store in it.
  await assert.rejects(restore(Buffer.concat(parts), join(place, 'data')));
  assert.deepEqual(readdirSync(place), []);
  const full = join(place, 'full');
  mkdirSync(full);
  writeFileSync(join(full, 'x'), '');
  await assert.rejects(restore(Buffer.concat(parts), full), /full is not empty: restore into a new one/);
  assert.deepEqual(readdirSync(full), ['x']);
  await assert.rejects(restore(Buffer.concat(parts), root), /is inside the data directory/);
});
