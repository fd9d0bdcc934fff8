// The key file's cases, each with the exact line that the operator reads, on real files.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { nameKey, newKey } from './envelope.ts';
import { openSeal } from './file-seal.ts';
import { keyFileText, parseKeyFile, SealError } from './key-file.ts';

class MemoryMeta {
  readonly rows = new Map<string, Uint8Array>();
  meta(key: string): Uint8Array | undefined {
    return this.rows.get(key);
  }
  setMeta(key: string, value: Uint8Array): void {
    this.rows.set(key, Uint8Array.from(value));
  }
}

const root = mkdtempSync(join(tmpdir(), 'coffer-seal-'));
after(() => rmSync(root, { recursive: true }));

let dataDir: string;
let keyFile: string;
let meta: MemoryMeta;
let serial = 0;

beforeEach(() => {
  serial += 1;
  const place = join(root, String(serial));
  dataDir = join(place, 'data');
  mkdirSync(dataDir, { recursive: true });
  keyFile = join(place, 'data.key');
  meta = new MemoryMeta();
});

const open = (explicit?: string) => openSeal({ dataDir, meta, keyFile: explicit });

async function assertRefused(message: string, opening: Promise<unknown> = open()): Promise<void> {
  const rowsBefore = new Map(meta.rows);
  await assert.rejects(opening, (error) => {
    assert.ok(error instanceof SealError, String(error));
    assert.equal(error.message, message);
    return true;
  });
  assert.ok(!message.includes('\n'));
  assert.deepEqual(meta.rows, rowsBefore, 'a refused start changed the store');
}

describe('a new store', () => {
  it('gets a key file beside the data, readable by its owner only, and nothing else', async () => {
    const seal = await open();
    assert.equal(seal.keyFile, keyFile);
    assert.equal(seal.keyFileMade, true);
    assert.equal(statSync(keyFile).mode & 0o7777, 0o600);
    assert.deepEqual(readdirSync(join(dataDir, '..')).sort(), ['data', 'data.key']);
    assert.deepEqual(readdirSync(dataDir), []);
    assert.match(
      readFileSync(keyFile, 'latin1'),
      new RegExp(`^coffer-key-1 ${seal.sealKeyId} [A-Za-z0-9_-]{43} [0-9a-f]{8}\\n$`),
    );
  });

  it('opens to the same root key again, and keeps that key nowhere in clear', async () => {
    const made = await open();
    const again = await open();
    assert.equal(again.keyFileMade, false);
    assert.ok(made.root.equals(again.root));
    assert.equal(again.sealKeyId, made.sealKeyId);
    assert.equal(again.sealType, 'file');
    const record = Buffer.from(meta.rows.get('seal') ?? []);
    assert.ok(!record.includes(made.root.export()));
    assert.ok(!readFileSync(keyFile).includes(made.root.export().toString('base64url')));
  });

  it('uses a key file that a start left which was cut off before the first commit', async () => {
    const lost = await open();
    meta = new MemoryMeta();
    const healed = await open();
    assert.equal(healed.keyFileMade, false);
    assert.equal(healed.sealKeyId, lost.sealKeyId);
    assert.ok(!healed.root.equals(lost.root));
  });

  it('keeps the key file that it made when the store cannot take the record', async () => {
    meta.setMeta = () => {
      throw new Error('disk full');
    };
    await assert.rejects(open(), /disk full/);
    meta = new MemoryMeta();
    assert.equal((await open()).keyFileMade, false);
  });

  it('takes an explicit key file, also through a symbolic link', async () => {
    const elsewhere = join(root, `${serial}-elsewhere.key`);
    const seal = await open(elsewhere);
    assert.ok(existsSync(elsewhere) && !existsSync(keyFile));
    symlinkSync(elsewhere, keyFile);
    assert.ok((await open()).root.equals(seal.root));
  });

  it('finds the default place whether or not the directory is named with a slash', async () => {
    const seal = await openSeal({ dataDir: `${dataDir}/`, meta });
    assert.equal(seal.keyFile, keyFile);
  });

  it('refuses a damaged key file rather than replacing it', async () => {
    writeFileSync(keyFile, 'coffer-key-1 0123', { mode: 0o600 });
    await assertRefused(
      `key file ${keyFile} is damaged (it is not one line "coffer-key-1 ID KEY CHECK"): ` +
        'the store has no data yet, so restore this file, or move it away and start again',
    );
    assert.equal(readFileSync(keyFile, 'latin1'), 'coffer-key-1 0123');
  });

  it('refuses a place where no key file can be made', async () => {
    const lost = join(root, 'absent', 'x.key');
    await assertRefused(
      `key file ${lost} cannot be made (ENOENT): make sure that ${join(root, 'absent')} is there and the server's ` +
        'user may write in it, or name another place with --key-file',
      open(lost),
    );
    symlinkSync(join(root, 'nowhere'), keyFile);
    await assertRefused(
      `key file ${keyFile} cannot be made (EEXIST): something of that name is there; mend it if it is a symbolic ` +
        'link, else start again',
    );
    assert.deepEqual(readdirSync(join(dataDir, '..')).sort(), ['data', 'data.key']);
  });
});

