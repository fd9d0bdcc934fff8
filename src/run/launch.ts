// Starts the child: the chain of small programs around its command, its descriptors, and the masking of what it prints.
// Every link of the chain takes the place of the one before (exec), so the child is this process's own child, and its
// exit code and signals need no translation. Descriptors beyond 2 are closed before the command itself begins.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { RunFailure } from './failure.ts';
import type { Guard } from './guard.ts';
import { maskStream, type PatternSource } from './masker.ts';
import type { Namespace } from './mount-script.ts';
import { makePipes, type OutputPipe } from './output-pipe.ts';
import { SetupChannel } from './setup-channel.ts';
import { exitCodeOf } from './signals.ts';
import { insideTerminal, type Terminal } from './terminal.ts';

export interface LaunchOptions {
  readonly command: readonly string[];
  readonly env: Record<string, string>;
  readonly guard: Guard;
  /** The run's own directory, for pipes in the making. */
  readonly directory: string;
  /** What must not be printed; undefined leaves the terminal to the child. */
  readonly patterns: PatternSource | undefined;
  /** The mount namespace to start it in; undefined for this process's own. */
  readonly namespace: Namespace | undefined;
  /** What the namespace expects. */
  readonly payloads: readonly Uint8Array[];
}

export interface Launched {
  /** Where signals go; undefined until known, and when it has ended. */
  pid(): number | undefined;
  kill(): void;
  /** True where the child shares this process's terminal and process group. */
  readonly onTerminal: boolean;
  /** True as soon as the process is no more; its output may still be on the way. */
  readonly hasEnded: boolean;
  /** The way to what stays in its mount namespace. */
  readonly channel: SetupChannel;
  /** The exit code, 128 + n after signal n, when all output has left. */
  readonly finished: Promise<number>;
}

/** After the child's end, output that its own children still hold open is waited for this long. */
const LINGER_MS_MAX = 2_000;

type Descriptor = 'ignore' | 'pipe' | number;

/**
 * Starts the command; undefined where the kernel refused the namespace and nothing was run.
 * @throws RunFailure (126) where the system cannot execute it.
 */
export async function launch(options: LaunchOptions): Promise<Launched | undefined> {
  const { guard, patterns, namespace } = options;
  const bound = guard.bind(options.command, 'KILL');
  const terminal = patterns !== undefined && process.stdout.isTTY ? insideTerminal(bound, options.env) : undefined;
  // script puts the real terminal back in order when it is told to end, so it must not be killed.
  const shown = terminal === undefined ? bound : guard.bind(terminal.argv, 'TERM');
  const argv = guard.enclose(namespace === undefined ? shown : namespace.wrap(shown, terminal !== undefined));
  const pipes = patterns === undefined ? undefined : makePipes(2, options.directory, options.env);
  const child = spawn(argv[0] as string, argv.slice(1), {
    env: terminal?.env ?? options.env,
    stdio: descriptors({ isMasked: patterns !== undefined, terminal, hasNamespace: namespace !== undefined, pipes }),
  });
  for (const pipe of pipes ?? []) pipe.closeWriter();
  const ended = exitOf(child);
  const stderrAt = terminal === undefined ? 2 : 6;
  const sources = pipes?.map(({ reader }) => reader) ?? [pipeAt(child, 1), pipeAt(child, stderrAt)];
  const outputs = patterns === undefined ? [] : maskedOutputs(sources as (Readable | undefined)[], patterns);
  const failed = ended.then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  const channel = new SetupChannel(pipeAt(child, 3) as Writable | undefined, pipeAt(child, 4) as Readable | undefined);
  channel.begin(options.payloads, (namespace?.followed.length ?? 0) > 0);
  if (namespace !== undefined && !(await Promise.race([channel.ready, failed.then(() => false)]))) {
    await Promise.allSettled([ended, ...outputs]);
    return undefined;
  }
  if (child.pid === undefined) {
    const error = await failed;
    throw new RunFailure(`${options.command[0]}: cannot be executed: ${error?.code ?? 'unknown'}`, 126);
  }
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: () => (hasEnded() ? undefined : terminal === undefined ? child.pid : channel.pid),
    kill: () => void child.kill('SIGKILL'),
    onTerminal: terminal === undefined,
    get hasEnded() {
      return hasEnded();
    },
    channel,
    finished: ended.then(async (code) => {
      await settle(sources, outputs);
      await channel.close();
      return code;
    }),
  };
}

interface DescriptorChoice {
  readonly isMasked: boolean;
  readonly terminal: Terminal | undefined;
  readonly hasNamespace: boolean;
  readonly pipes: readonly OutputPipe[] | undefined;
}

function descriptors({ isMasked, terminal, hasNamespace, pipes }: DescriptorChoice): Descriptor[] {
  const setup: Descriptor[] = hasNamespace ? ['pipe', 'pipe'] : [];
  if (!isMasked) return [0, 1, 2, ...setup];
  const stdout: Descriptor = pipes?.[0]?.writer ?? 'pipe';
  const stderr: Descriptor = pipes?.[1]?.writer ?? 'pipe';
  if (terminal === undefined) return [0, stdout, stderr, ...setup];
  const [inside, beside]: [Descriptor, Descriptor] = terminal.stdinInside ? [0, 'ignore'] : ['ignore', 0];
  return [
    inside,
    stdout,
    2,
    hasNamespace ? 'pipe' : 'ignore',
    'pipe',
    beside,
    terminal.stderrInside ? 'ignore' : stderr,
  ];
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : exitCodeOf(signal)));
  });
}

function maskedOutputs(sources: readonly (Readable | undefined)[], patterns: PatternSource): Promise<void>[] {
  return sources.map((from, index) =>
    from ? pass(from, patterns, index === 0 ? process.stdout : process.stderr) : Promise.resolve(),
  );
}

/** Resolves when all that came has been written; a reader that went away is the child's to notice, by SIGPIPE. */
async function pass(from: Readable, patterns: PatternSource, to: Writable): Promise<void> {
  const mask = maskStream(patterns);
  // The program's own answer to a closed stdout is to end, and that would leave the child and its tokens behind.
  const others = to.rawListeners('error') as ((error: Error) => void)[];
  to.removeAllListeners('error');
  const gone = (): void => {
    from.destroy();
    mask.unpipe(to);
    mask.resume();
  };
  to.on('error', gone);
  from.on('error', gone);
  from.on('close', () => mask.end());
  from.pipe(mask, { end: false }).pipe(to, { end: false });
  await finished(mask, { writable: false }).catch(() => {});
  to.off('error', gone);
  for (const other of others) to.on('error', other);
}

async function settle(
  sources: readonly (Readable | Writable | undefined)[],
  outputs: readonly Promise<void>[],
): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LINGER_MS_MAX);
  await Promise.race([Promise.allSettled(outputs), late]);
  clearTimeout(timer);
  for (const pipe of sources) pipe?.destroy();
  await Promise.allSettled(outputs);
}

function pipeAt(child: ChildProcess, descriptor: number): Readable | Writable | undefined {
  return (child.stdio as readonly (Readable | Writable | null | undefined)[])[descriptor] ?? undefined;
}
