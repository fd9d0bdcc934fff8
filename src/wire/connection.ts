// What a connection is for all its requests: who is at the other end, whether TLS protects it, what is under way on it.
// Made once, so that no request asks the kernel for it again.

import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { Refusal } from './refusal.ts';
import type { Peer } from './types.ts';

export interface Connection {
  readonly peer: Peer;
  readonly secure: boolean;
  /** Requests under way. */
  open: number;
  /** Told, once, when none is under way any more. */
  whenIdle: (() => void) | undefined;
  /** Of HTTP/1.1: the last request that has a body; it can be refused while it `isReading`. */
  reading: { readonly isReading: boolean; refuse(refusal: Refusal): void } | undefined;
}

const known = new WeakMap<object, Connection>();

type PeerSocket = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/** The connection that a socket is. */
export function connectionTo(socket: PeerSocket, secure: boolean): Connection {
  return { peer: peerOf(socket), secure, open: 0, whenIdle: undefined, reading: undefined };
}

/** Remembers the connection of `owner`, for `connectionOf`. */
export function remember(owner: object, socket: PeerSocket, secure: boolean): Connection {
  const connection = connectionTo(socket, secure);
  known.set(owner, connection);
  return connection;
}

/** The connection of a socket; one that nobody remembered belongs to nobody. */
export function connectionOf(owner: object): Connection {
  return known.get(owner) ?? remember(owner, {} as Socket, false);
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
