// What a connection is for all its requests: who is at the other end, whether TLS protects it, what is under way on it.
// Made once, so that no request asks the kernel for it again.

import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { Peer } from './types.ts';

export interface Connection {
  readonly peer: Peer;
  readonly secure: boolean;
  /** Requests under way. */
  open: number;
}

type PeerSocket = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/** The connection that a socket is. */
export function connectionTo(socket: PeerSocket, secure: boolean): Connection {
  return { peer: peerOf(socket), secure, open: 0 };
}

function peerOf(socket: PeerSocket): Peer {
  const address = socket.remoteAddress ?? '';
  // A socket that listens on `::` sees IPv4 peers in their mapped form (RFC 4291 section 2.5.5.2).
  return {
    address: address.startsWith('::ffff:') ? address.slice(7) : address,
    port: socket.remotePort ?? 0,
    ...(socket instanceof TLSSocket ? { certificates: () => certificatesOf(socket) } : {}),
  };
}

/** Ours: more than any chain that means well. */
const CERTIFICATES_MAX = 10;

/** In a resumed session a peer's own certificate alone is known. */
function certificatesOf(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  const seen = new Set<string>();
  let each: Partial<DetailedPeerCertificate> | null = socket.getPeerCertificate(true);
  while (each?.raw !== undefined && chain.length < CERTIFICATES_MAX && !seen.has(each.fingerprint256 ?? '')) {
    chain.push(each.raw);
    seen.add(each.fingerprint256 ?? '');
    each = each.issuerCertificate ?? null;
  }
  return chain;
}
