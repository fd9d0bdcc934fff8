// What passes between the listener and a dialect: bytes, names and addresses, nothing of ours.
// The listener knows neither secrets nor dialects; a dialect never sees a socket.

/** Header names are lower case; a header sent twice is joined with ", " except `cookie`. */
export type Headers = Readonly<Record<string, string | undefined>>;

export interface Peer {
  readonly address: string;
  readonly port: number;
  /** The certificates that it presented over TLS, in DER, its own first. Nothing of them was judged but its possession of the key. */
  certificates?(): readonly Uint8Array[];
}

/** A request before its body was read: what routing may look at. */
export interface RequestHead {
  /** Random, printable; answered in a header and written to the log and the audit record. */
  readonly id: string;
  readonly protocol: 'http/1.1' | 'h2';
  readonly secure: boolean;
  readonly method: string;
  /** Host or :authority, lower case, without its port. */
  readonly host: string;
  /** Path as sent, not decoded, without the query. */
  readonly path: string;
  /** Query as sent, without the question mark. */
  readonly query: string;
  readonly headers: Headers;
  readonly peer: Peer;
}

export interface WireRequest extends RequestHead {
  readonly body: Uint8Array;
}

export interface WireResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** One unary call. `path` is `/package.Service/Method`. */
export interface GrpcRequest extends RequestHead {
  readonly service: string;
  readonly rpc: string;
  readonly message: Uint8Array;
}

/** A gRPC status code as numbered in grpc/grpc `doc/statuscodes.md`. */
export interface GrpcFailure {
  readonly ok: false;
  readonly code: number;
  readonly message: string;
  /** A serialised google.rpc.Status for `grpc-status-details-bin`. */
  readonly details?: Uint8Array;
}

export type GrpcResponse = { readonly ok: true; readonly message: Uint8Array } | GrpcFailure;

export interface WireHandler {
  http(request: WireRequest): WireResponse | Promise<WireResponse>;
  grpc(request: GrpcRequest): GrpcResponse | Promise<GrpcResponse>;
}

/**
 * A wire API that somebody else defined, translated to and from `ops`. The router asks in the order of the
 * composition root: first by host, then by the head of the request.
 */
export interface Dialect extends WireHandler {
  readonly name: string;
  /** True where `host` is one of the names under which the cloud serves this API. */
  ownsHost(host: string): boolean;
  /** True where the method, path or headers can only be this dialect's. */
  claims(head: RequestHead): boolean;
}
