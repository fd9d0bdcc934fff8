// Every bound of the listener, each with its source. The listener trusts no peer; what is not bounded here is by
// constants in `h1` and `h2`.

export interface WireLimits {
  /** Bytes of one header block, names, values and request line together. */
  readonly headerBytesMax: number;
  /** Header fields of one request. */
  readonly headerCountMax: number;
  /** Bytes of a request target: path, question mark and query. */
  readonly targetBytesMax: number;
  /** Bytes of an HTTP body, as sent and after inflating. */
  readonly bodyBytesMax: number;
  /** Bytes of one gRPC message. */
  readonly messageBytesMax: number;
  /** Bytes of all request bodies held at once, over all connections. */
  readonly bufferedBytesMax: number;
  /** Open connections. */
  readonly connectionsMax: number;
  /** Requests that one HTTP/1.1 connection may have waiting for their answers. */
  readonly pipelinedMax: number;
  /** Streams that one HTTP/2 connection may have open. */
  readonly streamsMax: number;
  /** Bytes of answers that one HTTP/2 connection may have waiting for its peer. */
  readonly sessionBytesMax: number;
  /** Streams that a peer may reset at once, and again each second after that. */
  readonly streamResetsBurst: number;
  readonly streamResetsPerSecond: number;
  /** From accepting a connection to knowing what it speaks. */
  readonly firstBytesMs: number;
  /** From the ClientHello to the end of the TLS handshake. */
  readonly handshakeMs: number;
  /** From the first byte of an HTTP/1.1 request to the end of its headers. */
  readonly headersMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestMs: number;
  /** A connection on which nothing is under way. */
  readonly idleMs: number;
  /** An answer of which the peer takes nothing. */
  readonly stalledMs: number;
  /** How long the rest of a refused body is thrown away, so that the peer can read why. */
  readonly lingerMs: number;
}

const MIB = 1024 * 1024;

export const WIRE_LIMITS: WireLimits = {
  // Node's `--max-http-header-size`, and the hard limit of gRPC (`GRPC_ARG_ABSOLUTE_MAX_METADATA_SIZE`).
  headerBytesMax: 16 * 1024,
  // Apache's `LimitRequestFields`; Google's clients send about fifteen.
  headerCountMax: 100,
  // RFC 9110 section 4.1 asks for at least 8000 octets; nginx and Apache allow 8 KiB.
  targetBytesMax: 8 * 1024,
  // gRPC's limit for a received message, and a little so that JSON around a message of that size fits too.
  bodyBytesMax: 4 * MIB + 64 * 1024,
  // `GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH`, 4 MiB by default.
  messageBytesMax: 4 * MIB,
  // Ours: sixteen bodies of the largest size. Requests of ordinary size never come near it.
  bufferedBytesMax: 64 * MIB,
  // Ours: well below the usual hard limit for open files (a connection takes one).
  connectionsMax: 10_000,
  // Ours: no client of the clouds pipelines; load generators do, in tens.
  pipelinedMax: 128,
  // RFC 9113 section 6.5.2 asks for at least 100; nginx allows 128. A busy gRPC channel has one connection.
  streamsMax: 256,
  // Ours: 256 streams that answer 64 KiB each hold 16 MiB.
  sessionBytesMax: 32 * MIB,
  // nghttp2's own defaults, the answer to "rapid reset" (CVE-2023-44487).
  streamResetsBurst: 1000,
  streamResetsPerSecond: 33,
  // Ours: a browser's spare connection may be dropped, a slow link may not.
  firstBytesMs: 10_000,
  handshakeMs: 10_000,
  // Apache's `RequestReadTimeout` gives headers 20 to 40 seconds and bodies 20 and more.
  headersMs: 20_000,
  requestMs: 60_000,
  // Above the 60 seconds after which the usual load balancers give up an idle connection, so that they close first.
  idleMs: 65_000,
  // nginx's `send_timeout`.
  stalledMs: 60_000,
  // Apache's lingering close takes 2 seconds.
  lingerMs: 2_000,
};

/** How often waits are looked at: fine enough for the shortest of them, and never busy. Milliseconds. */
export function sweepMs(limits: WireLimits): number {
  const { headersMs, requestMs, idleMs, stalledMs, lingerMs } = limits;
  const shortestMs = Math.min(headersMs, requestMs, idleMs, stalledMs, lingerMs);
  return Math.max(10, Math.min(1000, Math.floor(shortestMs / 4)));
}
