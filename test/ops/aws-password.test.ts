// Passwords: each kind that was asked for is there, and every character is as likely as any other.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RandomPassword, randomPassword } from '../../src/ops/aws/random-password.ts';
import { refused } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;

before(async () => {
  world = await openWorld();
});
after(() => world.close());

const ask = (command: RandomPassword) => world.ask(randomPassword, command, world.ownerCredential);

test('a password has each kind that was asked for, and its length', async () => {
  for (let round = 0; round < 50; round++) {
    const made = (await ask({ length: 4, kinds: ['abc', 'ABC', '123', '!?'], others: ' ', isEach: true })).reveal();
    assert.deepEqual(
      [made.length, ...[/[abc]/, /[ABC]/, /[123]/, /[!?]/].map((kind) => kind.test(made))],
      [4, ...Array(4).fill(true)],
    );
  }
  const long = (await ask({ length: 4096, kinds: ['0'], others: '1', isEach: false })).reveal();
  const ones = long.replaceAll('0', '').length;
  assert.ok(long.length === 4096 && ones > 1700 && ones < 2400, String(ones));
  await refused('AWS_REQUEST_INVALID', ask({ length: 2, kinds: ['a', 'b', 'c'], others: '', isEach: true }));
});
