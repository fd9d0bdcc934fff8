// A real pipe for the child's output. What Node calls a pipe is a socket pair, and a program cannot open /dev/stdout on a
// socket: images that log to /dev/stderr would break. A FIFO that has no name any more is a pipe in every respect.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { findTool } from './command.ts';

const TOOL_MS_MAX = 5_000;

export interface OutputPipe {
  readonly reader: Socket;
  /** The end for the child; `closeWriter` once it has been started, or the reader never sees the end. */
  readonly writer: number;
  closeWriter(): void;
}

/** Makes `count` pipes; undefined where mkfifo(1) is missing or fails. */
export function makePipes(count: number, directory: string, env: NodeJS.ProcessEnv): OutputPipe[] | undefined {
  const mkfifo = findTool('mkfifo', env);
  if (mkfifo === undefined) return undefined;
  const paths = Array.from({ length: count }, (_, index) => join(directory, `out-${process.hrtime.bigint()}-${index}`));
  try {
    // A child that changes its user may still open /dev/stdout anew; the directory keeps strangers out.
    execFileSync(mkfifo, ['-m', '666', ...paths], { timeout: TOOL_MS_MAX, stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return paths.map((path) => {
    const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY);
    unlinkSync(path);
    return {
      reader: new Socket({ fd: reading, readable: true, writable: false }),
      writer,
      closeWriter: () => closeSync(writer),
    };
  });
}