describe('a store that is sealed', () => {
  it('refuses to start without its key file, and makes no new one', async () => {
    const { sealKeyId } = await open();
    rmSync(keyFile);
    await assertRefused(
      `key file ${keyFile} is missing, and the store in ${dataDir} opens with key ${sealKeyId} only: ` +
        'restore it from your backup, or name its place with --key-file',
    );
    assert.ok(!existsSync(keyFile));
  });

  it('refuses the key file of another store, naming both ids', async () => {
    const { sealKeyId } = await open();
    const other = nameKey(newKey());
    writeFileSync(keyFile, keyFileText(other));
    await assertRefused(
      `key file ${keyFile} holds key ${other.id}, but the store in ${dataDir} opens with key ${sealKeyId} only: ` +
        'put that key file there, or name its place with --key-file',
    );
  });

  it('refuses a damaged key file, whatever character was changed, without saying any of it', async () => {
    const { sealKeyId } = await open();
    const text = readFileSync(keyFile, 'latin1');
    const hint = `restore key ${sealKeyId} of the store in ${dataDir} from your backup`;
    for (let index = 0; index < text.length - 1; index += 1) {
      const damaged = `${text.slice(0, index)}${text[index] === '0' ? '1' : '0'}${text.slice(index + 1)}`;
      assert.equal(typeof parseKeyFile(damaged), 'string', `character ${index}`);
    }
    const key = text.split(' ')[2] ?? '';
    writeFileSync(keyFile, text.replace(key, `${key.slice(0, 20)}${key[20] === 'x' ? 'y' : 'x'}${key.slice(21)}`));
    await assertRefused(`key file ${keyFile} is damaged (its check does not match): ${hint}`);
    writeFileSync(keyFile, text.slice(0, 40));
    await assertRefused(`key file ${keyFile} is damaged (it is not one line "coffer-key-1 ID KEY CHECK"): ${hint}`);
    writeFileSync(keyFile, `${text}${text}`);
    await assertRefused(`key file ${keyFile} is damaged (it is not one line "coffer-key-1 ID KEY CHECK"): ${hint}`);
    writeFileSync(keyFile, text.trimEnd());
    assert.equal((await open()).sealKeyId, sealKeyId, 'a lost newline does no harm');
  });

  it('refuses a key file that says another id than its key has', () => {
    const [one, two] = [nameKey(newKey()), nameKey(newKey())];
    const lying = keyFileText({ id: two.id, key: one.key });
    assert.equal(parseKeyFile(lying), 'its key does not have the id it says');
  });

  it('refuses a key file that others may read or write', async () => {
    await open();
    for (const mode of [0o640, 0o604, 0o620, 0o644, 0o777]) {
      chmodSync(keyFile, mode);
      await assertRefused(
        `key file ${keyFile} is open to other users (mode 0${mode.toString(8)}): run chmod 600 ${keyFile}`,
      );
    }
    chmodSync(keyFile, 0o400);
    await open();
  });

  it('refuses a key file of another user', {
    skip: process.getuid?.() !== 0 && 'needs root to change an owner',
  }, async () => {
    await open();
    chownSync(keyFile, 12345, 12345);
    await assertRefused(`key file ${keyFile} belongs to another user (uid 12345): run chown 0 ${keyFile}`);
  });

  it('refuses a key file inside the data directory, also through a link', async () => {
    const inside = (file: string) =>
      `key file ${file} is inside the data directory ${dataDir}, so a copy of the data would carry its own key: ` +
      'move it out and name its new place with --key-file';
    await assertRefused(inside(join(dataDir, 'x.key')), open(join(dataDir, 'x.key')));
    assert.deepEqual(readdirSync(dataDir), []);
    await open();
    const hidden = join(dataDir, 'hidden.key');
    writeFileSync(hidden, readFileSync(keyFile), { mode: 0o600 });
    await assertRefused(inside(hidden), open(hidden));
    rmSync(keyFile);
    symlinkSync(hidden, keyFile);
    await assertRefused(inside(keyFile));
    const alias = join(root, `${serial}-alias`);
    symlinkSync(dataDir, alias);
    await assertRefused(inside(join(alias, 'hidden.key')), open(join(alias, 'hidden.key')));
  });

  it('takes a key file in a directory whose name only begins like the data directory', async () => {
    mkdirSync(`${dataDir}-keys`);
    await open(join(`${dataDir}-keys`, 'x.key'));
  });

  it('refuses what is not a regular file, without waiting on a FIFO', async () => {
    await open();
    rmSync(keyFile);
    mkdirSync(keyFile);
    const message = `key file ${keyFile} is not a regular file: name the key file with --key-file`;
    await assertRefused(message);
    rmSync(keyFile, { recursive: true });
    execFileSync('mkfifo', [keyFile]);
    await assertRefused(message);
  });

  it('refuses a seal record that was changed', async () => {
    const { sealKeyId } = await open();
    const record = meta.rows.get('seal') ?? new Uint8Array();
    const wrong = Uint8Array.from(record);
    wrong[wrong.length - 1] = (wrong[wrong.length - 1] ?? 0) ^ 1;
    meta.setMeta('seal', wrong);
    await assertRefused(
      `the root key of the store in ${dataDir} does not open with its own key ${sealKeyId}, so its stored bytes were ` +
        'changed: restore the data directory from your backup',
    );
    meta.setMeta('seal', record.subarray(0, 20));
    await assertRefused(
      `the seal record of the store in ${dataDir} was changed (14 bytes are too few: at least 37 are needed): ` +
        'restore the data directory from your backup',
    );
    meta.setMeta('seal', new Uint8Array());
    await assertRefused(
      `the seal record of the store in ${dataDir} was changed (not a seal record): ` +
        'restore the data directory from your backup',
    );
  });

  it('keeps one fingerprint key, wrapped, and makes it for a store from before there was one', async () => {
    const first = await open();
    assert.ok(first.fingerprintKey.equals((await open()).fingerprintKey));
    assert.ok(!first.fingerprintKey.equals(first.root));
    assert.ok(!Buffer.from(meta.rows.get('fingerprint') ?? []).includes(first.fingerprintKey.export()));
    meta.rows.delete('fingerprint');
    const second = await open();
    assert.ok(second.root.equals(first.root) && !second.fingerprintKey.equals(first.fingerprintKey));
    assert.ok(second.fingerprintKey.equals((await open()).fingerprintKey));
  });

  it('refuses a fingerprint key that was changed, or is of another store', async () => {
    await open();
    const stored = meta.rows.get('fingerprint') ?? new Uint8Array();
    const refusal = (problem: string) =>
      `the fingerprint key of the store in ${dataDir} does not open (${problem}): ` +
      'restore the data directory from your backup';
    meta.setMeta('fingerprint', stored.with(-1, (stored.at(-1) ?? 0) ^ 1));
    await assertRefused(refusal('the key, the place or the bytes are not those it was sealed with'));
    meta.setMeta('fingerprint', stored.subarray(0, 20));
    await assertRefused(refusal('20 bytes are too few: at least 37 are needed'));
    const other = new MemoryMeta();
    await openSeal({ dataDir: join(root, `${serial}-other`), meta: other });
    meta.setMeta('fingerprint', other.rows.get('fingerprint') ?? new Uint8Array());
    await assert.rejects(
      open(),
      /^SealError: the fingerprint key .* \(sealed with key [0-9a-f]{16}, but the key at hand/,
    );
  });

  it('names a seal of another kind', async () => {
    meta.setMeta('seal', Buffer.concat([Buffer.of(1, 5), Buffer.from('cloud'), Buffer.alloc(69, 1)]));
    await assertRefused(
      `the store in ${dataDir} has a "cloud" seal, which this program does not know: use a newer one`,
    );
    meta.setMeta('seal', Buffer.concat([Buffer.of(1, 6), Buffer.from('shamir'), Buffer.alloc(69, 1)]));
    await assertRefused(`the store in ${dataDir} is sealed by shares: give them, not a key file`);
  });
});
