import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { counterMac } from '../crypto/counter-mac.ts';
import { newKey } from '../crypto/envelope.ts';
import { type CounterStore, openCounter, RESTORED_META, restoredNote, type StoreCounter } from './counter.ts';
import { CounterError, counterFile, readSeen } from './counter-file.ts';

const ID = '0123456789abcdef';

class MapStore implements CounterStore {
  readonly values: Map<string, Uint8Array>;

  constructor(values: Iterable<[string, Uint8Array]> = []) {
    this.values = new Map(values);
  }

  meta(key: string): Uint8Array | undefined {
    return this.values.get(key);
  }

  setMeta(key: string, value: Uint8Array): void {
    this.values.set(key, value);
  }

  counting<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  /** What a copy of the data directory takes along. */
  copy(): MapStore {
    return new MapStore(this.values);
  }
}

function openPlace(context: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'coffer-counter-'));
  context.after(() => rmSync(root, { recursive: true }));
  const keyFile = join(root, 'data.key');
  const mac = counterMac(newKey());
  const warnings: string[] = [];
  const open = (store: MapStore, accept = false): Promise<StoreCounter> => {
    const warn = (text: string) => warnings.push(text);
    return openCounter({ store, data: join(root, 'data'), keyFile, storeId: ID, mac, accept, warn });
  };
  const start = async (store: MapStore, accept = false): Promise<StoreCounter> => {
    const counter = await open(store, accept);
    await counter.advance();
    return counter;
  };
  return { root, mac, warnings, open, start, file: counterFile(keyFile, ID) };
}

test('a store that goes on where it was is taken without a word, a stop in the middle of a raise too', async (context) => {
  const { start, open, file, mac, warnings } = openPlace(context);
  const store = new MapStore();
  await start(store);
  const before = readFileSync(file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await (await start(store)).advance();
  assert.equal(readSeen(file, ID, mac), 3);
  // The store was raised, and the file was not: killed in between.
  writeFileSync(file, before);
  assert.equal((await open(store)).acceptance, undefined);
  assert.deepEqual(warnings, []);
});

test('an older copy is refused by name and changes nothing; it is taken where that is asked for', async (context) => {
  const { start, open, file, mac } = openPlace(context);
  const store = new MapStore();
  await start(store);
  const old = store.copy();
  await (await start(store)).advance();
  const refused = () => open(old);
  await assert.rejects(
    refused,
    /^CounterError: this is an older copy of the store: .*data stands at 1, and .* has seen 3: /,
  );
  await assert.rejects(refused, CounterError);
  assert.equal(readSeen(file, ID, mac), 3);
  const accepted = await start(old, true);
  assert.deepEqual(accepted.acceptance, { operation: 'server.acceptRollback', details: { counter: 1, seen: 3 } });
  assert.equal((await open(old)).acceptance, undefined);
  // Now the one that was the newest is the older.
  await assert.rejects(() => open(store), CounterError);
});

test('a store from before there were counters is older than one with', async (context) => {
  const { start, open } = openPlace(context);
  const store = new MapStore();
  await start(store);
  await assert.rejects(() => open(new MapStore()), /stands at 0/);
});

test('a counter that was raised by hand, or is another store’s, is refused', async (context) => {
  const { start, open, file } = openPlace(context);
  const store = new MapStore();
  await start(store);
  const forged = Buffer.from(store.meta('counter') ?? [])
    .toString()
    .replace(`${ID} 1 `, `${ID} 9 `);
  await assert.rejects(
    () => open(new MapStore([['counter', Buffer.from(forged)]])),
    /the counter of the store .* was changed/,
  );
  // The line of the file says the same number, and yet it is none of the store's.
  await assert.rejects(() => open(new MapStore([['counter', readFileSync(file)]])), /was changed/);
  const text = readFileSync(file, 'latin1');
  for (const damaged of ['', 'x', text.slice(0, -5), text.replace(' 1 ', ' 2 '), 'x'.repeat(1000)]) {
    writeFileSync(file, damaged);
    await assert.rejects(() => open(store), /the counter file .* was changed/);
  }
  assert.equal((await start(store, true)).acceptance, undefined);
  assert.equal((await open(store)).acceptance, undefined);
});

test('a counter file that is missing is made anew, with a warning', async (context) => {
  const { start, file, mac, warnings } = openPlace(context);
  const store = new MapStore();
  await start(store);
  rmSync(file);
  await start(store);
  assert.match(warnings.join(), /is missing and is made anew/);
  assert.equal(readSeen(file, ID, mac), 2);
});

test('a counter file that cannot be written is told once, and the server goes on', async (context) => {
  const { open, file, warnings } = openPlace(context);
  const store = new MapStore();
  const counter = await open(store);
  mkdirSync(file);
  await counter.advance();
  await counter.advance();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /cannot be (read|written) .*/);
});

test('two copies of a store in use at once are told', async (context) => {
  const { open, start, warnings } = openPlace(context);
  const store = new MapStore();
  await start(store);
  const other = await open(store.copy());
  const one = await open(store);
  await one.advance();
  await other.advance();
  assert.match(warnings.join(), /another copy of the store is in use/);
});

test('a restored store is known at its first start and at no later one', async (context) => {
  const { open, start, mac } = openPlace(context);
  const store = new MapStore();
  await start(store);
  const backup = store.copy();
  await start(store);
  const time = '2026-11-22T10:00:00.000Z';
  backup.setMeta(RESTORED_META, restoredNote({ storeId: ID, own: 1, seen: 2, mac }, time));
  const stolen = backup.copy();
  assert.deepEqual((await start(backup)).acceptance, {
    operation: 'server.restored',
    details: { backup: time, counter: 1, seen: 2 },
  });
  assert.equal((await start(backup)).acceptance, undefined);
  // The note lets nobody go back to the same place again.
  await assert.rejects(() => open(stolen), CounterError);
});

test('servers that share a store raise one number, and one that it was set back under is told', async (context) => {
  const { open, file, mac, warnings } = openPlace(context);
  const store = new MapStore();
  const one = await open(store);
  const other = await open(store);
  for (const each of [one, other, one, other]) await each.advance();
  assert.equal(readSeen(file, ID, mac), 4);
  assert.deepEqual(warnings, []);
  const old = store.copy();
  await one.advance();
  store.setMeta('counter', old.values.get('counter') as Uint8Array);
  await one.advance();
  assert.match(warnings.join(), /has seen 5, and the store stands at 4: it was set back/);
});
