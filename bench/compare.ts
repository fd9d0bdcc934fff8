// A server and its reference under the same load in turn, in one run: the machine is the same for both, and what counts
// are the ratios of the medians.

import { type Connection, closedLoop, type Figures } from './closed-loop.ts';
import { median, report, type Target } from './report.ts';

const ROUNDS = 5;
/** Before the first round each side is driven this long, so that its code is compiled. */
const WARM_SECONDS = 2;

export interface Side {
  readonly pid: number;
  /** New connections for each round: the kernel spreads them over the threads anew. */
  connect(): readonly Connection[];
}

export interface Targets {
  readonly requests?: Target;
  readonly p99?: Target;
  readonly cpu?: Target;
}

const MEASURES = [
  ['requests', 'requestsPerSecond', 'requests/s'],
  ['p50', 'p50Ms', 'ms'],
  ['p99', 'p99Ms', 'ms'],
  ['cpu', 'serverMicroseconds', 'µs/request'],
  ['load-cpu', 'loadMicroseconds', 'µs/request'],
] as const;

/** Reports each measure as `bench.measure`; `seconds` is the length of one round of one side. */
export async function compare(
  bench: string,
  subject: Side,
  reference: Side,
  { seconds, targets = {} }: { readonly seconds: number; readonly targets?: Targets },
): Promise<void> {
  const ours: Figures[] = [];
  const bare: Figures[] = [];
  for (const side of [subject, reference]) await closedLoop(side.connect(), { pid: side.pid, seconds: WARM_SECONDS });
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await closedLoop(subject.connect(), { pid: subject.pid, seconds }));
    bare.push(await closedLoop(reference.connect(), { pid: reference.pid, seconds }));
  }
  for (const [measure, figure, unit] of MEASURES) {
    const of = (all: readonly Figures[]) => median(all.map((figures) => figures[figure]));
    const target = targets[measure as keyof Targets];
    report({
      bench: `${bench}.${measure}`,
      value: of(ours),
      unit,
      reference: of(bare),
      ...(target === undefined ? {} : { target }),
    });
  }
}
