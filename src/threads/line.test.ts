import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { Fault } from '../core/error.ts';
import { Stale } from '../ops/writer.ts';
import { type Answerers, Line } from './line.ts';

const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
});

/** Two lines that face each other over a real channel. */
function pair(answerers: Answerers) {
  const { port1, port2 } = new MessageChannel();
  const late = () => new Fault('STORE_UNAVAILABLE', { problem: 'late' });
  const asking = new Line(port1, {}, late);
  const answering = new Line(port2, answerers, late);
  let parcels = 0;
  port1.on('message', (message) => asking.receive(message));
  port2.on('message', (message) => {
    parcels++;
    answering.receive(message);
  });
  closing.push(() => {
    asking.end();
    answering.end();
    port1.close();
    port2.close();
  });
  return { asking, answering, parcels: () => parcels };
}

test('what is asked in one turn goes in one message, and each gets its own answer', async () => {
  const { asking, parcels } = pair({ double: (value: number) => 2 * value });
  const answers = await Promise.all(Array.from({ length: 50 }, (_, each) => asking.ask('double', each)));
  assert.deepEqual(
    answers,
    Array.from({ length: 50 }, (_, each) => 2 * each),
  );
  assert.equal(parcels(), 1);
});

test('a fault, something stale and a bug arrive as what they are', async () => {
  const { asking } = pair({
    fault: () => {
      throw new Fault('SECRET_EXISTS', { secret: 'a', project: 'p' });
    },
    stale: async () => {
      throw new Stale();
    },
    bug: () => {
      throw new TypeError('a bug');
    },
  });
  await assert.rejects(asking.ask('fault', 1), (error) => {
    assert.ok(error instanceof Fault);
    assert.deepEqual([error.code, error.facts], ['SECRET_EXISTS', { secret: 'a', project: 'p' }]);
    return true;
  });
  await assert.rejects(asking.ask('stale', 1), Stale);
  await assert.rejects(asking.ask('bug', 1), (error) => error instanceof Fault && error.code === 'INTERNAL');
  await assert.rejects(asking.ask('nobody', 1), (error) => error instanceof Fault && error.code === 'INTERNAL');
});

test('a question that is not answered ends in time, and its late answer goes nowhere', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { asking } = pair({ slow: () => promise });
  await assert.rejects(asking.ask('slow', 1, 1), /late/);
  resolve('too late');
  assert.equal(await asking.ask('slow', 1), 'too late');
});

test('the end of a line ends what waits on it, and nothing is asked after it', async () => {
  const { asking } = pair({ never: () => new Promise(() => {}) });
  const waiting = asking.ask('never', 1);
  asking.end();
  await assert.rejects(waiting, /late/);
  await assert.rejects(asking.ask('never', 1), /late/);
});
