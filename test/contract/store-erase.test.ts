// What was destroyed leaves the disk: neither the file nor its log holds a byte of the sealed payload or of its key
// (RELIABILITY.md case 35). Goal: no copy anywhere. Method: search every file of the directory.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { Change } from '../../src/core/ports.ts';
import type { SealedPayload, Version } from '../../src/core/secret.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { aProject, apply, aRecord, aSealed, aSecret, aVersion, hex, seed } from './store-rows.ts';
import { aKey, aKeyVersion } from './store-spec-keys.ts';

const PROBE_BYTES = 12;
const WAIT_MS_MAX = 5000;

const root = mkdtempSync(join(tmpdir(), 'coffer-erase-'));
after(() => rmSync(root, { recursive: true }));

/** How many of these byte strings begin or end somewhere in a file of the directory. */
function copies(directory: string, wanted: readonly Uint8Array[]): number {
  const files = readdirSync(directory).map((name) => readFileSync(join(directory, name)));
  const found = (bytes: Uint8Array) =>
    files.some((file) => file.includes(bytes.subarray(0, PROBE_BYTES)) || file.includes(bytes.subarray(-PROBE_BYTES)));
  return wanted.filter(found).length;
}

/** Waits until no copy is left. */
async function gone(directory: string, wanted: readonly Uint8Array[]): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while (copies(directory, wanted) > 0 && Date.now() < deadline) await sleep(20);
  assert.equal(copies(directory, wanted), 0);
}

function bytesOf(sealed: readonly SealedPayload[]): Uint8Array[] {
  return sealed.flatMap(({ wrappedKey, ciphertext }) => [wrappedKey, ciphertext]);
}

test('material of keys that were trimmed, deleted or unmounted is gone from file and log soon after', async () => {
  const directory = join(root, 'keys');
  const store = openSqlite({ directory });
  const project = aProject();
  const keys = ['trimmed', 'deleted', 'unmounted'].map((ring) => aKey(project, 'k', { ring, latestVersion: 2 }));
  const [trimmed, deleted] = keys;
  assert.ok(trimmed && deleted);
  const versions = keys.flatMap((key) => [aKeyVersion(key, 1), aKeyVersion(key, 2)]);
  await apply(
    store,
    { change: 'project.insert', project },
    ...keys.map((key) => ({ change: 'key.insert', key }) as const),
    ...versions.map((version) => ({ change: 'keyVersion.insert', version }) as const),
  );
  const sealed = versions.map((version) => version.sealed as SealedPayload);
  const [first, kept, ...rest] = sealed as [SealedPayload, SealedPayload, ...SealedPayload[]];
  const lost = bytesOf([first, ...rest]);
  assert.equal(copies(directory, lost), lost.length);
  await apply(
    store,
    { change: 'keyVersions.destroy', keyUid: trimmed.uid, before: 2 },
    { change: 'key.delete', uid: deleted.uid },
    { change: 'keyRing.delete', projectUid: project.uid, ring: 'unmounted' },
  );
  await gone(directory, lost);
  assert.equal(copies(directory, bytesOf([kept])), 2);
  store.close();
});

test('a destroyed version and a deleted secret are gone from file and log soon after, by themselves', async () => {
  const directory = join(root, 'soon');
  const store = openSqlite({ directory });
  const destroyed = await seed(store, 2);
  const deleted = await seed(store, 3);
  const [version, kept] = destroyed.versions;
  assert.ok(version && kept);
  const fingerprints = [version, ...deleted.versions].map((each) => Buffer.from(each.fingerprint ?? assert.fail()));
  const lost = [...bytesOf([destroyed.sealed[0] as SealedPayload, ...deleted.sealed]), ...fingerprints];
  assert.equal(copies(directory, lost), lost.length);
  await apply(
    store,
    { change: 'version.update', version: { ...version, state: 'DESTROYED', destroyedAt: 1 } },
    { change: 'secret.delete', uid: deleted.secret.uid },
  );
  await gone(directory, lost);
  assert.equal(copies(directory, bytesOf([destroyed.sealed[1] as SealedPayload])), 2);
  store.close();
});

test('a start erases what a server that was killed had destroyed', async () => {
  const directory = join(root, 'killed');
  const store = openSqlite({ directory });
  const { versions, sealed, project, secret } = await seed(store, 1);
  const [version] = versions;
  assert.ok(version);
  await apply(store, { change: 'version.update', version: { ...version, state: 'DESTROYED', destroyedAt: 1 } });
  // What the disk holds at this moment is what kill -9 leaves.
  const left = join(root, 'left');
  cpSync(directory, left, { recursive: true });
  chmodSync(left, 0o700);
  store.close();
  assert.equal(copies(left, bytesOf(sealed)), 2);
  const again = openSqlite({ directory: left });
  await gone(left, bytesOf(sealed));
  const need = { need: 'payload', project: parseProjectRef(project.id), key: secretKey(secret.name) } as const;
  assert.equal(again.read({ it: { ...need, number: 1 } }).it?.version.state, 'DESTROYED');
  again.close();
});

