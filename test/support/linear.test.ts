// The checker itself: histories that are known to be good or bad, good ones made by simulation, and small ones of any
// kind, judged a second time by trying every order there is.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { assertLinearizable, byKey, type Call, linearize, type Model } from './linear.ts';
import { type RegisterInput, type RegisterOutput, register, series, tagged } from './linear-models.ts';

type RegisterCall = Call<RegisterInput, RegisterOutput>;

/** `start end read → value`, `write value`, `swap from to → done|refused`; `?` for an output or an end that is unknown. */
function history(...lines: readonly string[]): RegisterCall[] {
  return lines.map((line, client) => {
    const [start, end, kind, ...rest] = line.split(' ');
    const [words, output = '?'] = rest.join(' ').split('→');
    const [first = '', second = ''] = (words ?? '').trim().split(' ');
    const input: RegisterInput =
      kind === 'read'
        ? { kind }
        : kind === 'write'
          ? { kind, value: first }
          : { kind: 'swap', from: first, to: second };
    const told = kind === 'write' && !line.includes('→') ? 'done' : output.trim();
    return {
      client,
      input,
      start: Number(start),
      ...(end === '?' ? {} : { end: Number(end) }),
      ...(told === '?' ? {} : { output: told }),
    };
  });
}

const GOOD: Readonly<Record<string, readonly string[]>> = {
  'nothing happened': [],
  'a read of what was there': ['0 1 read → 0'],
  'a read during a write sees the old': ['0 10 write a', '1 9 read → 0'],
  'a read during a write sees the new': ['0 10 write a', '1 9 read → a'],
  'two reads during a write, old then new': ['0 10 write a', '1 3 read → 0', '4 6 read → a'],
  'two writes at once, either last': ['0 10 write a', '0 10 write b', '11 12 read → a'],
  'touching ends overlap': ['0 5 write a', '5 6 read → 0'],
  'an unknown write took effect late': ['0 ? write a → ?', '5 6 read → 0', '7 8 read → a'],
  'an unknown write never took effect': ['0 ? write a → ?', '5 6 read → 0', '7 8 read → 0'],
  'an unknown write with an end took effect': ['0 3 write a → ?', '5 6 read → a'],
  'an unknown write with an end did not': ['0 3 write a → ?', '5 6 read → 0'],
  'one of two swaps wins': ['0 10 swap 0 a → done', '0 10 swap 0 b → refused', '11 12 read → a'],
  'a swap won because of an unknown write': ['0 ? write a → ?', '5 6 swap a b → done', '7 8 read → b'],
  'a chain of swaps out of order': ['0 9 swap b c → done', '0 9 swap a b → done', '0 9 swap 0 a → done'],
};

const BAD: Readonly<Record<string, readonly string[]>> = {
  'a value that nobody wrote': ['0 1 read → a'],
  'a stale read': ['0 1 write a', '2 3 read → 0'],
  'new then old': ['0 10 write a', '1 3 read → a', '4 6 read → 0'],
  'two readers disagree on the order of two writes': [
    ...['0 10 write a', '0 10 write b'],
    ...['11 12 read → a', '13 14 read → b'],
  ],
  'both swaps won': ['0 10 swap 0 a → done', '0 10 swap 0 b → done'],
  'both swaps lost': ['0 10 swap 0 a → refused', '0 10 swap 0 b → refused'],
  'an unknown write took effect before it began': ['0 1 read → a', '2 ? write a → ?'],
  'an unknown write took effect and was taken back': ['0 ? write a → ?', '1 2 read → a', '3 4 read → 0'],
  'an unknown write took effect behind its end': ['0 3 write a → ?', '5 6 read → 0', '7 8 read → a'],
  'a lost update': ['0 1 write a', '2 3 swap a b → done', '4 5 read → a'],
};

describe('known histories', () => {
  for (const [name, lines] of Object.entries(GOOD)) {
    test(`good: ${name}`, () => {
      const verdict = linearize(register('0'), history(...lines));
      assert.equal(verdict.ok, true, JSON.stringify(verdict));
    });
  }
  for (const [name, lines] of Object.entries(BAD)) {
    test(`bad: ${name}`, () => assert.equal(linearize(register('0'), history(...lines)).ok, false));
  }

  test('what has no place is named', () => {
    const calls = history('0 1 write a', '2 3 read → a', '4 5 read → 0', '6 7 read → a');
    assert.throws(() => assertLinearizable(register('0'), calls, 'the secret s'), {
      message: /history of the secret s: after 2 of 4 calls[\s\S]*this one has no place:[\s\S]*start: 4/,
    });
  });

  test('a call that ends before it starts is no history', () => {
    assert.throws(() => linearize(register('0'), history('5 4 read → 0')), /ends at 4, before its start at 5/);
  });

  test('each key has a history of its own', () => {
    const calls = history('0 1 write a', '2 3 write b', '4 5 read → a');
    const parts = byKey(calls, (input) => (input.kind === 'write' ? input.value : 'a'));
    assert.deepEqual(
      [...parts].map(([key, part]) => [key, part.length]),
      [
        ['a', 2],
        ['b', 1],
      ],
    );
  });
});

