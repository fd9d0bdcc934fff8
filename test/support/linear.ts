// A linearizability checker: is there an order of these calls, each at one moment between its start and its end, that
// explains every answer? The search of Wing and Gong with Lowe's memory of the states that were tried
// (https://www.cs.ox.ac.uk/people/gavin.lowe/LinearizabiltyTesting/), over any model that can say what follows a state.

import { inspect } from 'node:util';

/** One call as a client saw it. Times are of one clock, in any unit. */
export interface Call<I, O> {
  readonly client: number;
  readonly input: I;
  /** Absent: nobody knows what became of it. It took effect at any moment from its start to its end, or never. */
  readonly output?: O;
  readonly start: number;
  /** Absent: it may still be under way. */
  readonly end?: number;
}

export interface Model<S, I, O> {
  readonly initial: S;
  /** The states that `input` can lead to where it answers `output` (undefined: anything); none where it cannot. */
  step(state: S, input: I, output: O | undefined): readonly S[];
  /** Whether such a call, answered so, changes nothing. Its first possible place is then as good as any. */
  isRead(input: I, output: O): boolean;
  /** The same text for the same state, another for another. */
  key(state: S): string;
}

export type Verdict<I, O> =
  | { readonly ok: true; readonly order: readonly Call<I, O>[] }
  /** `order` is the longest that was found, and `stuck` the call that has no place behind it. */
  | { readonly ok: false; readonly order: readonly Call<I, O>[]; readonly stuck: Call<I, O> };

/** A history that takes longer is undecided: keep fewer calls open at once, or split it by key. */
const STEPS_MAX = 5_000_000;
const HEAD = 0;
const SHOWN_CALLS = 12;
const SHOWN_CHARS = 2000;

/** Looks for an order. Throws where a call ends before it starts, or the search goes on for too long. */
export function linearize<S, I, O>(model: Model<S, I, O>, calls: readonly Call<I, O>[]): Verdict<I, O> {
  return new Search(model, calls).run();
}

/** Throws, with the calls around it, where no order explains a history. */
export function assertLinearizable<S, I, O>(model: Model<S, I, O>, calls: readonly Call<I, O>[], name = ''): void {
  const verdict = linearize(model, calls);
  if (verdict.ok) return;
  const { order, stuck } = verdict;
  const tell = (call: Call<I, O>) =>
    `  ${inspect(call, { breakLength: Infinity, depth: 5, maxStringLength: SHOWN_CHARS })}`;
  const shown = order.slice(-SHOWN_CALLS).map(tell);
  throw new Error(
    `no order explains this history${name === '' ? '' : ` of ${name}`}: after ${order.length} of ${calls.length} calls,\n` +
      `${shown.join('\n')}\nthis one has no place:\n${tell(stuck)}`,
  );
}

/** The calls of each key, which are then checked apart: a history is linearizable exactly if that of each object is. */
export function byKey<I, O>(
  calls: readonly Call<I, O>[],
  keyOf: (input: I) => string,
): ReadonlyMap<string, readonly Call<I, O>[]> {
  return Map.groupBy(calls, (call) => keyOf(call.input));
}

/** A call that was given its place. */
interface Placed<S> {
  readonly entry: number;
  readonly before: S;
  readonly choices: readonly S[];
  readonly chosen: number;
  /** Whether no other place needs to be tried. */
  readonly forced: boolean;
  readonly reached: number;
}

/**
 * Starts and ends of the calls as a doubly linked list in the order of time. A call that is placed leaves the list; the
 * first end that is met shows the call that should have been placed by now.
 */
class Search<S, I, O> {
  readonly #model: Model<S, I, O>;
  readonly #calls: readonly Call<I, O>[];
  /** Of each entry from 1 on: its call, and whether it is the start. */
  readonly #callOf: number[] = [-1];
  readonly #isStart: boolean[] = [false];
  /** Of each call: the entry of its end, 0 where it has none. */
  readonly #endOf: number[];
  readonly #next: number[] = [];
  readonly #before: number[] = [];
  readonly #isPlaced: boolean[];
  readonly #placed: Placed<S>[] = [];
  readonly #seen = new Set<string>();
  /** How many calls, in the order of their starts, hold all that are placed. */
  #reached = 0;
  #endsLeft = 0;
  #state: S;
  #steps = 0;

  constructor(model: Model<S, I, O>, calls: readonly Call<I, O>[]) {
    this.#model = model;
    this.#state = model.initial;
    this.#calls = calls.toSorted((a, b) => a.start - b.start);
    this.#endOf = this.#calls.map(() => 0);
    this.#isPlaced = this.#calls.map(() => false);
    this.#link();
  }

