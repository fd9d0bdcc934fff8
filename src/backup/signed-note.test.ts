import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNote, signNote } from './signed-note.ts';

const mac = (text: string) => `mac-of-${text.length}-${text.replaceAll(' ', '_')}`;

test('a note is read as it was signed, and in no other form', () => {
  const note = signNote('kind-1', ['a', 'b'], mac);
  assert.deepEqual(readNote(note, 'kind-1', 2, mac), ['a', 'b']);
  assert.equal(readNote(note, 'kind-2', 2, mac), undefined);
  assert.equal(readNote(note, 'kind-1', 1, mac), undefined);
  assert.equal(readNote(note.replace('b', 'c'), 'kind-1', 2, mac), undefined);
  assert.equal(readNote('', 'kind-1', 2, mac), undefined);
  assert.equal(readNote(`${note}x`, 'kind-1', 2, mac), undefined);
});
