// The numbers of HTTP/2: frames, flags, settings and error codes (RFC 9113 sections 4, 6 and 7), and the failure that
// ends a connection.

/** Length, type, flags and stream of each frame (section 4.1). */
export const FRAME_HEAD_BYTES = 9;
/** The payload of one frame: what every peer accepts, and all that we accept (section 4.2). */
export const FRAME_BYTES_MAX = 16_384;
/** Of a flow-control window (section 6.9.1). */
export const WINDOW_BYTES_MAX = 0x7fff_ffff;
/** Of each window before anybody said otherwise (section 6.9.2). */
export const WINDOW_BYTES_INITIAL = 65_535;

/** Frame types (section 6). */
export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

/** Flags; what each means depends on the type. */
export const ACK = 0x01;
export const END_STREAM = 0x01;
export const END_HEADERS = 0x04;
export const PADDED = 0x08;
export const PRIORITIZED = 0x20;

/** Settings (section 6.5.2). */
export const SETTINGS_ENABLE_PUSH = 2;
export const SETTINGS_MAX_CONCURRENT_STREAMS = 3;
export const SETTINGS_INITIAL_WINDOW_SIZE = 4;
export const SETTINGS_MAX_FRAME_SIZE = 5;
export const SETTINGS_MAX_HEADER_LIST_SIZE = 6;

/** Error codes (section 7). */
export const NO_ERROR = 0;
export const PROTOCOL_ERROR = 1;
export const INTERNAL_ERROR = 2;
export const FLOW_CONTROL_ERROR = 3;
export const STREAM_CLOSED = 5;
export const FRAME_SIZE_ERROR = 6;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const COMPRESSION_ERROR = 9;
export const ENHANCE_YOUR_CALM = 11;

/** What the peer did ends the whole connection (section 5.4.1). */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Writes the head of a frame at `at`; returns where its payload begins. */
export function writeFrameHead(
  to: Uint8Array,
  at: number,
  payloadBytes: number,
  type: number,
  flags: number,
  stream: number,
): number {
  to[at] = payloadBytes >>> 16;
  to[at + 1] = payloadBytes >>> 8;
  to[at + 2] = payloadBytes;
  to[at + 3] = type;
  to[at + 4] = flags;
  writeUint32(to, at + 5, stream);
  return at + FRAME_HEAD_BYTES;
}

/** Writes four bytes, big-endian. */
export function writeUint32(to: Uint8Array, at: number, value: number): void {
  to[at] = value >>> 24;
  to[at + 1] = value >>> 16;
  to[at + 2] = value >>> 8;
  to[at + 3] = value;
}

/** Reads four bytes without the first bit, which is reserved wherever HTTP/2 has a number of 31 bits. */
export function readUint31(from: Uint8Array, at: number): number {
  return (
    (((from[at] as number) & 0x7f) << 24) |
    ((from[at + 1] as number) << 16) |
    ((from[at + 2] as number) << 8) |
    (from[at + 3] as number)
  );
}

/** Reads four bytes. */
export function readUint32(from: Uint8Array, at: number): number {
  return ((from[at] as number) & 0x80) * 2 ** 24 + readUint31(from, at);
}

/** A whole frame whose payload is a few numbers of four bytes. */
export function numbersFrame(type: number, stream: number, ...numbers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + 4 * numbers.length);
  let at = writeFrameHead(bytes, 0, 4 * numbers.length, type, 0, stream);
  for (const number of numbers) {
    writeUint32(bytes, at, number);
    at += 4;
  }
  return bytes;
}