  run(): Verdict<I, O> {
    let best: { order: readonly Call<I, O>[]; stuck: Call<I, O> } | undefined;
    let entry = this.#first();
    while (this.#endsLeft > 0) {
      if (this.#steps++ > STEPS_MAX) throw new Error(`undecided after ${STEPS_MAX} steps`);
      const went = this.#isStart[entry] ? this.#place(entry) : 'stuck';
      if (went === 'placed') entry = this.#first();
      else if (went === 'not here') entry = this.#next[entry] as number;
      else {
        if (!this.#isStart[entry] && this.#placed.length > (best?.order.length ?? -1)) {
          best = { order: this.#order(), stuck: this.#call(entry) };
        }
        const resumed = this.#backtrack();
        if (resumed === undefined && best !== undefined) return { ok: false, ...best };
        entry = resumed as number;
      }
    }
    return { ok: true, order: this.#order() };
  }

  #link(): void {
    const times: { readonly at: number; readonly call: number; readonly isStart: boolean }[] = [];
    for (const [call, { start, end }] of this.#calls.entries()) {
      times.push({ at: start, call, isStart: true });
      if (end === undefined) continue;
      if (end < start) throw new Error(`a call ends at ${end}, before its start at ${start}`);
      times.push({ at: end, call, isStart: false });
      this.#endsLeft += 1;
    }
    // What touches in one moment overlaps: the clock could not tell.
    times.sort((a, b) => a.at - b.at || Number(b.isStart) - Number(a.isStart));
    for (const [index, { call, isStart }] of times.entries()) {
      this.#callOf.push(call);
      this.#isStart.push(isStart);
      if (!isStart) this.#endOf[call] = index + 1;
    }
    const count = this.#callOf.length;
    for (let entry = 0; entry < count; entry += 1) {
      this.#next.push((entry + 1) % count);
      this.#before.push((entry + count - 1) % count);
    }
  }

  #first(): number {
    return this.#next[HEAD] as number;
  }

  #call(entry: number): Call<I, O> {
    return this.#calls[this.#callOf[entry] as number] as Call<I, O>;
  }

  #order(): readonly Call<I, O>[] {
    return this.#placed.map(({ entry }) => this.#call(entry));
  }

  #place(entry: number): 'placed' | 'not here' | 'stuck' {
    const { input, output, end } = this.#call(entry);
    const after = this.#model.step(this.#state, input, output);
    // By its end it has taken effect or never will.
    const choices = output === undefined && end !== undefined ? [...after, this.#state] : after;
    const forced = output !== undefined && this.#model.isRead(input, output) && this.#isSame(choices);
    if (this.#choose(entry, choices, 0, forced)) return 'placed';
    return forced ? 'stuck' : 'not here';
  }

  /** A read may still tell something of the state that was not known. */
  #isSame(choices: readonly S[]): boolean {
    const { key } = this.#model;
    return choices.length === 1 && key(choices[0] as S) === key(this.#state);
  }

  /** Places a call by the first of `choices`, from `from` on, that leads to what was not tried before. */
  #choose(entry: number, choices: readonly S[], from: number, forced: boolean): boolean {
    const call = this.#callOf[entry] as number;
    const reached = this.#reached;
    this.#isPlaced[call] = true;
    this.#reached = Math.max(reached, call + 1);
    const left = this.#left();
    for (let chosen = from; chosen < choices.length; chosen += 1) {
      const key = left + this.#model.key(choices[chosen] as S);
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      this.#placed.push({ entry, before: this.#state, choices, chosen, forced, reached });
      this.#state = choices[chosen] as S;
      this.#unlink(entry);
      return true;
    }
    this.#isPlaced[call] = false;
    this.#reached = reached;
    return false;
  }

  /** Takes back the last choice that has an alternative; answers where to go on, undefined where there is none. */
  #backtrack(): number | undefined {
    for (;;) {
      const last = this.#placed.pop();
      if (last === undefined) return undefined;
      this.#relink(last.entry);
      this.#isPlaced[this.#callOf[last.entry] as number] = false;
      this.#reached = last.reached;
      this.#state = last.before;
      if (last.forced) continue;
      if (this.#choose(last.entry, last.choices, last.chosen + 1, false)) return this.#first();
      return this.#next[last.entry] as number;
    }
  }

  /** Which calls are placed, in few characters: all up to `#reached` but these. */
  #left(): string {
    let text = `${this.#reached}`;
    // The list begins with the start of the earliest call that was not placed before.
    for (let call = this.#callOf[this.#first()] as number; call < this.#reached; call += 1)
      if (!this.#isPlaced[call]) text += `,${call}`;
    return `${text}|`;
  }

  #unlink(entry: number): void {
    this.#skip(entry);
    const end = this.#endOf[this.#callOf[entry] as number] as number;
    if (end === 0) return;
    this.#skip(end);
    this.#endsLeft -= 1;
  }

  #relink(entry: number): void {
    const end = this.#endOf[this.#callOf[entry] as number] as number;
    if (end !== 0) {
      this.#restore(end);
      this.#endsLeft += 1;
    }
    this.#restore(entry);
  }

  #skip(entry: number): void {
    this.#next[this.#before[entry] as number] = this.#next[entry] as number;
    this.#before[this.#next[entry] as number] = this.#before[entry] as number;
  }

  #restore(entry: number): void {
    this.#next[this.#before[entry] as number] = entry;
    this.#before[this.#next[entry] as number] = entry;
  }
}
