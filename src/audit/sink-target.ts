// Where the sink's lines go: appended to a file and synced, or sent by POST as application/x-ndjson, where any 2xx says
// that they were taken. A redirect is no answer: what goes out is meant for one place.

import { constants, readFileSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

const POST_MS_MAX = 30_000;
const HEADERS_BYTES_MAX: number = 16 * 1024;
const HEADER = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*(.*?)[ \t]*$/;
const NEWLINE = 10;

export interface SinkTarget {
  /** Resolves once the lines were taken; rejects, saying why, where they were not or nobody knows. */
  send(lines: Buffer, stream: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Throws one line that says what is wrong with the target. */
export function openTarget(target: string, headersFile: string | undefined): SinkTarget {
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url?.protocol === 'file:' && /^file:\/(?!\/)|^file:\/\/\//.test(target))
    return new FileTarget(decodeURIComponent(url.pathname));
  if (url !== undefined && /^https?:$/.test(url.protocol)) {
    // What stands in a command line is for everybody to see.
    if (url.username !== '' || url.password !== '')
      throw new Error('an audit sink takes no credential in its address: put it into a file of headers');
    return new HttpTarget(url, headersFile);
  }
  throw new Error('an audit sink is file:/PATH, https://HOST/PATH or http://HOST/PATH');
}

class FileTarget implements SinkTarget {
  readonly #path: string;
  #file: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async send(lines: Buffer): Promise<void> {
    const file = await this.#open();
    const { size } = await file.stat();
    try {
      await file.appendFile(lines);
      await file.datasync();
    } catch (error) {
      // It is sent again as a whole; half of it would be a line that nobody can read.
      await file.truncate(size);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Opens the file anew where somebody moved it away to rotate it. */
  async #open(): Promise<FileHandle> {
    const named = await stat(this.#path).catch(() => undefined);
    if (this.#file !== undefined) {
      const held = await this.#file.stat();
      if (named?.ino === held.ino && named.dev === held.dev) return this.#file;
      await this.close();
    }
    // A pipe without a reader would keep a thread for ever.
    if (named !== undefined && !named.isFile()) throw new Error(`${this.#path} is no file`);
    this.#file = await open(this.#path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
    await endLine(this.#file);
    return this.#file;
  }
}

/** A server that was killed may have left half a line; the next must not be joined to it. */
async function endLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  if (last[0] !== NEWLINE) await file.appendFile('\n');
}

class HttpTarget implements SinkTarget {
  readonly #url: URL;
  readonly #headersFile: string | undefined;

  constructor(url: URL, headersFile: string | undefined) {
    this.#url = url;
    this.#headersFile = headersFile;
    if (headersFile !== undefined) readHeaders(headersFile);
  }

  send(lines: Buffer, stream: string, stopping: AbortSignal): Promise<void> {
    const headers = this.#headersFile === undefined ? {} : readHeaders(this.#headersFile);
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(POST_MS_MAX)]);
    return new Promise((resolve, reject) => {
      const request = send(this.#url, {
        method: 'POST',
        signal,
        headers: {
          'user-agent': 'coffer-audit',
          ...headers,
          'content-type': 'application/x-ndjson',
          'content-length': lines.length,
          'x-coffer-audit-stream': stream,
        },
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        reject(new Error(`${this.#url.origin} could not be reached: ${error.code ?? error.message}`, { cause: error }));
      });
      request.on('response', (response) => {
        const { statusCode = 0 } = response;
        // What it says beside that is nobody's concern, however long it is.
        response.destroy();
        if (statusCode >= 200 && statusCode < 300) resolve();
        else reject(new Error(`${this.#url.origin} answered ${statusCode}`));
      });
      request.end(lines);
    });
  }

  async close(): Promise<void> {
    // Every POST ended its connection.
  }
}

/** Throws where the file cannot be read, or holds something else than headers; never says what it holds. */
function readHeaders(path: string): Readonly<Record<string, string>> {
  const text = readFileSync(path, 'utf8');
  if (text.length > HEADERS_BYTES_MAX) throw new Error(`${path} is too large for a file of headers`);
  const headers: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue;
    const [, name, value] = HEADER.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new Error(`${path}: line ${index + 1} is no header like NAME: VALUE`);
    headers[name.toLowerCase()] = value;
  }
  return headers;
}
