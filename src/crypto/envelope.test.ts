// Holds the code to docs/envelope.md: its vectors, and a second reader written from that page alone (WebCrypto).

import assert from 'node:assert/strict';
import { createHmac, createSecretKey, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Redacted } from '../core/redacted.ts';
import {
  associatedData,
  deriveKey,
  EnvelopeError,
  keyIdOf,
  type NamedKey,
  nameKey,
  newKey,
  openBare,
  openNamed,
  sealBare,
  sealNamed,
} from './envelope.ts';
import { keyFileText } from './key-file.ts';
import { Keyring } from './keyring.ts';
import { readRecord, writeRecord } from './keys/record.ts';

const vectors = readVectors(new URL('../../docs/envelope.md', import.meta.url));

function readVectors(document: URL): Map<string, string> {
  const block = /```vectors\n([\s\S]*?)\n```/.exec(readFileSync(document, 'utf8'))?.[1] ?? '';
  return new Map(block.split('\n').map((line) => line.split(' = ') as [string, string]));
}

function vector(name: string): string {
  const value = vectors.get(name);
  assert.ok(value !== undefined, `docs/envelope.md has no vector ${name}`);
  return value;
}

const bytes = (name: string): Buffer => Buffer.from(vector(name), 'hex');
const key = (name: string): NamedKey => nameKey(createSecretKey(bytes(name)));
const place = (): string[] => [vector('project-uid'), vector('secret-uid'), vector('version-uid')];

describe('the vectors of docs/envelope.md', () => {
  it('give the key ids and the derived keys', () => {
    for (const name of ['seal-key', 'root-key', 'project-key']) assert.equal(key(name).id, vector(`${name}-id`));
    const root = key('root-key').key;
    assert.deepEqual(deriveKey(root, 'coffer page token v1').export(), bytes('page-key'));
    assert.deepEqual(deriveKey(root, 'coffer audit mark v1').export(), bytes('audit-key'));
  });

  it('give the associated data', () => {
    assert.deepEqual(associatedData('coffer root key v1', ['file']), bytes('root-aad'));
    assert.deepEqual(associatedData('coffer project key v1', [vector('project-uid')]), bytes('project-aad'));
    assert.deepEqual(associatedData('coffer data key v1', place()), bytes('data-aad'));
    assert.deepEqual(associatedData('coffer payload v1', place()), bytes('payload-aad'));
    assert.deepEqual(associatedData('coffer bytes v1', ['example']), bytes('bytes-aad'));
    assert.deepEqual(associatedData('coffer bytes v1', ['fingerprint key']), bytes('fingerprint-aad'));
  });

  const named = [
    ['root', 'seal-key', 'root-key'],
    ['project', 'root-key', 'project-key'],
    ['data', 'project-key', 'data-key'],
    ['material-key', 'project-key', 'data-key'],
    ['bytes', 'root-key', 'bytes'],
    ['fingerprint', 'root-key', 'fingerprint-key'],
  ] as const;
  for (const [box, sealing, content] of named) {
    it(`give the named box "${box}", both ways`, () => {
      const sealed = sealNamed(key(sealing), bytes(`${box}-aad`), bytes(content), bytes(`${box}-nonce`));
      assert.equal(sealed.toString('hex'), vector(`${box}-box`));
      assert.deepEqual(openNamed(key(sealing), bytes(`${box}-aad`), bytes(`${box}-box`)), bytes(content));
      assert.equal(keyIdOf(bytes(`${box}-box`)), key(sealing).id);
    });
  }

  it('give the payload, both ways', () => {
    const sealed = sealBare(key('data-key').key, bytes('payload-aad'), bytes('payload'), bytes('payload-nonce'));
    assert.equal(sealed.toString('hex'), vector('payload-box'));
    assert.deepEqual(openBare(key('data-key').key, bytes('payload-aad'), bytes('payload-box')), bytes('payload'));
  });

  it('give the material of a key, both ways, and what it is made of', () => {
    const at = [vector('project-uid'), vector('key-uid'), vector('key-version')];
    assert.deepEqual(associatedData('coffer material key v1', at), bytes('material-key-aad'));
    assert.deepEqual(associatedData('coffer key material v1', at), bytes('material-aad'));
    const sealed = sealBare(key('data-key').key, bytes('material-aad'), bytes('material'), bytes('material-nonce'));
    assert.equal(sealed.toString('hex'), vector('material-box'));
    const record = openBare(key('data-key').key, bytes('material-aad'), bytes('material-box'));
    assert.deepEqual(record, bytes('material'));
    const macKey = record.subarray(3, 3 + record.readUInt16BE(1));
    assert.deepEqual(writeRecord(record.subarray(3 + macKey.length), macKey), record);
    const held = readRecord('aes128-gcm96', record, undefined);
    assert.deepEqual([held.secret?.symmetricKeySize, held.mac.symmetricKeySize], [16, 32]);
  });

  it('give the key file, the page token, the audit mark and the fingerprint', () => {
    assert.equal(keyFileText(key('seal-key')), `${vector('key-file')}\n`);
    const keyring = new Keyring({
      root: key('root-key').key,
      fingerprintKey: key('fingerprint-key').key,
      sealType: 'file',
      sealKeyId: vector('seal-key-id'),
    });
    assert.equal(keyring.signPage(vector('page-scope'), vector('page-cursor')), vector('page-token'));
    assert.equal(keyring.openPage(vector('page-scope'), vector('page-token')), vector('page-cursor'));
    assert.equal(keyring.auditMac(vector('audit-text')), vector('audit-mac'));
    assert.equal(keyring.fingerprint(new Redacted(bytes('payload'))), vector('fingerprint'));
  });

  it('are read by a second reader, from the key file down to the payload', async () => {
    const [form, id, encoded, check] = vector('key-file').split(' ') as [string, string, string, string];
    assert.equal(hash('sha256', `${form} ${id} ${encoded}`).slice(0, 8), check);
    const [projectUid, secretUid, versionUid] = place() as [string, string, string];
    const sealKey = Buffer.from(encoded, 'base64url');
    const root = await readBox(sealKey, bytes('root-box'), ['coffer root key v1', 'file'], 9);
    const project = await readBox(root, bytes('project-box'), ['coffer project key v1', projectUid], 9);
    const data = await readBox(
      project,
      bytes('data-box'),
      ['coffer data key v1', projectUid, secretUid, versionUid],
      9,
    );
    const payload = await readBox(
      data,
      bytes('payload-box'),
      ['coffer payload v1', projectUid, secretUid, versionUid],
      1,
    );
    assert.equal(payload.toString(), 'correct horse battery staple');
    const own = await readBox(root, bytes('fingerprint-box'), ['coffer bytes v1', 'fingerprint key'], 9);
    assert.equal(createHmac('sha256', own).update(payload).digest('hex'), vector('fingerprint'));
  });
});

