// GitHub's API as far as a login asks it, over a real socket on loopback; what it answers, and what it was asked, is the
// test's.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeGithub {
  readonly url: string;
  readonly asked: IncomingMessage[];
  stop(): void;
}

/** `answer` gives what is sent as JSON; undefined where it has answered itself. */
export async function startGithub(
  answer: (path: string, request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<FakeGithub> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    const value = answer(request.url ?? '', request, response);
    if (value !== undefined) response.end(JSON.stringify(value));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
