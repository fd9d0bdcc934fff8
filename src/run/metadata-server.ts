// Google's metadata server for one run, on a loopback port of its own: it hands out the run's tokens, so it refuses
// everybody it can tell from the child. No `Metadata-Flavor` header (a browser or a redirected fetch cannot set it),
// an `X-Forwarded-For` (a proxy), a foreign Host (DNS rebinding) or a peer of another user: 403.

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { isOwnPeer } from '../client/socket-owner.ts';
import type { Identity, IdentityContext, RunningIdentity } from './identity.ts';
import { type MetadataReply, MetadataTree, text } from './metadata-tree.ts';

const PREFIX = '/computeMetadata/v1';
/** The names under which Google's own server is asked; a run's is asked by address. */
const METADATA_NAMES = new Set([
  'metadata.google.internal',
  'metadata.google.internal.',
  'metadata',
  '169.254.169.254',
]);
const CONNECTIONS_MAX = 256;
const HEADER_BYTES_MAX = 16 * 1024;
const REQUEST_MS_MAX = 30_000;
const KEEP_ALIVE_MS = 60_000;

export const googleIdentity: Identity = { name: 'google', start: startMetadataServer };

/** Starts the server; `env` is what points Google's libraries and gcloud at it. */
async function startMetadataServer(context: IdentityContext): Promise<RunningIdentity> {
  const server = createMetadataServer(new MetadataTree(context, randomBytes(16).toString('hex')));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    env: { GCE_METADATA_HOST: address, GCE_METADATA_IP: address, GCE_METADATA_ROOT: address },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The server alone, not listening yet. `isAllowedPeer` is asked once a connection. */
export function createMetadataServer(
  tree: MetadataTree,
  isAllowedPeer: (socket: Socket) => boolean = isOwnPeer,
): Server {
  const strangers = new WeakSet<Socket>();
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: REQUEST_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connection', (socket) => {
    if (!isAllowedPeer(socket)) strangers.add(socket);
  });
  server.on('request', (request, response) => {
    const refused = strangers.has(request.socket)
      ? text(403, 'this metadata server serves another user\n')
      : refusal(request);
    const reply = refused === undefined ? answer(tree, request) : Promise.resolve(refused);
    reply.then(
      (known) => send(request, response, known),
      () => send(request, response, text(503, 'no token can be had from the Coffer server: see its log\n')),
    );
  });
  return server;
}

function refusal(request: IncomingMessage): MetadataReply | undefined {
  const { headers } = request;
  if (headers['metadata-flavor'] !== 'Google') return text(403, 'missing Metadata-Flavor: Google header\n');
  if (headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined) {
    return text(403, 'forwarded requests are not served\n');
  }
  const hosts = request.headersDistinct['host'] ?? [];
  if (hosts.length !== 1 || !isOwnHost(hosts[0] as string, request.socket.localPort)) {
    return text(403, 'the Host header does not name this metadata server\n');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'only GET and HEAD are served\n');
  return undefined;
}

function isOwnHost(header: string, port: number | undefined): boolean {
  const found = /^([^:]+)(?::(\d+))?$/.exec(header.toLowerCase());
  if (found === null) return false;
  const [, name, given] = found as unknown as [string, string, string | undefined];
  if (METADATA_NAMES.has(name)) return given === undefined || given === '80' || given === String(port);
  return (name === '127.0.0.1' || name === 'localhost') && given === String(port);
}

async function answer(tree: MetadataTree, request: IncomingMessage): Promise<MetadataReply> {
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  if (path === '/') return text(200, 'computeMetadata/\n');
  if (path === '/computeMetadata' || path === '/computeMetadata/') return text(200, 'v1/\n');
  if (path !== PREFIX && !path.startsWith(`${PREFIX}/`)) return text(404, 'not found\n');
  const rest = path.slice(PREFIX.length).replace(/^\//, '').replace(/\/$/, '');
  try {
    const parts = rest === '' ? [] : rest.split('/').map(decodeURIComponent);
    return await tree.find({ parts, query: new URLSearchParams(query) });
  } catch (error) {
    if (error instanceof URIError) return text(404, 'not found\n');
    throw error;
  }
}

function send(request: IncomingMessage, response: ServerResponse, reply: MetadataReply): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, {
    'metadata-flavor': 'Google',
    server: 'Metadata Server for VM',
    'content-type': reply.contentType,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // A refused request may have a body that nobody reads.
    ...(reply.status === 403 || reply.status === 405 ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
