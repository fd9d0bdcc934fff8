// Streams: each thread that writes has a log of its own, so none waits for another. `main` lies in the audit directory
// itself, the others in a directory of their name below it. Nothing that a caller sent ever becomes such a name unseen.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export const MAIN = 'main';
/** Ours: more threads than any server has had, of more servers than share a store. */
const STREAMS_MAX = 1024;
const NAME = /^[a-z][a-z0-9]{0,15}$/;
const OF_SERVER = /^(s[0-9a-z]{6})?(main|w[0-9]+)$/;

export function isStream(text: string): boolean {
  return NAME.test(text);
}

/** The stream of one thread of a server; those of a server that shares its store begin with its id. */
export function streamOf(server: string, thread: string): string {
  return `${server}${thread}`;
}

/** Whether a stream takes the records of changes: each server has one that does. */
export function isMain(stream: string): boolean {
  return OF_SERVER.exec(stream)?.[2] === MAIN;
}

/** The stream that takes the records of changes in the server that has this one. */
export function mainOf(stream: string): string {
  return streamOf(serverOf(stream), MAIN);
}

/** What the names of all streams of that server begin with. */
export function serverOf(stream: string): string {
  return OF_SERVER.exec(stream)?.[1] ?? '';
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
  const names = others.map(({ name }) => name);
  // Of a server that shares its store, no stream lies in the directory itself, unless another server had it before.
  const isShared = names.some(isMain) && !entries.some(({ name }) => name.endsWith('.jsonl'));
  return [...(isShared ? [] : [MAIN]), ...names].sort();
}
