// What ends a run before its child starts, and how `run` speaks: one line on stderr, in gcloud's form.
// Text that came from a server or a file name is stripped of control characters before it reaches a terminal.

/** A run that cannot go on. `exitCode` is what the command answers: 1, or 126 and 127 as shells use them. */
export class RunFailure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'RunFailure';
    this.exitCode = exitCode;
  }
}

const LINE_CHARS_MAX = 2000;

/** Prints `WARNING: (coffer.run) …`, one line. */
export function warn(message: string): void {
  process.stderr.write(`WARNING: (coffer.run) ${oneLine(message)}\n`);
}

/** Prints `ERROR: (coffer.run) …`, one line. */
export function complain(message: string): void {
  process.stderr.write(`ERROR: (coffer.run) ${oneLine(message)}\n`);
}

function oneLine(text: string): string {
  return text.slice(0, LINE_CHARS_MAX).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}
