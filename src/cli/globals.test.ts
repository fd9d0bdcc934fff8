import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './error.ts';
import { readCommandLine, unprotect } from './globals.ts';

test('gcloud-wide flags count anywhere on the line, in both spellings, and the last one wins', () => {
  for (const argv of [
    ['--project=p', 'secrets', 'list', '--format', 'json'],
    ['secrets', '--project', 'p', 'list', '--format=json'],
    ['secrets', 'list', '--project=q', '--project=p', '--format=json'],
  ]) {
    const { globals, inputs } = readCommandLine(argv);
    assert.equal(globals.project, 'p');
    assert.equal(globals.format, 'json');
    assert.deepEqual(inputs, ['secrets', 'list']);
  }
  assert.equal(readCommandLine(['-q', 'x']).globals.quiet, true);
  assert.equal(readCommandLine(['--quiet', 'x']).globals.quiet, true);
  assert.equal(readCommandLine(['x']).globals.quiet, false);
});

test('what follows -- is not looked at', () => {
  const { globals, inputs, rest } = readCommandLine(['run', '--', 'tool', '--project=theirs', '--', '-q']);
  assert.equal(globals.project, undefined);
  assert.equal(globals.quiet, false);
  assert.deepEqual(inputs, ['run']);
  assert.deepEqual(rest, ['tool', '--project=theirs', '--', '-q']);
});

test('a flag without its value is an error', () => {
  assert.throws(() => readCommandLine(['secrets', 'list', '--project']), UsageError);
  assert.throws(() => readCommandLine(['--project', '--format=json']), UsageError);
  assert.throws(() => readCommandLine(['--verbosity=loud']), /--verbosity/);
  assert.throws(() => readCommandLine(['server', '--constructor=1']), /unrecognized arguments: --constructor/);
});

test('an empty value and one with line breaks survive the scanner', () => {
  for (const value of ['', 'a\nb', 'a=b', '\n']) {
    const { inputs } = readCommandLine([`--description=${value}`]);
    const passed = (inputs[0] as string).replace('--description=', '');
    assert.match(passed, /^.+$/);
    assert.equal(unprotect(passed), value);
  }
});
