// Puts off writing to the end of a turn of the event loop, so that all answers that one connection got in it leave in one
// write. Shared by all sessions: one callback a turn, however many wait.

interface Waiting {
  flush(): void;
}

export class Turn {
  #waiting: Waiting[] = [];
  readonly #end = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each.flush();
  };

  /** Calls `flush` once the promises that are settled now have run. */
  add(waiting: Waiting): void {
    if (this.#waiting.push(waiting) === 1) process.nextTick(this.#end);
  }
}
