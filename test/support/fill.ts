// Many secrets and versions in a short time: requests at once on kept connections, with only what a request needs.

import { Agent, request } from 'node:http';
import type { Api } from './api.ts';
import type { RunningServer } from './start.ts';

const AT_ONCE = 32;

/** Sends POST requests, many at a time; rejects at the first that fails. */
export async function postAll(
  server: Pick<RunningServer, 'address'>,
  { token }: Pick<Api, 'token'>,
  requests: Iterable<{ readonly path: string; readonly body: object }>,
): Promise<void> {
  const { hostname, port } = new URL(server.address);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const post = (path: string, body: object): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const sent = request({ agent, hostname, port, method: 'POST', path, headers }, (response) => {
        response.resume();
        response.once('end', () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`POST ${path}: ${response.statusCode}`));
        });
      });
      sent.once('error', reject);
      sent.end(JSON.stringify(body));
    });
  const queue = requests[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) await post(next.value.path, next.value.body);
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    agent.destroy();
  }
}
