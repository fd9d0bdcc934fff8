// Lambda's Invoke API on loopback for tests: what it is asked for is kept, and what a function does is the test's.

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Invocation {
  readonly arn: string;
  readonly step: string;
  readonly secretId: string;
  readonly token: string;
}

export interface LambdaStandIn {
  readonly endpoint: string;
  readonly invocations: Invocation[];
  /** How often somebody asked whether a function is there. */
  readonly lookUps: number;
  close(): void;
}

/** How a function ends: with a text, as an error of its own, or however the test answers the request. */
export type Ending = string | Error | ((response: ServerResponse) => void);

/** Functions whose names begin with `missing` are not there. */
export async function startLambda(
  run: (invocation: Invocation) => Promise<Ending | undefined> | Ending | undefined,
): Promise<LambdaStandIn> {
  const invocations: Invocation[] = [];
  let lookUps = 0;
  const server = createServer(async (request, response) => {
    const [, path = '', invoke] = /^\/2015-03-31\/functions\/([^/]+)(\/invocations)?$/.exec(request.url ?? '') ?? [];
    const arn = decodeURIComponent(path);
    if (invoke === undefined) lookUps += 1;
    if (/:function:missing/.test(arn)) return response.writeHead(404).end('{}');
    if (invoke === undefined) return response.end('{}');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { Step, SecretId, ClientRequestToken } = JSON.parse(Buffer.concat(chunks).toString());
    const invocation = { arn, step: Step, secretId: SecretId, token: ClientRequestToken };
    invocations.push(invocation);
    const ending = await Promise.resolve()
      .then(() => run(invocation))
      .catch((error: Error) => error);
    if (typeof ending === 'function') return ending(response);
    if (ending instanceof Error) response.setHeader('x-amz-function-error', 'Unhandled');
    response.end(JSON.stringify(ending instanceof Error ? { errorMessage: ending.message } : (ending ?? null)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    invocations,
    get lookUps() {
      return lookUps;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
