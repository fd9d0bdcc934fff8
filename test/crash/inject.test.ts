// Cases 33 and 34, as SQLite tests itself: the N-th write, sync or truncation fails, or is the last thing that happens,
// for N = 1, 2, 3 … until the workload ends without having come that far. After each the data opens; what was
// acknowledged is there, what was not is there whole or not at all; the audit log holds, with exactly one record of each
// change and one of each answer. A sample of the N unless COFFER_TEST_SIZE=full, which `make test-crash` sets.

import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { buildSync } from 'esbuild';
import { systemEntropy } from '../../src/crypto/entropy.ts';
import { type Core, openCore } from '../simulation/core.ts';
import type { Answer, Step } from '../simulation/model.ts';
import { execute } from '../support/coffer.ts';
import type { Call } from '../support/linear.ts';
import { repository, scratch } from '../support/start.ts';
import { type Fault, readTrace, runInjected, type TracedCall, whyNoStrace } from '../support/strace.ts';
import { checkAfter, type History, mayRepeat } from './after.ts';
import { tokenOf, workload } from './workload.ts';

const isFull = process.env['COFFER_TEST_SIZE'] === 'full';
/** Of each kind of fault, spread over the whole run. */
const SAMPLES = 4;
const AT_ONCE = 3;
const WHEN_MAX = 5000;
const WRITES = ['write', 'writev', 'pwritev'];
const FAULTS: readonly (readonly [string, Fault['fault']])[] = [
  ...(['EIO', 'ENOSPC', 'SIGKILL'] as const).map((fault) => ['pwrite64', fault] as const),
  ...(['EIO', 'SIGKILL'] as const).flatMap((fault) =>
    ['fsync', 'fdatasync', 'ftruncate', 'unlink', 'rename', ...WRITES].map((call) => [call, fault] as const),
  ),
];

interface Start {
  readonly name: string;
  /** The data to begin with. */
  readonly data?: string;
  /** What happens without any fault. */
  readonly traced: readonly TracedCall[];
}

let child = '';

async function open(directory: string): Promise<Core> {
  return openCore({ directory, clock: { now: () => Date.now() }, entropy: systemEntropy, segmentBytesMax: 4000 });
}

/** A copy of the data, or a place for new data. */
function place(data: string | undefined): string {
  const directory = join(scratch(), 'data');
  if (data !== undefined) cpSync(data, directory, { recursive: true });
  return directory;
}

async function rehearse(name: string, data?: string): Promise<Start> {
  const directory = place(data);
  const log = join(scratch(), 'strace.log');
  const calls = [...new Set(FAULTS.map(([call]) => call))];
  const args = ['-f', '-qq', '-y', '-s', '0', '-o', log, '-e', `trace=${calls.join()}`];
  const { code, stderr } = await execute('strace', [...args, process.execPath, child, directory]);
  assert.equal(code, 0, stderr);
  const inside = (file: string) => relative(directory, file);
  const traced = readTrace(log).filter(({ name, file }) => !WRITES.includes(name) || !inside(file).startsWith('..'));
  return {
    name,
    ...(data === undefined ? {} : { data }),
    traced: traced.map((each) => ({ ...each, file: inside(each.file) })),
  };
}

/** The lines of a child's life as a history. What it was at when it ended, nobody knows. */
function historyOf(stdout: string, tokens: Map<string, string>): History {
  const steps = new Map(workload('first').map((step) => [step.id, step]));
  const calls = new Map<string, Call<Step, Answer>>();
  const end = steps.size * 2;
  for (const line of stdout.split('\n').slice(0, -1)) {
    const { began, ended, output, token } = JSON.parse(line);
    const step = steps.get(began ?? ended);
    if (step === undefined) continue;
    const start = calls.size * 2;
    if (began !== undefined) calls.set(began, { client: 0, input: step, start, end });
    else if (output !== undefined)
      calls.set(ended, { client: 0, input: step, output, start: start - 2, end: start - 1 });
    if (token !== undefined) tokens.set(tokenOf('first'), token);
  }
  return [...calls.values()];
}

/** One run that meets one fault; answers whether it came that far. */
async function meet(start: Start, fault: Fault): Promise<boolean> {
  const directory = place(start.data);
  // Others than those write to pipes, too.
  const files = new Set(
    start.traced.filter(({ name }) => name === fault.call).map(({ file }) => join(directory, file)),
  );
  const paths = WRITES.includes(fault.call) ? { paths: [...files] } : {};
  // An error is survived once by a server that goes on, once by one that then dies.
  const end = fault.when % 2 === 0 ? 'killed' : '';
  const result = await runInjected({ ...fault, ...paths }, process.execPath, [child, directory, end]);
  try {
    const tokens = new Map<string, string>();
    const history = historyOf(result.stdout, tokens);
    await checkAfter(await open(directory), history, tokens, mayRepeat(fault));
  } catch (error) {
    const at = `${fault.call} ${fault.when} of each thread, ${fault.fault}`;
    const said = `${result.stdout.slice(-1000)}${result.stderr}`;
    throw new Error(`${at}: ${(error as Error).message}\nthe server said:\n${said}`, { cause: error });
  }
  rmSync(directory, { recursive: true });
  return result.wasHit && !(fault.fault === 'SIGKILL' && result.stdout.includes('"dying"'));
}

/** Every N until one is not met, or some that are spread over all. */
async function meetAll(start: Start, call: string, fault: Fault['fault']): Promise<void> {
  const count = start.traced.filter(({ name }) => name === call).length;
  const every = isFull ? 1 : Math.max(1, Math.ceil(count / SAMPLES));
  let when = 1 - every;
  let met = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      when += every;
      const mine = when;
      assert.ok(mine <= WHEN_MAX, 'there is no end');
      if (!isFull && mine > count) return;
      if (!(await meet(start, { call, fault, when: mine }))) return;
      met += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  assert.ok(met > 0, 'nothing failed');
}

const skip = whyNoStrace() ?? false;

describe('a fault at every system call', { skip }, async () => {
  if (skip !== false) return;
  child = join(scratch(), 'child.mjs');
  const entryPoints = [join(repository, 'test/crash/inject-child.ts')];
  buildSync({ entryPoints, outfile: child, bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' });
  const begun = join(scratch(), 'data');
  await (await open(begun)).close();
  for (const start of [await rehearse('a first start'), await rehearse('a server that has data', begun)]) {
    for (const [call, fault] of FAULTS) {
      if (!start.traced.some(({ name }) => name === call)) continue;
      test(`${start.name}: ${call}, ${fault}`, () => meetAll(start, call, fault));
    }
  }
});
