// The run's own ports on loopback, for its child only: the CONNECT proxy, with a random user and password compared in
// constant time, and the TLS port to which the Node hook leads owned names.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:net';
import { isOwnPeer } from '../client/socket-owner.ts';
import { CONNECTIONS_MAX, open, type Port, splice, startConnectProxy, type Target } from '../proxy/connect.ts';
import { dial } from '../proxy/tunnel.ts';
import type { Route } from '../proxy/upstream.ts';

export interface ProxyOptions {
  /** Where a name is served in place of the world's. */
  readonly target: (host: string, port: number) => Target | undefined;
  /** How all other names are reached. */
  readonly route: (host: string, port: number) => Route;
}

export interface RunningProxy extends Port {
  /** Proxy URL with this run's user and password: only for the child's environment. */
  readonly url: string;
}

/** Starts the CONNECT proxy on a free loopback port. */
export async function startProxy({ target, route }: ProxyOptions): Promise<RunningProxy> {
  const user = `run-${randomBytes(4).toString('hex')}`;
  const password = randomBytes(24).toString('base64url');
  const expected = digest(`Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`);
  const allows = (authorization: string) => timingSafeEqual(digest(authorization), expected);
  const running = await startConnectProxy({ name: 'coffer run', target, route, allows, port: 0 });
  return { ...running, url: `http://${user}:${password}@127.0.0.1:${running.port}` };
}

/**
 * Starts the port to which the Node hook leads owned names: everything goes to the Coffer server as it is. It has no
 * password, so it serves processes of this user only.
 */
export function startTlsPort(target: Target): Promise<Port> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connection', (client) => {
    client.on('error', () => client.destroy());
    if (!isOwnPeer(client)) {
      client.destroy();
      return;
    }
    dial(target.host, target.port).then(
      (upstream) => splice(client, upstream),
      () => client.destroy(),
    );
  });
  return open(server, 0);
}

/** Equal length for a comparison in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
