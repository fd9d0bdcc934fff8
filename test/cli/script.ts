// Runs a command script in testscript form: each line a command and what it must print.
//
//   coffer ARGS…            runs the CLI in this process; it must succeed, `! coffer` must fail
//   stdin 'TEXT'            what the next command reads from stdin
//   exit N                  the exit code of the last command
//   stdout|stderr 'REGEX'   matches the last output (multi-line mode); `! stdout .` for nothing at all
//   cmp stdout FILE         the output is the file, byte for byte
//   capture NAME            sets variable NAME to the last stdout, trimmed
//   env NAME=VALUE          sets a variable of the following commands
//   mode NNN FILE           the file's permissions
//   -- FILE --              from here on, files of the script's own directory

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { main } from '../../src/cli/main.ts';

export interface World {
  readonly cwd: string;
  readonly env: Record<string, string>;
}

interface Outcome {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** Runs the script; throws an assertion naming the line. */
export async function runScript(text: string, { cwd, env: given }: World): Promise<void> {
  const env = { ...given };
  const lines = writeFiles(text, cwd);
  let last: Outcome | undefined;
  let input = '';
  for (const [index, line] of lines.entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const words = split(line).map((word) => word.replace(/\$\{?([A-Z_]+)\}?/g, (whole, name) => env[name] ?? whole));
    const negated = words[0] === '!';
    const [verb, ...args] = negated ? words.slice(1) : words;
    const at = `line ${index + 1}: ${line}\n${last ? `code ${last.code}\n${last.stdout}\n${last.stderr}` : ''}`;
    if (verb === 'coffer') {
      last = await run(args, input, cwd, env);
      input = '';
      assert.equal(last.code !== 0, negated, `line ${index + 1}: ${line}\n${last.stdout}${last.stderr}`);
    } else if (verb === 'stdin') input = args[0] ?? '';
    else if (verb === 'env') env[(args[0] ?? '').split('=')[0] as string] = (args[0] ?? '').replace(/^[^=]*=/, '');
    else check(verb, args, negated, last, { cwd, env }, at);
  }
}

function check(
  verb: string | undefined,
  args: readonly string[],
  negated: boolean,
  last: Outcome | undefined,
  { cwd, env }: World,
  at: string,
): void {
  assert.ok(last, `nothing was run before ${at}`);
  const output = verb === 'stderr' ? last.stderr : last.stdout.toString('latin1');
  switch (verb) {
    case 'stdout':
    case 'stderr':
      assert.equal(new RegExp(args[0] as string, args[0] === '.' ? 's' : 'm').test(output), !negated, at);
      break;
    case 'exit':
      assert.equal(last.code, Number(args[0]), at);
      break;
    case 'cmp':
      assert.deepEqual(last.stdout, readFileSync(join(cwd, args[1] as string)), at);
      break;
    case 'capture':
      env[args[0] as string] = last.stdout.toString('utf8').trim();
      break;
    case 'mode':
      assert.equal((statSync(join(cwd, args[1] as string)).mode & 0o777).toString(8), args[0], at);
      break;
    default:
      assert.fail(`unknown ${at}`);
  }
}

async function run(args: readonly string[], input: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const [stdout, stderr] = [collector(), collector()];
  const stdin = Readable.from(input === '' ? [] : [Buffer.from(input)]);
  const code = await main(args, { stdin, stdout: stdout.stream, stderr: stderr.stream, env, cwd });
  return { code, stdout: stdout.bytes(), stderr: stderr.bytes().toString('utf8') };
}

function collector() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}

/** The script's lines before its first file, which is written to `cwd` with those that follow. */
function writeFiles(text: string, cwd: string): string[] {
  const [script = '', ...sections] = text.split(/^-- (?=\S+ --$)/m);
  for (const section of sections) {
    const end = section.indexOf(' --\n');
    const path = join(cwd, section.slice(0, end));
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, section.slice(end + 4));
  }
  return script.replaceAll('\\\n', ' ').split('\n');
}

/** Words as a shell would see them: single and double quotes, nothing else. */
export function split(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:[^\s'"]|'[^']*'|"(?:[^"\\]|\\.)*")+/g)) {
    words.push(
      word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"/g, (_, single?: string, double?: string) => {
        return single ?? (double ?? '').replace(/\\(["\\$])/g, '$1');
      }),
    );
  }
  return words;
}
