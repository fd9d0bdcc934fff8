// Asks before what cannot be undone, in gcloud's words: --quiet takes the default, an empty line too, and where nobody
// can answer the command stops instead of going on.

import { CliError } from './error.ts';
import { type Io, isInteractive } from './io.ts';
import { displayWidth, printable } from './text.ts';

const LINE_BYTES_MAX = 4096;
const ATTEMPTS_MAX = 10;
const WIDTH_DEFAULT = 80;

export interface Question {
  readonly message: string;
  /** What follows the message; `Do you want to continue` unless given. */
  readonly question?: string;
  readonly quiet: boolean;
  /** True: nobody there to answer is an error. False: it is a yes. */
  readonly attended: boolean;
}

/** Returns when the answer is yes. @throws CliError when it is no, or when there is nobody to answer. */
export async function confirm(io: Io, { message, question, quiet, attended }: Question): Promise<void> {
  if (quiet) return;
  const width = io.stderr.columns || WIDTH_DEFAULT;
  io.stderr.write(`${wrap(printable(message), width)}\n\n${question ?? 'Do you want to continue'} (Y/n)?  `);
  const yes = await answer(io, attended).finally(() => io.stderr.write('\n'));
  if (!yes) throw new CliError('Aborted by user.');
}

async function answer(io: Io, attended: boolean): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const line = await readLine(io);
    if (line === undefined) {
      if (!attended || isInteractive(io)) return true;
      throw new CliError(
        'This prompt could not be answered because you are not in an interactive session.  You can re-run the command ' +
          'with the --quiet flag to accept default answers for all prompts.',
      );
    }
    const word = line.trim().toLowerCase();
    if (line === '' || word === 'y' || word === 'yes') return true;
    if (word === 'n' || word === 'no') return false;
    io.stderr.write("Please enter 'y' or 'n':  ");
  }
  return false;
}

/** One line without its newline; undefined at the end of the input. What follows the line stays in the stream. */
function readLine({ stdin }: Io): Promise<string | undefined> {
  if (stdin.readableEnded || stdin.destroyed) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let text = Buffer.alloc(0);
    const done = (line: string | undefined): void => {
      stdin.off('data', onData).off('end', onEnd).off('error', onEnd);
      stdin.pause();
      resolve(line);
    };
    const onEnd = (): void => done(text.length === 0 ? undefined : text.toString('utf8'));
    const onData = (chunk: Buffer | string): void => {
      text = Buffer.concat([text, Buffer.from(chunk)]);
      const end = text.indexOf(10);
      if (end < 0 && text.length <= LINE_BYTES_MAX) return;
      const line = text.subarray(0, end < 0 ? LINE_BYTES_MAX : end);
      const rest = text.subarray(end < 0 ? text.length : end + 1);
      done(line.toString('utf8').replace(/\r$/, ''));
      if (rest.length > 0) stdin.unshift(rest);
    };
    stdin.on('data', onData).on('end', onEnd).on('error', onEnd).resume();
  });
}

function wrap(text: string, width: number): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line === '') lines[lines.length - 1] = word;
    else if (displayWidth(line) + 1 + displayWidth(word) <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
