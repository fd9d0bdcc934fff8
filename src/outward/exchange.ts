// One HTTP request that the server itself makes, and its answer: bounded in size and by its signal, on a connection of its
// own, a redirect an answer like any other. Nothing of the answer is in what is thrown.

import { lookup } from 'node:dns';
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';

export interface Exchange {
  /** Its protocol, host and port alone count. */
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly answerBytesMax: number;
  /** Whether an address that the host's name stands for may be asked; absent: any. */
  isAllowed?(address: string): boolean;
  /** Told of each piece of the answer; absent: it is read and forgotten. */
  take?(piece: Buffer): void;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Why there is no answer. */
export class ExchangeProblem extends Error {}

/** Resolves once the answer has ended; rejects with ExchangeProblem. */
export function exchange(asked: Exchange): Promise<Answered> {
  const { url, method, path, headers, body, signal, isAllowed } = asked;
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const requestBy = url.protocol === 'https:' ? requestHttps : requestHttp;
  const { hostname, port } = url;
  const options = {
    ...{ host: hostname.replace(/^\[(.*)\]$/, '$1'), port, method, path, headers, signal, agent: false },
    ...(isAllowed === undefined ? {} : { lookup: lookupOf(isAllowed) }),
  };
  const sent = requestBy(options, (response) => {
    readAll(response, asked).then(resolve, reject);
  });
  sent.on('error', () => {
    reject(new ExchangeProblem(signal.aborted ? 'it did not answer in time' : 'its address cannot be reached'));
  });
  sent.end(body);
  return promise;
}

async function readAll(response: IncomingMessage, { answerBytesMax, take }: Exchange): Promise<Answered> {
  let bytes = 0;
  try {
    for await (const piece of response) {
      bytes += (piece as Buffer).length;
      if (bytes > answerBytesMax) break;
      take?.(piece as Buffer);
    }
  } catch {
    throw new ExchangeProblem('its answer broke off');
  }
  // Leaving the loop early has cut the connection.
  if (bytes > answerBytesMax) throw new ExchangeProblem('its answer is too long');
  return { status: response.statusCode ?? 0, headers: response.headers };
}

/** Looks a name up once, so that what was judged is what is asked. */
function lookupOf(isAllowed: (address: string) => boolean): LookupFunction {
  return (name, options, answer) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      const allowed = error === null ? found.filter(({ address }) => isAllowed(address)) : [];
      const [first] = allowed;
      if (first === undefined) answer(error ?? new Error('no address of it may be asked'), '');
      else if (options.all) answer(null, allowed);
      else answer(null, first.address, first.family);
    });
  };
}
