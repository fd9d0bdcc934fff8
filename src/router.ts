// Which dialect a request is for. The order is the design's: a host that is a cloud's, the server's own paths, then
// what only one dialect can mean. Nothing is configured.

import type { Dialect, GrpcRequest, GrpcResponse, RequestHead, WireHandler, WireResponse } from './wire/types.ts';

const GRPC_UNIMPLEMENTED = 12;

export interface RouterOptions {
  /** Asked in this order. */
  readonly dialects: readonly Dialect[];
  /** Whether the server answers requests: it is neither starting, nor sealed, nor draining. */
  ready(): boolean;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createRouter({ dialects, ready, metrics }: RouterOptions): WireHandler {
  let asked: { readonly host: string; readonly owner: Dialect | undefined } | undefined;
  const byHost = ({ host }: RequestHead) => {
    // Most requests are for the host of the one before.
    if (asked?.host !== host) asked = { host, owner: dialects.find((dialect) => dialect.ownsHost(host)) };
    return asked.owner;
  };
  const byHead = (head: RequestHead) => dialects.find((dialect) => dialect.claims(head));
  return {
    http: (request) => {
      const owner = byHost(request);
      if (owner !== undefined) return owner.http(request);
      if (request.path === '/healthz') return text(200, 'ok\n');
      if (request.path === '/readyz') return ready() ? text(200, 'ready\n') : text(503, 'not ready\n');
      if (request.path === '/metrics') return exposition(metrics());
      return byHead(request)?.http(request) ?? text(404, 'no API of this server has this path\n');
    },
    grpc: (request: GrpcRequest): GrpcResponse | Promise<GrpcResponse> =>
      (byHost(request) ?? byHead(request))?.grpc(request) ?? {
        ok: false,
        code: GRPC_UNIMPLEMENTED,
        message: 'unknown service',
      },
  };
}

async function exposition(rendered: ReturnType<RouterOptions['metrics']>): Promise<WireResponse> {
  const { contentType, text: body } = await rendered;
  return { status: 200, headers: { 'content-type': contentType }, body };
}

function text(status: number, body: string): WireResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}
