// Google's metadata server for one run, on a loopback port of its own: it hands out the run's tokens, so it refuses
// everybody it can tell from the child. No `Metadata-Flavor` header (a browser or a redirected fetch cannot set it),
// an `X-Forwarded-For` (a proxy), a foreign Host (DNS rebinding) or a peer of another user: 403.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Identity, IdentityContext, RunningIdentity } from './identity.ts';
import { type MetadataReply, MetadataTree, text } from './metadata-tree.ts';
import { createOwnServer, type IsAllowedPeer, listenOnLoopback } from './own-server.ts';

const PREFIX = '/computeMetadata/v1';
/** The names under which Google's own server is asked; a run's is asked by address. */
const METADATA_NAMES = new Set([
  'metadata.google.internal',
  'metadata.google.internal.',
  'metadata',
  '169.254.169.254',
]);

export const googleIdentity: Identity = { name: 'google', start: startMetadataServer };

/** Starts the server; `env` is what points Google's libraries and gcloud at it. */
async function startMetadataServer(context: IdentityContext): Promise<RunningIdentity> {
  const server = createMetadataServer(new MetadataTree(context, randomBytes(16).toString('hex')));
  const { address, stop } = await listenOnLoopback(server);
  return { env: { GCE_METADATA_HOST: address, GCE_METADATA_IP: address, GCE_METADATA_ROOT: address }, stop };
}

/** The server alone, not listening yet. `isAllowedPeer` is asked once a connection. */
export function createMetadataServer(tree: MetadataTree, isAllowedPeer?: IsAllowedPeer): Server {
  return createOwnServer((request, response, isStranger) => {
    const refused = isStranger ? text(403, 'this metadata server serves another user\n') : refusal(request);
    const reply = refused === undefined ? answer(tree, request) : Promise.resolve(refused);
    reply.then(
      (known) => send(request, response, known),
      () => send(request, response, text(503, 'no token can be had from the Coffer server: see its log\n')),
    );
  }, isAllowedPeer);
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