describe('other objects', () => {
  const set = (start: number, end: number, value: string, etag: string, output?: string) => ({
    ...{ client: 0, start, end, input: { kind: 'set', etag, value } as const },
    output: output === undefined ? ('refused' as const) : { etag: output, value },
  });
  const seen = (start: number, value: string, etag: string) => ({
    ...{ client: 0, start, end: start + 1, input: { kind: 'read' } as const, output: { etag, value } },
  });

  test('one of two changes by the same etag wins', () => {
    const model = tagged({ etag: 'e0', value: 'v0' });
    const won = set(0, 9, 'a', 'e0', 'e1');
    assert.ok(linearize(model, [won, set(0, 9, 'b', 'e0'), seen(10, 'a', 'e1')]).ok);
    assert.ok(!linearize(model, [won, set(0, 9, 'b', 'e0', 'e2')]).ok);
    assert.ok(!linearize(model, [set(0, 9, 'a', 'e0'), set(0, 9, 'b', 'e0')]).ok);
    assert.ok(!linearize(model, [won, seen(10, 'v0', 'e0')]).ok);
    assert.ok(!linearize(model, [set(0, 9, 'a', 'e0', 'e0')]).ok, 'the etag did not change');
  });

  test('the etag after a change of unknown outcome is learnt by the next who sees it', () => {
    const model = tagged({ etag: 'e0', value: 'v0' });
    const { output: _unknown, ...lost } = set(0, 3, 'a', 'e0');
    assert.ok(linearize(model, [lost, seen(4, 'a', 'e7'), seen(6, 'a', 'e7')]).ok);
    assert.ok(linearize(model, [lost, seen(4, 'v0', 'e0')]).ok);
    assert.ok(!linearize(model, [lost, seen(4, 'a', 'e7'), seen(6, 'a', 'e8')]).ok);
  });

  test('numbers are dense and in the order of what is read', () => {
    const model = series({ number: 0, value: '' });
    const add = (number: number, value: string) => ({
      ...{ client: 0, start: 0, end: 9, input: { kind: 'add', value } as const, output: { number } },
    });
    const latest = (number: number, value: string) => ({
      ...{ client: 0, start: 10, end: 11, input: { kind: 'latest' } as const, output: { number, value } },
    });
    assert.ok(linearize(model, [add(2, 'b'), add(1, 'a'), latest(2, 'b')]).ok);
    assert.ok(!linearize(model, [add(2, 'b'), add(1, 'a'), latest(2, 'a')]).ok);
    assert.ok(!linearize(model, [add(1, 'a'), add(1, 'b')]).ok, 'a number twice');
    assert.ok(!linearize(model, [add(1, 'a'), add(3, 'b')]).ok, 'a number left out');
  });
});

const VALUES = ['a', 'b', 'c'];
const someInput: fc.Arbitrary<RegisterInput> = fc.oneof(
  fc.constant({ kind: 'read' } as const),
  fc.record({ kind: fc.constant('write' as const), value: fc.constantFrom(...VALUES) }),
  fc.record({
    kind: fc.constant('swap' as const),
    from: fc.constantFrom('0', ...VALUES),
    to: fc.constantFrom(...VALUES),
  }),
);

/** What really happened at the times 10, 20, 30 …, seen by clients who started before and heard later. */
const simulated: fc.Arbitrary<RegisterCall[]> = fc
  .array(fc.record({ input: someInput, early: fc.nat(45), late: fc.nat(45), lost: fc.nat(9) }), { maxLength: 60 })
  .map((steps) => {
    const model = register('0');
    let state = model.initial;
    return steps.map(({ input, early, late, lost }, client) => {
      const at = client * 10;
      const output = input.kind === 'read' ? state : outputOf(input, state);
      // Of those whose outcome is unknown every other one took effect.
      const isUnknown = lost === 0 && input.kind !== 'read';
      if (!isUnknown || client % 2 === 0) state = model.step(state, input, undefined)[0] ?? state;
      const call = { client, input, start: at - early };
      return isUnknown ? call : { ...call, output, end: at + late };
    });
  });

function outputOf(input: RegisterInput, state: string): RegisterOutput {
  return input.kind === 'swap' && input.from !== state ? 'refused' : 'done';
}

