// Tells sockets apart by their first bytes, TLS, HTTP/2 without TLS and HTTP/1.1, and hands each to a server of that
// protocol. A socket is bounded in time from its first moment.

import type { Socket } from 'node:net';
import type { WireContext } from './context.ts';
import { Http1Front } from './http1.ts';
import { Http2Front } from './http2.ts';
import { HANDSHAKE_FAILURE, type TlsFront, type TlsOptions, tlsFront } from './tls.ts';

/** `PRI * HTTP/2.0`, the preface of HTTP/2 (RFC 9113 section 3.4), as far as no HTTP/1.1 method begins so. */
const H2_PREFACE = Buffer.from('PRI ');
/** The first byte of a TLS record that holds a handshake (RFC 8446 section 5.1). */
const TLS_HANDSHAKE = 0x16;

/** All connections of one listener. */
export class Front {
  /** Every open connection. */
  readonly sockets: Set<Socket> = new Set();
  /** Those of which we do not know yet what they speak, or that wait for a certificate. */
  readonly unsettled: Set<Socket> = new Set();
  readonly http1: Http1Front;
  readonly http2: Http2Front;
  readonly #context: WireContext;
  readonly #tls: TlsFront | undefined;

  constructor(context: WireContext, tls: TlsOptions | undefined) {
    this.#context = context;
    this.http1 = new Http1Front(context);
    this.http2 = new Http2Front(context);
    if (tls === undefined) return;
    this.#tls = tlsFront(tls, context.limits, {
      begun: (socket) => this.#settled(socket),
      secured: (socket) => this.#handOver(socket, socket.alpnProtocol === 'h2', true),
      failed: context.onError,
    });
  }

  accept(socket: Socket): void {
    this.sockets.add(socket);
    this.unsettled.add(socket);
    // What a peer does to its socket is no failure of ours; 'close' follows and cleans up.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.unsettled.delete(socket);
    });
    socket.setTimeout(this.#context.limits.firstBytesMs, () => {
      if (this.unsettled.has(socket)) socket.destroy();
    });
    this.#look(socket, undefined);
  }

  /** Waits for bytes until they tell the protocol; at most four are needed. */
  #look(socket: Socket, before: Buffer | undefined): void {
    socket.once('data', (chunk: Buffer) => {
      const seen = before === undefined ? chunk : Buffer.concat([before, chunk]);
      const compared = Math.min(seen.length, H2_PREFACE.length);
      const isPreface = seen.subarray(0, compared).equals(H2_PREFACE.subarray(0, compared));
      if (isPreface && compared < H2_PREFACE.length) return this.#look(socket, seen);
      if (seen[0] === TLS_HANDSHAKE && this.#tls === undefined) return void socket.end(HANDSHAKE_FAILURE);
      // The next owner finds the bytes in the socket's buffer.
      socket.pause();
      socket.unshift(seen);
      if (seen[0] === TLS_HANDSHAKE) return this.#tls?.accept(socket);
      this.#settled(socket);
      this.#handOver(socket, isPreface, false);
    });
  }

  /** Ends our own wait; the next owner has its own. */
  #settled(socket: Socket): void {
    this.unsettled.delete(socket);
    socket.setTimeout(0);
  }

  #handOver(socket: Socket, isH2: boolean, secure: boolean): void {
    if (this.#context.load.draining) return void socket.destroy();
    if (isH2) return this.http2.accept(socket, secure);
    this.http1.accept(socket, secure);
  }
}
