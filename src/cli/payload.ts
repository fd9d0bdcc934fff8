// Files that go in and out: payloads from a file or from stdin, never from an argument; the output file for its owner
// only. Every read is bounded, so that a mistaken path costs neither memory nor time.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CliError } from './error.ts';
import type { Io } from './io.ts';

/** Secret Manager: the payload of one version, https://cloud.google.com/secret-manager/quotas. */
export const PAYLOAD_BYTES_MAX: number = 64 * 1024;
/** Policies and conditions: a policy of 1,500 members stays under this. */
const DOCUMENT_BYTES_MAX: number = 1024 * 1024;

/**
 * The bytes of the file at `path`, or of stdin for `-`.
 * @throws CliError where `path` is empty, cannot be read, or holds more than 64 KiB.
 */
export async function readPayload(io: Io, path: string): Promise<Buffer> {
  if (path === '') {
    throw new CliError('--data-file is empty: give a file, or - for stdin (was a variable not set?)');
  }
  return read(io, path, PAYLOAD_BYTES_MAX);
}

/** The text of a policy, condition or replication file; `-` is stdin. @throws CliError where it cannot be read. */
export async function readDocument(io: Io, path: string): Promise<string> {
  return (await read(io, path, DOCUMENT_BYTES_MAX)).toString('utf8');
}

/**
 * Writes `bytes` to a file that only its owner can read (0600), or to what `path` names if it is no file.
 * @throws CliError where it cannot be written.
 */
export async function writePrivate(io: Io, path: string, bytes: Uint8Array): Promise<void> {
  if (path === '') throw new CliError('--out-file is empty: give a file (was a variable not set?)');
  let file: FileHandle | undefined;
  try {
    file = await open(resolve(io.cwd, path), constants.O_WRONLY | constants.O_CREAT, 0o600);
    if ((await file.stat()).isFile()) {
      // Before the first byte: an older file of this name may be open to all.
      await file.chmod(0o600);
      await file.truncate(0);
    }
    await file.writeFile(bytes);
  } catch (error) {
    throw new CliError(`cannot write the file [${path}]: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  } finally {
    await file?.close();
  }
}

async function read(io: Io, path: string, bytesMax: number): Promise<Buffer> {
  const bytes = path === '-' ? await readStream(io, bytesMax) : await readFile(resolve(io.cwd, path), path, bytesMax);
  if (bytes.length <= bytesMax) return bytes;
  const what = path === '-' ? 'the input' : `the file [${path}]`;
  throw new CliError(`${what} is larger than the maximum size of ${bytesMax} bytes`);
}

async function readStream({ stdin }: Io, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk as string);
    chunks.push(bytes);
    length += bytes.length;
    if (length > bytesMax) break;
  }
  return Buffer.concat(chunks);
}

async function readFile(path: string, shown: string, bytesMax: number): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const buffer = Buffer.alloc(bytesMax + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } catch (error) {
    throw new CliError(`cannot read the file [${shown}]: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  } finally {
    await file?.close();
  }
}
