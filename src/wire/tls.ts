// TLS in front of HTTP: certificates chosen by the name that the client asks for, h2 or http/1.1 by ALPN (RFC 7301).
// Certificates come from outside on each handshake, so that they can be renewed while connections are open.

import type { Socket } from 'node:net';
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import type { WireLimits } from './limits.ts';

/** A certificate chain, leaf first, and its private key, both PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface TlsOptions {
  /**
   * The certificate for a name (lower case, as in SNI), or for clients that send none, as all do that connect to an
   * address. Answer the same object while it is the same certificate: what Node makes of it is kept with the object.
   */
  certificateFor(servername: string | undefined): Certificate | Promise<Certificate>;
}

export interface TlsFront {
  /** Begins the handshake on a socket whose first bytes were put back. */
  accept(socket: Socket): void;
}

/** RFC 5246 is the oldest version that Google's clients still speak; TLS 1.0 and 1.1 are out by RFC 8996. */
const VERSION_MIN = 'TLSv1.2';
const ALERT_LEVEL_FATAL = 2;
const ALERT_HANDSHAKE_FAILURE = 40;
/** A TLS record that says "handshake failure" (RFC 5246 section 7.2), for a listener without certificates. */
export const HANDSHAKE_FAILURE: Uint8Array = Uint8Array.of(21, 3, 1, 0, 2, ALERT_LEVEL_FATAL, ALERT_HANDSHAKE_FAILURE);

/** RFC 6066 section 3 without the closing dot; what is not a host name gets the certificate of the nameless. */
const SERVERNAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;
const SERVERNAME_CHARS_MAX = 253;

export interface TlsEvents {
  /** The handshake begins: from here on TLS bounds the time of this socket. */
  begun(socket: Socket): void;
  /** The handshake is done. */
  secured(socket: TLSSocket): void;
  /** A certificate could not be had. What a peer does wrong is not told. */
  failed(error: unknown): void;
}

/** Makes the TLS side of a listener. */
export function tlsFront(options: TlsOptions, limits: WireLimits, events: TlsEvents): TlsFront {
  const contexts = new WeakMap<Certificate, SecureContext>();
  let nameless: Certificate | undefined;
  const contextOf = (certificate: Certificate): SecureContext => {
    const known = contexts.get(certificate) ?? createSecureContext(secured(certificate));
    contexts.set(certificate, known);
    return known;
  };
  const server = createServer({
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: limits.handshakeMs,
    minVersion: VERSION_MIN,
    // Asked of everybody and demanded of nobody: only a login by certificate looks at what came.
    requestCert: true,
    rejectUnauthorized: false,
    SNICallback: (name, done) => {
      const servername = name.toLowerCase();
      // Without a context Node goes on with that of the nameless.
      if (servername.length > SERVERNAME_CHARS_MAX || !SERVERNAME.test(servername)) return done(null);
      withCertificate(
        options,
        servername,
        (certificate) => done(null, contextOf(certificate)),
        (error) => {
          events.failed(error);
          done(new Error('no certificate for this name'));
        },
      );
    },
  });
  server.on('secureConnection', events.secured);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const accept = (socket: Socket): void => {
    const begin = (certificate: Certificate): void => {
      if (certificate !== nameless) server.setSecureContext(secured(certificate));
      nameless = certificate;
      if (socket.destroyed) return;
      events.begun(socket);
      server.emit('connection', socket);
    };
    withCertificate(options, undefined, begin, (error) => {
      events.failed(error);
      socket.end(HANDSHAKE_FAILURE);
    });
  };
  return { accept };
}

function secured({ cert, key }: Certificate): SecureContextOptions {
  return { cert, key, minVersion: VERSION_MIN };
}

/** Calls `use` with the certificate for a name, in this turn where it is there at once. */
function withCertificate(
  options: TlsOptions,
  servername: string | undefined,
  use: (certificate: Certificate) => void,
  failed: (error: unknown) => void,
): void {
  try {
    const certificate = options.certificateFor(servername);
    if (certificate instanceof Promise) certificate.then(use).catch(failed);
    else use(certificate);
  } catch (error) {
    failed(error);
  }
}
