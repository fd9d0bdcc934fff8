// Where the names of `--host` are answered: a TLS port on loopback with a certificate of this run's own, since the server's
// authority signs for no name but its own. What comes goes on to the server, by TLS where its address says so. The
// authority lives as long as the run, in memory, and nobody but the child trusts it.

import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { type Connection, trust } from '../client/client.ts';
import { isOwnPeer } from '../client/socket-owner.ts';
import { CONNECTIONS_MAX, open, type Port, splice, type Target } from '../proxy/connect.ts';
import { dial, dialTls } from '../proxy/tunnel.ts';
import type { Host } from './hosts.ts';

const HANDSHAKE_MS_MAX = 30_000;
const DAY_MS: number = 24 * 3_600_000;
/** Under what clients take at most (CA/Browser Forum Baseline Requirements 6.3.2); no run is meant to last longer. */
const LIFETIME_MS: number = 390 * DAY_MS;

export interface HostPort extends Port {
  /** Of the authority, in PEM. */
  readonly certificate: string;
}

/** Starts it on a free port. `target` is the server's own port. */
export async function startHostPort(hosts: readonly Host[], connection: Connection, target: Target): Promise<HostPort> {
  const { authority, ...secured } = await certify(hosts);
  const server = createServer({
    ...secured,
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: HANDSHAKE_MS_MAX,
    allowHalfOpen: true,
    noDelay: true,
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connection', (socket: Socket) => {
    if (!isOwnPeer(socket)) socket.destroy();
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('secureConnection', (client) => {
    client.on('error', () => client.destroy());
    onward(connection, target, client.alpnProtocol).then(
      (upstream) => splice(client, upstream),
      () => client.destroy(),
    );
  });
  return { ...(await open(server, 0)), certificate: authority };
}

/** A connection to the server itself, which tells HTTP/2 by its first bytes where there is no TLS to say so. */
function onward(connection: Connection, { host, port }: Target, alpn: string | false | null): Promise<Socket> {
  if (!connection.address.startsWith('https:')) return dial(host, port);
  return dialTls({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: [alpn || 'http/1.1'],
    ...trust(connection),
  });
}

async function certify(hosts: readonly Host[]) {
  const { makeAuthority, makeLeaf } = await import('../crypto/certificate.ts');
  const notBefore = Date.now() - DAY_MS;
  const validity = { notBefore, notAfter: notBefore + LIFETIME_MS };
  const made = await makeAuthority(randomBytes(4).toString('hex'), validity);
  const issuer = createPrivateKey({ key: Buffer.from(made.key), format: 'der', type: 'pkcs8' });
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = [...new Set(hosts.map(({ name }) => name))];
  const cert = await makeLeaf({ certificate: made.certificate, key: issuer }, key, names, validity);
  const body = Buffer.from(made.certificate).toString('base64').replace(/.{64}/g, '$&\n');
  const authority = `-----BEGIN CERTIFICATE-----\n${body.trimEnd()}\n-----END CERTIFICATE-----\n`;
  return { authority, cert, key: key.export({ type: 'pkcs8', format: 'pem' }) };
}
