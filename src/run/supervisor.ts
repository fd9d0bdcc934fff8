// The child over the length of a run: it may be stopped and started again when its secrets change, and it is this that
// decides when the run is over. A child that ends by itself ends the run with its exit code, whatever changes meanwhile.

import type { Launched } from './launch.ts';
import type { SignalRelay } from './signals.ts';

/** How long a child may take to end after SIGTERM, as on Cloud Run; then it is killed. */
const STOP_MS_MAX = 10_000;

export class Supervisor {
  /** The exit code of the child that ended by itself. Rejects where it cannot be started again. */
  readonly finished: Promise<number>;
  readonly #relay: SignalRelay;
  readonly #start: () => Promise<Launched>;
  readonly #stopMsMax: number;
  #child: Launched;
  #restarted: (() => void) | undefined;

  /** `start` starts the command once more. */
  constructor(first: Launched, start: () => Promise<Launched>, relay: SignalRelay, stopMsMax: number = STOP_MS_MAX) {
    this.#stopMsMax = stopMsMax;
    this.#child = first;
    this.#start = start;
    this.#relay = relay;
    this.#follow(first);
    this.finished = this.#wait();
  }

  /** Sends the child a signal; nothing where it has ended. */
  signal(name: NodeJS.Signals): void {
    const pid = this.#child.pid();
    if (pid === undefined) return;
    try {
      process.kill(pid, name);
    } catch {
      // It has just ended.
    }
  }

  /** Ends the child and starts it again; resolves then, or when the run is over. */
  async restart(): Promise<void> {
    const child = this.#child;
    if (child.hasEnded) return;
    const { promise: restarted, resolve } = Promise.withResolvers<void>();
    this.#restarted = resolve;
    this.#relay.hold();
    this.signal('SIGTERM');
    const timer = setTimeout(() => {
      if (child.pid() === undefined) child.kill();
      else this.signal('SIGKILL');
    }, this.#stopMsMax);
    await Promise.race([restarted, this.finished.catch(() => {})]);
    clearTimeout(timer);
  }

  async #wait(): Promise<number> {
    for (;;) {
      const code = await this.#child.finished;
      const restarted = this.#restarted;
      if (restarted === undefined) return code;
      this.#restarted = undefined;
      this.#relay.assertQuiet();
      this.#child = await this.#start();
      this.#follow(this.#child);
      restarted();
    }
  }

  #follow(child: Launched): void {
    this.#relay.passTo(() => child.pid(), child.onTerminal);
  }
}
