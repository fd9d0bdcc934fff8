// One finding as one JSON line on stdout, for machines, and one line on stderr, for people.

/** What a number must keep to, against the reference: the ratio's bound. */
export interface Target {
  readonly least?: number;
  readonly most?: number;
}

export interface Finding {
  readonly bench: string;
  readonly value: number;
  readonly unit: string;
  /** What the value is held against, found in the same run, or a bound that the project set itself. */
  readonly reference: number;
  readonly target?: Target;
}

const round = (value: number): number => Number(value.toPrecision(3));

export function report({ bench, value, unit, reference, target = {} }: Finding): void {
  const ratio = value / reference;
  const line = { bench, value: round(value), unit, reference: round(reference), ratio: round(ratio) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  const columns = [
    bench.padEnd(28),
    `${line.value}`.padStart(9),
    unit.padEnd(13),
    `${line.reference}`.padStart(9),
    `${line.ratio}`.padStart(7),
    verdict(ratio, target),
  ];
  process.stderr.write(`${columns.join(' ')}\n`);
}

function verdict(ratio: number, { least, most }: Target): string {
  if (least !== undefined) return `${ratio >= least ? 'kept' : 'MISSED'}: at least ${round(least)}`;
  if (most !== undefined) return `${ratio <= most ? 'kept' : 'MISSED'}: at most ${round(most)}`;
  return '';
}

/** The middle of an odd number of rounds: one that the machine's other work spoilt does not count. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
