// The local CA across starts: made once, kept sealed, renewed in time, and cheap to open again.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { AuthorityError, type AuthorityOptions, openAuthority } from './ca.ts';
import { newKey } from './envelope.ts';
import { Keyring } from './keyring.ts';

const DAY_MS = 86_400_000;
const REGIONAL = 'secretmanager.europe-west1.rep.googleapis.com';
const root = newKey();
const keyring = new Keyring({ root, fingerprintKey: newKey(), sealType: 'file', sealKeyId: '' });
const rows = new Map<string, Uint8Array>();
let now = Date.UTC(2026, 10, 22);

const options: AuthorityOptions = {
  meta: { meta: (key) => rows.get(key), setMeta: (key, value) => void rows.set(key, value) },
  keyring,
  clock: { now: () => now },
  hosts: [],
  allows: (name) => name.endsWith('.googleapis.com'),
};

const first = await openAuthority(options);
const record = rows.get('ca') ?? new Uint8Array();

describe('the local CA', () => {
  it('is a CA for leaves only, valid for ten years, from an hour ago', () => {
    const certificate = new X509Certificate(first.certificatePem());
    assert.match(certificate.subject, /^CN=Coffer local CA [0-9a-f]{8}$/);
    assert.equal(certificate.ca, true);
    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.equal(certificate.validFromDate.getTime(), now - 3_600_000);
    assert.equal(certificate.validToDate.getTime(), now - 3_600_000 + 3650 * DAY_MS);
    assert.match(certificate.serialNumber, /^[4-7][0-9A-F]{31}$/);
  });

  it('is the same after a restart, its key nowhere in clear', async () => {
    const again = await openAuthority(options);
    assert.equal(again.certificatePem(), first.certificatePem());
    assert.equal(rows.get('ca'), record);
    // The DER of every P-256 private key has this object identifier; the certificate has it once, for the public key.
    const curve = Buffer.from('06082a8648ce3d030107', 'hex');
    const der = Buffer.from(record);
    assert.equal(der.indexOf(curve), der.lastIndexOf(curve));
  });

  it('is opened without loading the X.509 library', async () => {
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      const { createSecretKey } = require('node:crypto');
      const { _cache: cache } = require('node:module');
      (async () => {
        const { openAuthority } = await import(workerData.ca);
        const { Keyring } = await import(workerData.keyring);
        const keyring = new Keyring({ root: createSecretKey(workerData.root), fingerprintKey: createSecretKey(workerData.root), sealType: 'file', sealKeyId: '' });
        const authority = await openAuthority({ keyring, clock: { now: () => workerData.now }, hosts: [],
          allows: () => true, meta: { meta: () => workerData.record, setMeta: () => { throw new Error('written'); } } });
        const loaded = () => Object.keys(cache).some((path) => path.includes('@peculiar'));
        const before = loaded();
        await authority.certificateFor(undefined);
        parentPort.postMessage({ before, after: loaded() });
      })();`;
    const url = (file: string) => new URL(file, import.meta.url).href;
    const workerData = { ca: url('./ca.ts'), keyring: url('./keyring.ts'), root: root.export(), record, now };
    const worker = new Worker(code, { eval: true, workerData });
    const answer = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    await worker.terminate();
    assert.deepEqual(answer, { before: false, after: true });
  });

  it('does not open when any byte of its record was changed, or by another root key', async () => {
    for (let index = 0; index < record.length; index += 1) {
      const changed = Uint8Array.from(record);
      changed[index] = (changed[index] ?? 0) ^ 1;
      const meta = { ...options.meta, meta: () => changed };
      await assert.rejects(openAuthority({ ...options, meta }), AuthorityError, `byte ${index}`);
    }
    const other = new Keyring({ root: newKey(), fingerprintKey: newKey(), sealType: 'file', sealKeyId: '' });
    await assert.rejects(openAuthority({ ...options, keyring: other }), (error) => {
      assert.ok(error instanceof AuthorityError);
      assert.match(
        error.message,
        /^the local CA in the store does not open, so its stored bytes were changed \(sealed with key [0-9a-f]{16}, but the key at hand is [0-9a-f]{16}\): restore the data directory from your backup$/,
      );
      return true;
    });
    for (const length of [0, 1, 2, 3, 100, record.length - 1]) {
      const meta = { ...options.meta, meta: () => record.subarray(0, length) };
      await assert.rejects(openAuthority({ ...options, meta }), AuthorityError, `${length} bytes`);
    }
  });

  it('is made anew when less than 30 days of it are left', async () => {
    const start = now;
    now = start + 3619 * DAY_MS;
    assert.equal((await openAuthority(options)).certificatePem(), first.certificatePem());
    now = start + 3620 * DAY_MS;
    const next = await openAuthority(options);
    assert.notEqual(next.certificatePem(), first.certificatePem());
    assert.notEqual(rows.get('ca'), record);
    assert.equal((await openAuthority(options)).certificatePem(), next.certificatePem());
    now = start;
    rows.set('ca', record);
  });
});

describe('the certificates of names', () => {
  it('are minted once for all who ask together', async () => {
    const authority = await openAuthority(options);
    const asked = await Promise.all(Array.from({ length: 20 }, () => authority.certificateFor(REGIONAL)));
    assert.equal(new Set(asked).size, 1);
    assert.equal(await authority.certificateFor(REGIONAL.toUpperCase()), asked[0]);
  });

  it('are renewed when less than half their life is left', async () => {
    const start = now;
    const authority = await openAuthority(options);
    const made = await authority.certificateFor(REGIONAL);
    now = start + 44 * DAY_MS;
    assert.equal(await authority.certificateFor(REGIONAL), made);
    now = start + 45 * DAY_MS;
    const renewed = await authority.certificateFor(REGIONAL);
    assert.notEqual(renewed, made);
    assert.equal(await authority.certificateFor(REGIONAL), renewed);
    now = start;
  });

  it('are dated an hour back, and never outlive the CA', async () => {
    const start = now;
    const dates = async (): Promise<[number, number]> => {
      const leaf = new X509Certificate((await (await openAuthority(options)).certificateFor(REGIONAL)).cert);
      return [leaf.validFromDate.getTime() - now, leaf.validToDate.getTime()];
    };
    assert.deepEqual(await dates(), [-3_600_000, start - 3_600_000 + 90 * DAY_MS]);
    now = start + 3600 * DAY_MS;
    const { validToDate } = new X509Certificate(first.certificatePem());
    assert.deepEqual(await dates(), [-3_600_000, validToDate.getTime()]);
    now = start;
  });

  it('are one and the same for every name that is not owned', async () => {
    const authority = await openAuthority({ ...options, hosts: ['coffer.example', '0.0.0.0'] });
    const own = await authority.certificateFor(undefined);
    const others = [
      '',
      'localhost',
      '127.0.0.1',
      '::1',
      'coffer.example',
      'evil.example',
      'googleapis.com.evil.example',
    ];
    const malformed = ['*.googleapis.com', 'a b.googleapis.com', '.googleapis.com', `${'a'.repeat(64)}.googleapis.com`];
    const long = `${'a.'.repeat(130)}googleapis.com`;
    for (const name of [...others, ...malformed, 'x\0.googleapis.com', long]) {
      assert.equal(await authority.certificateFor(name), own, JSON.stringify(name));
    }
    assert.notEqual(await authority.certificateFor('secretmanager.googleapis.com'), own);
  });

  it('are bounded: the one not asked for the longest is minted again', async () => {
    const authority = await openAuthority({ ...options, leavesMax: 4 });
    const kept = await authority.certificateFor('kept.googleapis.com');
    const dropped = await authority.certificateFor('dropped.googleapis.com');
    for (const name of ['a', 'b', 'c']) {
      await authority.certificateFor(`${name}.googleapis.com`);
      assert.equal(await authority.certificateFor('kept.googleapis.com'), kept);
    }
    assert.notEqual(await authority.certificateFor('dropped.googleapis.com'), dropped);
  });
});