/** Tries every order of every choice of the calls that may have had no effect. */
function explains<S, I, O>(model: Model<S, I, O>, calls: readonly Call<I, O>[], state: S = model.initial): boolean {
  if (calls.every((call) => call.output === undefined)) return true;
  const firstEnd = Math.min(...calls.map(({ end = Infinity }) => end));
  return calls.some((call) => {
    if (call.start > firstEnd) return false;
    const rest = calls.filter((each) => each !== call);
    const after = model.step(state, call.input, call.output);
    const all = call.output === undefined ? [...after, state] : after;
    return all.some((each) => explains(model, rest, each));
  });
}

describe('random histories', () => {
  test('what really happened is explained', () => {
    fc.assert(fc.property(simulated, (calls) => linearize(register('0'), calls).ok));
  });

  test('the order that was found is one: in time, and with these answers', () => {
    const check = (calls: RegisterCall[]) => {
      const verdict = linearize(register('0'), calls);
      assert.ok(verdict.ok);
      let states = ['0'];
      for (const [index, call] of verdict.order.entries()) {
        const { input, output } = call;
        states = states.flatMap((state) => register('0').step(state, input, output)).concat(output ? [] : states);
        assert.ok(states.length > 0);
        for (const later of verdict.order.slice(index + 1)) assert.ok((later.end ?? Infinity) >= call.start);
      }
    };
    fc.assert(fc.property(simulated, check), { numRuns: 50 });
  });

  test('one answer that was never true has no place', () => {
    fc.assert(
      fc.property(simulated, fc.nat(), (calls, pick) => {
        const reads = calls.filter(({ input }) => input.kind === 'read');
        fc.pre(reads.length > 0);
        const forged = reads[pick % reads.length];
        const changed = calls.map((call) => (call === forged ? { ...call, output: 'never written' } : call));
        return !linearize(register('0'), changed).ok;
      }),
    );
  });

  test('one stale read has no place', () => {
    const values = fc.integer({ min: 2, max: 30 });
    fc.assert(
      fc.property(values, fc.nat(), (writes, pick) => {
        const calls = Array.from({ length: writes }, (_, n) => `${n * 10} ${n * 10 + 15} write v${n}`);
        // It starts when write `seen + 2` has ended, which began when write `seen` had.
        const seen = pick % (writes - 1);
        const at = (seen + 2) * 10 + 16;
        const good = history(...calls, `${at} ${at + 30} read → v${Math.min(seen + 2, writes - 1)}`);
        const bad = history(...calls, `${at} ${at + 30} read → v${seen}`);
        const isLast = seen + 2 >= writes;
        return linearize(register('0'), good).ok && (isLast || !linearize(register('0'), bad).ok);
      }),
    );
  });

  test('small ones of any kind are judged as by trying every order', () => {
    const call = fc.record({
      input: someInput,
      output: fc.option(fc.constantFrom('0', ...VALUES, 'done', 'refused'), { nil: undefined }),
      start: fc.nat(8),
      length: fc.option(fc.nat(6), { nil: undefined }),
    });
    const verdicts = { good: 0, bad: 0 };
    const check = (drawn: readonly (typeof call extends fc.Arbitrary<infer T> ? T : never)[]) => {
      const calls = drawn.map(({ input, output, start, length }, client): RegisterCall => {
        const known = input.kind === 'read' || output === undefined ? output : outputFor(output);
        // A client that was answered knows when.
        const end = length ?? (known === undefined ? undefined : 6);
        return {
          ...{ client, input, start },
          ...(known === undefined ? {} : { output: known }),
          ...(end === undefined ? {} : { end: start + end }),
        };
      });
      const { ok } = linearize(register('0'), calls);
      verdicts[ok ? 'good' : 'bad'] += 1;
      assert.equal(ok, explains(register('0'), calls));
    };
    fc.assert(fc.property(fc.array(call, { maxLength: 6 }), check), { numRuns: 3000 });
    assert.ok(verdicts.good > 100 && verdicts.bad > 100, JSON.stringify(verdicts));
  });

  test('two thousand calls of a hundred clients are decided', () => {
    const calls: RegisterCall[] = Array.from({ length: 2000 }, (_, client) => {
      const input: RegisterInput = client % 10 === 0 ? { kind: 'write', value: `v${client}` } : { kind: 'read' };
      const value = client < 10 && client % 10 !== 0 ? 'v0' : `v${client - (client % 10)}`;
      const output = input.kind === 'read' ? value : 'done';
      return { client, input, output, start: client * 10 - 400, end: client * 10 + 400 };
    });
    assert.ok(linearize(register('0'), calls).ok);
  });
});

function outputFor(text: string): RegisterOutput {
  return text === 'refused' ? 'refused' : 'done';
}
