// Signals during a run: before the child exists they end the run, afterwards they are the child's. What the keyboard
// sends reaches the child without help, since it shares the terminal's foreground process group; sending it again would
// make one Ctrl-C two.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const PASSED: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGCONT',
];
const FROM_KEYBOARD: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH']);
/** These do not end a program that pays them no attention. */
const HARMLESS: ReadonlySet<NodeJS.Signals> = new Set(['SIGWINCH', 'SIGCONT']);
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']);

/** A signal came before there was a child. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(signal);
    this.exitCode = exitCodeOf(signal);
  }
}

export class SignalRelay {
  /** Rejects with `Interrupted` when a signal comes before the child does. */
  readonly interrupted: Promise<never>;
  readonly #listeners = new Map<NodeJS.Signals, () => void>();
  #interrupt: (signal: NodeJS.Signals) => void = () => {};
  #early: NodeJS.Signals | undefined;
  #isHolding = false;
  #target: { readonly pid: () => number | undefined; readonly onTerminal: boolean } | undefined;

  constructor() {
    this.interrupted = new Promise((_, reject) => {
      this.#interrupt = (signal) => reject(new Interrupted(signal));
    });
    this.interrupted.catch(() => {});
    for (const signal of PASSED) {
      const listener = (): void => this.#take(signal);
      this.#listeners.set(signal, listener);
      process.on(signal, listener);
    }
  }

  /** True where a signal came before the child did. */
  get isInterrupted(): boolean {
    return this.#early !== undefined;
  }

  /** @throws Interrupted where a signal came before the child did. */
  assertQuiet(): void {
    if (this.#early !== undefined) throw new Interrupted(this.#early);
  }

  /**
   * From now on signals go to the process that `pid` gives. `onTerminal`: it is in this process's own group, so the
   * keyboard's signals reach it anyway.
   */
  passTo(pid: () => number | undefined, onTerminal: boolean): void {
    this.#target = { pid, onTerminal };
    this.#isHolding = false;
    // It came when the one before was gone already, too late to keep this one from being started.
    if (this.#early !== undefined) this.#send(this.#early);
  }

  /**
   * The child is about to be replaced: until the next `passTo`, a signal that asks for an end goes to it, and keeps
   * another from being started (`assertQuiet`). What else a signal says was meant for a child that is going.
   */
  hold(): void {
    this.#isHolding = true;
  }

  /** Gives the signals back their ordinary meaning. */
  stop(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }

  #take(signal: NodeJS.Signals): void {
    if (this.#isHolding && ENDING.has(signal)) this.#early ??= signal;
    if (this.#target === undefined) {
      if (HARMLESS.has(signal)) return;
      this.#early ??= signal;
      this.#interrupt(signal);
      return;
    }
    if (this.#target.onTerminal && FROM_KEYBOARD.has(signal) && isForegroundGroup()) return;
    this.#send(signal);
  }

  #send(signal: NodeJS.Signals): void {
    const pid = this.#target?.pid();
    if (pid === undefined) return;
    try {
      process.kill(pid, signal);
    } catch {
      // It has just ended.
    }
  }
}

/** What a shell answers for a program that `signal` ended: 128 + its number. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** True where this process's group is the one that its terminal's keyboard speaks to (proc(5), stat: pgrp and tpgid). */
function isForegroundGroup(): boolean {
  if (process.platform !== 'linux') return Boolean(process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] !== undefined && fields[2] === fields[5];
  } catch {
    return false;
  }
}