/** Opens a box as docs/envelope.md describes it, with nothing of the code under test. */
async function readBox(raw: Buffer, box: Buffer, texts: string[], nonceAt: number): Promise<Buffer> {
  assert.equal(box[0], 1);
  if (nonceAt === 9) {
    const id = createHmac('sha256', raw).update('coffer key id v1').digest().subarray(0, 8);
    assert.deepEqual(box.subarray(1, 9), id);
  }
  const aad = texts.flatMap((text) => [Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
  const opening = await crypto.subtle.importKey('raw', Uint8Array.from(raw), 'AES-GCM', false, ['decrypt']);
  const parameters = {
    name: 'AES-GCM',
    iv: Uint8Array.from(box.subarray(nonceAt, nonceAt + 12)),
    additionalData: Uint8Array.from(Buffer.concat(aad)),
  };
  return Buffer.from(await crypto.subtle.decrypt(parameters, opening, Uint8Array.from(box.subarray(nonceAt + 12))));
}

describe('a box', () => {
  const sealing = nameKey(newKey());
  const aad = associatedData('coffer bytes v1', ['here']);

  it('opens to what was sealed, and never twice to the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (plaintext) => {
        const first = sealNamed(sealing, aad, plaintext);
        assert.deepEqual(new Uint8Array(openNamed(sealing, aad, first)), plaintext);
        assert.notDeepEqual(first, sealNamed(sealing, aad, plaintext));
      }),
    );
  });

  it('names both keys when it is opened with another one', () => {
    const other = nameKey(newKey());
    const message = `sealed with key ${sealing.id}, but the key at hand is ${other.id}`;
    const box = sealNamed(sealing, aad, Buffer.from('x'));
    assert.throws(() => openNamed(other, aad, box), new EnvelopeError(message));
  });

  it('names a format that is not known, and a length that cannot be', () => {
    const box = sealNamed(sealing, aad, Buffer.from('x'));
    box[0] = 2;
    const format = new EnvelopeError('sealed in format 2, but this program knows format 1');
    assert.throws(() => openNamed(sealing, aad, box), format);
    const short = new EnvelopeError('36 bytes are too few: at least 37 are needed');
    assert.throws(() => openNamed(sealing, aad, box.subarray(0, 36)), short);
  });

  it('has associated data that no other list of texts gives', () => {
    const list = fc.array(fc.string({ unit: 'grapheme', maxLength: 6 }), { maxLength: 4 });
    fc.assert(
      fc.property(list, list, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        assert.equal(associatedData('coffer bytes v1', a).equals(associatedData('coffer bytes v1', b)), same);
      }),
    );
    const moved = associatedData('coffer bytes v1', ['ab', 'c']);
    assert.ok(!moved.equals(associatedData('coffer bytes v1', ['a', 'bc'])));
  });
});