test('a start goes through the file only where something was destroyed since it was last gone through', async () => {
  const directory = join(root, 'noted');
  let store = openSqlite({ directory });
  const noted = () => store.meta('erased')?.[0];
  const { versions } = await seed(store, 1);
  const [version] = versions;
  assert.ok(version);
  assert.equal(store.erase(), true);
  const schema = noted();
  assert.ok(schema !== undefined && schema > 0);
  store.close();
  store = openSqlite({ directory });
  await seed(store, 1);
  assert.equal(noted(), schema, 'nothing was destroyed');
  await apply(store, { change: 'version.update', version: { ...version, state: 'DESTROYED', destroyedAt: 1 } });
  assert.equal(noted(), 0, 'a server that is killed now has something to do at its next start');
  const deadline = Date.now() + WAIT_MS_MAX;
  while (noted() !== schema && Date.now() < deadline) await sleep(20);
  assert.equal(noted(), schema, 'it was done');
  store.close();
});

test('a foreign reader delays erasing, never the server', async () => {
  const directory = join(root, 'reader');
  const store = openSqlite({ directory });
  await seed(store, 1);
  const reader = new DatabaseSync(join(directory, 'coffer.db'));
  reader.exec('BEGIN; SELECT COUNT(*) FROM versions');
  await seed(store, 1);
  // One that waited for the reader would take half a second each time.
  const tookMs = Array.from({ length: 5 }, () => {
    const start = performance.now();
    assert.equal(store.erase(), false);
    return performance.now() - start;
  });
  assert.ok(Math.min(...tookMs) < 250, `${tookMs}`);
  reader.close();
  assert.equal(store.erase(), true);
  store.close();
});

// SQLite's own secure_delete leaves five copies after this very sequence, in pages that it rebalanced.
test('no copy stays in the pages that a busy store was rebalanced through', () => {
  const directory = join(root, 'busy');
  const store = openSqlite({ directory });
  const random = seeded(20);
  const below = (limit: number) => Math.floor(random() * limit);
  const project = aProject();
  const secrets = Array.from({ length: 10 }, () => aSecret(project));
  const live: { version: Version; sealed: SealedPayload }[] = [];
  const dead: SealedPayload[] = [];
  const changes: Change[] = [
    { change: 'project.insert', project },
    ...secrets.map((secret) => ({ change: 'secret.insert' as const, secret })),
  ];
  for (let turn = 1; turn <= 1500; turn++) {
    const choice = random();
    if (choice < 0.6 || live.length < 5) {
      const version = aVersion(secrets[below(10)] as (typeof secrets)[0], turn);
      const sealed = { ...aSealed(), ciphertext: randomBytes(17 + below(900)) };
      live.push({ version, sealed });
      changes.push({ change: 'version.insert', version, sealed });
    } else if (choice < 0.97) {
      for (const { version, sealed } of live.splice(below(live.length), 1)) {
        dead.push(sealed);
        changes.push({ change: 'version.update', version: { ...version, state: 'DESTROYED', destroyedAt: 1 } });
      }
    } else {
      const place = below(10);
      const { uid } = secrets[place] as (typeof secrets)[0];
      secrets[place] = aSecret(project);
      changes.push({ change: 'secret.delete', uid }, { change: 'secret.insert', secret: secrets[place] });
      for (const { version, sealed } of live.filter(({ version }) => version.secretUid === uid)) {
        dead.push(sealed);
        live.splice(
          live.findIndex((one) => one.version === version),
          1,
        );
      }
    }
  }
  store.transact({}, () => ({ result: undefined, changes, record: aRecord() }));
  assert.equal(store.erase(), true);
  assert.equal(copies(directory, bytesOf(dead)), 0);
  // What lives was not touched, in the pages held in memory or on disk.
  for (const reader of [store, undefined]) {
    if (reader === undefined) store.close();
    const from = reader ?? openSqlite({ directory });
    for (const { version, sealed } of live) {
      const owner = secrets.find(({ uid }) => uid === version.secretUid);
      assert.ok(owner);
      const key = secretKey(owner.name);
      const need = { need: 'payload', project: parseProjectRef(project.id), key, number: version.number } as const;
      assert.deepEqual(hex(from.read({ it: need }).it?.sealed), hex(sealed));
    }
    if (reader === undefined) from.close();
  }
});

/** Random numbers that are the same in every run: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
