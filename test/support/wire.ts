// A real listener on a free port of 127.0.0.1 and small clients for it, for the tests of `src/wire`. Raw sockets stand
// where a proper client would refuse to send what the test is about.

import { readFileSync } from 'node:fs';
import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import http2, { type ClientHttp2Session } from 'node:http2';
import net from 'node:net';
import type { RequestEntry } from '../../src/wire/context.ts';
import { type Listener, type ListenOptions, listen } from '../../src/wire/listener.ts';
import type { Certificate } from '../../src/wire/tls.ts';
import type { GrpcRequest, GrpcResponse, WireRequest, WireResponse } from '../../src/wire/types.ts';

function certificate(name: string): Certificate {
  const read = (part: string): string =>
    readFileSync(new URL(`../fixtures/tls/${name}.${part}.pem`, import.meta.url), 'utf8');
  return { cert: read('cert'), key: read('key') };
}

/** For localhost, 127.0.0.1 and *.googleapis.com. */
export const LOCALHOST: Certificate = certificate('localhost');
/** For second.test. */
export const SECOND: Certificate = certificate('second');

export interface Started {
  readonly listener: Listener;
  readonly port: number;
  /** What was logged. */
  readonly entries: RequestEntry[];
  readonly errors: unknown[];
  /** What reached the handler. */
  readonly requests: WireRequest[];
  readonly calls: GrpcRequest[];
}

export interface StartOptions extends Partial<ListenOptions> {
  readonly http?: (request: WireRequest) => WireResponse | Promise<WireResponse>;
  readonly grpc?: (request: GrpcRequest) => GrpcResponse | Promise<GrpcResponse>;
}

/** Starts a listener whose handler echoes: over HTTP the body (or the method and path), over gRPC the message. */
export async function start(options: StartOptions = {}): Promise<Started> {
  const { http: onHttp = echo, grpc: onGrpc = echoMessage, ...listenOptions } = options;
  const entries: RequestEntry[] = [];
  const errors: unknown[] = [];
  const requests: WireRequest[] = [];
  const calls: GrpcRequest[] = [];
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    ready: () => true,
    onRequest: (entry) => entries.push(entry),
    onError: (error) => errors.push(error),
    handler: {
      http(request) {
        requests.push(request);
        return onHttp(request);
      },
      grpc(call) {
        calls.push(call);
        return onGrpc(call);
      },
    },
    ...listenOptions,
  });
  return { listener, port: listener.address.port, entries, errors, requests, calls };
}

function echo(request: WireRequest): WireResponse {
  const body = request.body.length > 0 ? request.body : `${request.method} ${request.path}`;
  return { status: 200, headers: { 'content-type': 'text/plain' }, body };
}

function echoMessage(call: GrpcRequest): GrpcResponse {
  return { ok: true, message: call.message };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask extends http.RequestOptions {
  readonly body?: string | Uint8Array;
}

/** One HTTP/1.1 request on a connection of its own, unless `agent` says otherwise. */
export function ask(port: number, { body, ...options }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends bytes on a bare socket and collects what comes until the server closes or `limitMs` have passed. */
export function raw(
  port: number,
  bytes: string | Uint8Array,
  limitMs = 5000,
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let text = '';
    const finish = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const timer = setTimeout(() => finish(false), limitMs);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('close', () => finish(true));
    socket.on('error', () => {});
    socket.write(bytes);
  });
}

/** Opens an HTTP/2 session without TLS; end it with `close`. */
export function session(port: number, options: http2.ClientSessionOptions = {}): ClientHttp2Session {
  const opened = http2.connect(`http://127.0.0.1:${port}`, options);
  opened.on('error', () => {});
  return opened;
}

export interface H2Answer extends Answer {
  readonly trailers: OutgoingHttpHeaders;
  readonly rstCode: number;
}

/** One request on a session. `body` is sent in the pieces given. */
export function ask2(
  client: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: readonly Uint8Array[],
): Promise<H2Answer> {
  return new Promise((resolve) => {
    const stream = client.request(headers, { endStream: body === undefined });
    const chunks: Buffer[] = [];
    let answered: IncomingHttpHeaders = {};
    let trailers: OutgoingHttpHeaders = {};
    stream.on('response', (got) => {
      answered = got;
    });
    stream.on('trailers', (got) => {
      trailers = got;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => {});
    stream.on('close', () => {
      const status = Number(answered[':status'] ?? 0);
      resolve({
        status,
        headers: answered,
        body: Buffer.concat(chunks).toString('latin1'),
        trailers,
        rstCode: stream.rstCode,
      });
    });
    for (const piece of body ?? []) stream.write(piece);
    if (body !== undefined) stream.end();
  });
}

/** Waits until `isSo`, at most five seconds. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 5000;
  while (!isSo() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 5));
}
