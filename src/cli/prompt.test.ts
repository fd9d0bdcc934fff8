import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { confirm } from './prompt.ts';

function ask(input: string[], options: { quiet?: boolean; attended?: boolean; tty?: boolean } = {}) {
  const stderr = new PassThrough();
  let shown = '';
  stderr.on('data', (chunk) => {
    shown += chunk;
  });
  const stdin = Object.assign(Readable.from(input.map(Buffer.from)), { isTTY: options.tty ?? false });
  const io = { stdin, stdout: new PassThrough(), stderr, env: {}, cwd: '/' };
  const question = { message: 'All gone.', quiet: options.quiet ?? false, attended: options.attended ?? true };
  return confirm(io, question).then(
    () => ({ yes: true, shown, stdin }),
    (error: Error) => ({ yes: false, shown, error: error.message, stdin }),
  );
}

test('yes, an empty line and --quiet go on; no stops', async () => {
  for (const line of ['y\n', 'YES\n', '\n']) assert.equal((await ask([line])).yes, true, JSON.stringify(line));
  const quiet = await ask([], { quiet: true });
  assert.equal(quiet.yes, true);
  assert.equal(quiet.shown, '');
  const no = await ask(['n\n']);
  assert.equal(no.yes, false);
  assert.equal('error' in no && no.error, 'Aborted by user.');
  assert.equal(no.shown, 'All gone.\n\nDo you want to continue (Y/n)?  \n');
});

test('anything else is asked again, also when it comes in pieces', async () => {
  const result = await ask(['per', 'haps\nno', '\n']);
  assert.equal(result.yes, false);
  assert.match(result.shown, /Please enter 'y' or 'n': {2}/);
});

test('where nobody can answer, a destructive command stops and a harmless one goes on', async () => {
  const stopped = await ask([]);
  assert.equal(stopped.yes, false);
  assert.match('error' in stopped ? stopped.error : '', /not in an interactive session/);
  assert.equal((await ask([], { attended: false })).yes, true);
});

test('an endless line does not grow without bound', async () => {
  const result = await ask([...Array(20).fill('x'.repeat(5000)), '\n']);
  assert.equal(result.yes, false);
});
