// What a command has of the world: streams, environment, working directory. Tests hand in their own.
// Whatever goes to a terminal is made harmless here, once; bytes of a payload are the one exception, by design.

import type { Readable, Writable } from 'node:stream';
import { printable } from './text.ts';

export interface Io {
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stdout: Writable & { isTTY?: boolean };
  readonly stderr: Writable & { isTTY?: boolean; columns?: number };
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export class Output {
  readonly #io: Io;

  constructor(io: Io) {
    this.#io = io;
  }

  /** A line on stderr: progress, status, warnings. */
  status(text: string): void {
    this.#io.stderr.write(`${printable(text)}\n`);
  }

  /** Results on stdout, as they are unless a terminal would read them. */
  result(text: string): void {
    if (text !== '') this.#io.stdout.write(this.#io.stdout.isTTY ? printable(text) : text);
  }

  /** A payload on stdout, byte for byte. */
  payload(bytes: Uint8Array): void {
    this.#io.stdout.write(bytes);
  }
}

/** True where somebody sits there who can be asked. */
export function isInteractive(io: Io): boolean {
  return io.stdin.isTTY === true;
}
