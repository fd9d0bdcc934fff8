// The HTTP client of the CLI and of `run`: JSON in, JSON out, one server, no dependencies.
// Every wait and every answer is bounded; redirects are not followed, so a token goes to one place only.

import { readFileSync, statSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import { type Connection, isLoopback } from './connection.ts';
import { ApiError, ClientError } from './error.ts';
import { listenersOn } from './socket-owner.ts';

export type { Connection } from './connection.ts';
export { ApiError, ClientError } from './error.ts';
export { segment } from './path.ts';

export type Query = Readonly<Record<string, string | undefined>>;

/** From the first byte sent to the last byte read. */
const REQUEST_MS_MAX = 60_000;
/** A page of 25,000 secrets, the most that one list may ask for, stays under this. */
const RESPONSE_BYTES_MAX: number = 64 * 1024 * 1024;
const SOCKETS_MAX = 8;

const CANONICAL: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
};

export class Client {
  readonly #connection: Connection;
  readonly #url: URL;
  readonly #agent: Agent;
  #listenerChecked = false;

  /** @throws ClientError where the connection's CA file cannot be read. */
  constructor(connection: Connection) {
    this.#connection = connection;
    this.#url = new URL(connection.address);
    const options = { keepAlive: true, maxSockets: SOCKETS_MAX };
    this.#agent =
      this.#url.protocol === 'https:' ? new HttpsAgent({ ...options, ...trust(connection) }) : new Agent(options);
  }

  /**
   * Sends one request and gives the JSON of its answer (`{}` for an empty one).
   * `path` is sent as it is: encode its parts with `segment`. An undefined value of `query` is left out.
   * @throws ApiError the server's own error; ClientError where there was no usable answer within 60 s, or where the
   * owner's credential would go to another user of this machine.
   */
  async request<T>(method: string, path: string, body?: object, query: Query = {}): Promise<T> {
    this.#checkListener();
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const { status, contentType, bytes } = await this.#exchange(method, path + queryText(query), payload);
    const parsed = parse(bytes);
    if (status >= 200 && status < 300 && parsed !== undefined) return parsed as T;
    throw this.#failure(status, contentType, parsed);
  }

  /** Lets go of idle sockets. */
  close(): void {
    this.#agent.destroy();
  }

  /**
   * The owner's credential, found in a file, goes to a server of that file's owner only: when no server runs, any user
   * of the machine could listen on its port and wait for the credential to come by.
   */
  #checkListener(): void {
    const { owner, data, address } = this.#connection;
    if (this.#listenerChecked || !owner || data === undefined || !isLoopback(address)) return;
    const trusted = [0, process.getuid?.(), statSync(data, { throwIfNoEntry: false })?.uid];
    for (const uid of listenersOn(Number(this.#url.port) || (this.#url.protocol === 'https:' ? 443 : 80))) {
      if (trusted.includes(uid)) continue;
      throw new ClientError(
        `another user (uid ${uid}) listens at ${address}, so the owner's credential is not sent there: ` +
          'set COFFER_TOKEN if that server is yours',
      );
    }
    this.#listenerChecked = true;
  }

  #exchange(method: string, path: string, payload: Buffer | undefined): Promise<Answer> {
    const { token } = this.#connection;
    const options: RequestOptions = {
      agent: this.#agent,
      host: this.#url.hostname.replace(/^\[|\]$/g, ''),
      port: this.#url.port || (this.#url.protocol === 'https:' ? 443 : 80),
      method,
      path,
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
      headers: {
        accept: 'application/json',
        'user-agent': 'coffer-cli',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(payload === undefined
          ? { 'content-length': 0 }
          : { 'content-type': 'application/json', 'content-length': payload.length }),
      },
    };
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(this.#unreachable(error));
      const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(options, (response) => {
        collect(response, this.#connection.address).then(resolve, fail);
      });
      request.on('error', fail);
      request.end(payload);
    });
  }

  #unreachable(error: NodeJS.ErrnoException): ClientError {
    if (error instanceof ClientError) return error;
    const { address } = this.#connection;
    const cause = { cause: error };
    if (error.name === 'TimeoutError' || error.name === 'AbortError' || error.code === 'ABORT_ERR') {
      return new ClientError(`the Coffer server at ${address} did not answer within ${REQUEST_MS_MAX / 1000} s`, cause);
    }
    if (error.code === 'ECONNREFUSED' || error.code === 'ENOTFOUND' || error.code === 'EHOSTUNREACH') {
      return new ClientError(
        `cannot reach the Coffer server at ${address}: start it with 'coffer server' or set COFFER_ADDR`,
        cause,
      );
    }
    if (error.code?.includes('CERT') || error.code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE') {
      return new ClientError(
        `the certificate of the Coffer server at ${address} is not trusted (${error.code}): set COFFER_CA to its CA file`,
        cause,
      );
    }
    return new ClientError(
      `the connection to the Coffer server at ${address} broke: ${error.code ?? error.name}`,
      cause,
    );
  }

  #failure(httpStatus: number, contentType: string, parsed: unknown): Error {
    const error = (parsed as { error?: unknown } | undefined)?.error;
    if (httpStatus < 400 || typeof error !== 'object' || error === null) {
      const what = contentType ? `HTTP ${httpStatus}, ${contentType}` : `HTTP ${httpStatus}`;
      return new ClientError(`what answers at ${this.#connection.address} is not a Coffer server (${what})`);
    }
    const { message, status, details } = error as Record<'message' | 'status' | 'details', unknown>;
    return new ApiError(
      httpStatus,
      typeof status === 'string' ? status : (CANONICAL[httpStatus] ?? 'INTERNAL'),
      this.#explain(httpStatus, typeof message === 'string' ? message : 'the server gave no reason'),
      Array.isArray(details) ? details : [],
    );
  }

  #explain(httpStatus: number, message: string): string {
    if (httpStatus !== 401 || this.#connection.token !== undefined) return message;
    return `${message} (no credential was found: set COFFER_DATA to the server's data directory, or COFFER_TOKEN)`;
  }
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Buffer;
}

async function collect(response: IncomingMessage, address: string): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > RESPONSE_BYTES_MAX) {
      response.destroy();
      throw new ClientError(`the answer from ${address} is over ${RESPONSE_BYTES_MAX} bytes: ask for smaller pages`);
    }
    chunks.push(chunk);
  }
  const contentType = (response.headers['content-type'] ?? '').replace(/[^\x20-\x7e]/g, '').slice(0, 100);
  return { status: response.statusCode ?? 0, contentType, bytes: Buffer.concat(chunks) };
}

function parse(bytes: Buffer): unknown {
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function queryText(query: Query): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

/** What `https` to the server is verified by, beside the system's own. @throws ClientError where the file cannot be read. */
export function trust(connection: Connection): { ca?: string[] } {
  if (connection.ca === undefined) return {};
  try {
    return { ca: [...rootCertificates, readFileSync(connection.ca, 'utf8')] };
  } catch (error) {
    throw new ClientError(`cannot read the CA file ${connection.ca}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
