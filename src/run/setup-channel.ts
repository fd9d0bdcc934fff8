// What runs in front of a child's command speaks with this process over two pipes: payloads go in by descriptor 3, one
// base64 line each, and what came of them out by descriptor 4: `ready`, `failed STEP` or `pid N`. Where files are
// followed, a helper in the child's namespace goes on reading (follow-script.ts): the number of a file and its new
// payload, two lines, which it answers with `done` or `failed`, one at a time.

import type { Readable, Writable } from 'node:stream';

const LINE_CHARS_MAX = 4096;
const REPLACE_MS_MAX = 10_000;
const CLOSE_MS_MAX = 1_000;

export class SetupChannel {
  /** True when the command is about to start; false where the setup gave up. */
  readonly ready: Promise<boolean>;
  readonly #feed: Writable | undefined;
  readonly #status: Readable | undefined;
  readonly #closed: Promise<void>;
  #text = '';
  #pid: number | undefined;
  #answer: (isDone: boolean) => void = () => {};
  #last: Promise<void> = Promise.resolve();

  constructor(feed: Writable | undefined, status: Readable | undefined) {
    this.#feed = feed;
    this.#status = status;
    const { promise: ready, resolve } = Promise.withResolvers<boolean>();
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    this.ready = ready;
    this.#closed = closed;
    // A setup that gave up does not read it.
    feed?.on('error', () => {});
    if (status === undefined) {
      resolve(true);
      close();
      return;
    }
    status.setEncoding('utf8').on('error', () => resolve(false));
    status.on('data', (chunk: string) => this.#take(chunk, resolve));
    status.on('close', () => {
      resolve(false);
      this.#answer(false);
      close();
    });
  }

  /** The command's own pid where it said so, inside a pseudo-terminal. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Sends what the setup waits for; `stays` keeps the way open for `replace`. */
  begin(payloads: Iterable<Uint8Array>, stays: boolean): void {
    const feed = this.#feed;
    if (feed === undefined) return;
    for (const payload of payloads) feed.write(line(payload));
    if (!stays) feed.end();
  }

  /**
   * Has the helper put a new payload in place of file `index`; resolves when it stands there.
   * @throws Error where the helper is gone, fails, or takes more than ten seconds.
   */
  replace(index: number, payload: Uint8Array): Promise<void> {
    const next = this.#last.catch(() => {}).then(() => this.#replace(index, payload));
    this.#last = next;
    return next;
  }

  /** Lets the helper go and waits for it, a second at most: while it lives, so does its view of the mounts. */
  async close(): Promise<void> {
    this.#feed?.end();
    const timer = setTimeout(() => this.#status?.destroy(), CLOSE_MS_MAX);
    await this.#closed;
    clearTimeout(timer);
    this.#feed?.destroy();
  }

  async #replace(index: number, payload: Uint8Array): Promise<void> {
    const { promise: answer, resolve } = Promise.withResolvers<boolean>();
    if (this.#feed === undefined || !this.#feed.writable || this.#status?.closed !== false)
      throw new Error('the helper in the mount namespace is gone');
    this.#answer = resolve;
    this.#feed.write(`${index}\n`);
    this.#feed.write(line(payload));
    // A helper that is late would be heard as the answer to the next file: it is given up.
    const timer = setTimeout(() => this.#status?.destroy(), REPLACE_MS_MAX);
    const isDone = await answer;
    clearTimeout(timer);
    if (!isDone) throw new Error('the helper in the mount namespace failed');
  }

  #take(chunk: string, resolveReady: (isReady: boolean) => void): void {
    const lines = (this.#text + chunk).split('\n');
    this.#text = (lines.pop() ?? '').slice(0, LINE_CHARS_MAX);
    for (const word of lines) {
      const pid = /^pid (\d+)$/.exec(word)?.[1];
      if (pid !== undefined) this.#pid = Number(pid);
      else if (word === 'ready') resolveReady(true);
      else this.#answer(word === 'done');
    }
  }
}

function line(payload: Uint8Array): string {
  return `${Buffer.from(payload).toString('base64')}\n`;
}
