import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../core/error.ts';
import { newTurnMemory, Turns } from './turns.ts';

test('no more work runs at once than there are turns, whoever does it', async () => {
  const memory = newTurnMemory(2);
  const [one, two] = [new Turns(memory), new Turns(memory)];
  let running = 0;
  let most = 0;
  const work = async () => {
    running++;
    most = Math.max(most, running);
    for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next));
    running--;
    return most;
  };
  const all = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : two).take(work));
  assert.equal((await Promise.all(all)).length, 20);
  assert.equal(most, 2);
});

test('work that fails gives its turn back', async () => {
  const turns = new Turns(newTurnMemory(1));
  await assert.rejects(
    turns.take(() => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await turns.take(async () => 'yes'), 'yes');
});

test('a turn whose holder died lapses', async () => {
  const memory = newTurnMemory(1);
  // As one that was taken a minute ago, and one by a clock that was set back since.
  for (const lapses of [BigInt(Date.now() - 1), BigInt(Date.now() + 10 * 60_000)]) {
    new BigInt64Array(memory, 8)[0] = lapses;
    assert.equal(await new Turns(memory).take(async () => 'yes'), 'yes');
  }
});

test('no more than a thousand wait', async () => {
  const turns = new Turns(newTurnMemory(1));
  const held = Promise.withResolvers<void>();
  const first = turns.take(() => held.promise);
  const rest = Array.from({ length: 1100 }, () => turns.take(async () => 'done').catch((error: unknown) => error));
  await new Promise((next) => setImmediate(next));
  held.resolve();
  await first;
  const ended = await Promise.all(rest);
  const refused = ended.filter((each) => each instanceof Fault && each.code === 'KEYS_BUSY');
  assert.ok(refused.length >= 99 && refused.length <= 101, String(refused.length));
  assert.equal(ended.filter((each) => each === 'done').length, 1100 - refused.length);
});
