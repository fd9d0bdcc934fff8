// Streams: each thread that writes has a log of its own, so none waits for another. `main` lies in the audit directory
// itself, the others in a directory of their name below it. Nothing that a caller sent ever becomes such a name unseen.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export const MAIN = 'main';
/** Ours: more threads than any server has had. */
const STREAMS_MAX = 256;
const NAME = /^[a-z][a-z0-9]{0,15}$/;

export function isStream(text: string): boolean {
  return NAME.test(text);
}

/** Where the segments of a stream lie; `stream` must be a name of one. */
export function streamDirectory(root: string, stream: string): string {
  assert(isStream(stream), 'not the name of an audit stream');
  return stream === MAIN ? root : join(root, stream);
}

/**
 * Every stream that has a directory, ascending, `main` among them. Rejects with the error of the file system, and where
 * there are more than there can be: to leave some out would be to hide what they hold.
 */
export async function listStreams(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const others = entries.filter((entry) => entry.isDirectory() && isStream(entry.name) && entry.name !== MAIN);
  if (others.length >= STREAMS_MAX)
    throw new Error(`${root} holds more streams than ${STREAMS_MAX}: move away what is none`);
  return [MAIN, ...others.map(({ name }) => name)].sort();
}
