// The small encodings of gRPC over HTTP/2 as pure functions: grpc/grpc `doc/PROTOCOL-HTTP2.md`.

/** Bytes before each message: a flag for compression and the length, big-endian. */
export const FRAME_HEADER_BYTES = 5;

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000001 };
const TIMEOUT = /^([0-9]{1,8})([HMSmun])$/;
const PLAIN_MESSAGE = /^[\x20-\x24\x26-\x7e]*$/;

/** Reads a `grpc-timeout`. Milliseconds, or NaN where it is not valid. */
export function timeoutMs(value: string): number {
  const match = TIMEOUT.exec(value);
  return match === null ? Number.NaN : Number(match[1]) * (UNIT_MS[match[2] as string] as number);
}

/** Percent-encodes a `grpc-message`: of its UTF-8 only bytes outside 0x20 to 0x7E, and the percent sign. */
export function encodeStatusMessage(message: string): string {
  if (PLAIN_MESSAGE.test(message)) return message;
  let encoded = '';
  for (const byte of Buffer.from(message, 'utf8')) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** The value of a `-bin` header: base64, whose padding gRPC leaves out. */
export function encodeBinary(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64').replace(/=+$/, '');
}

/** One uncompressed message with its frame header. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(FRAME_HEADER_BYTES + message.byteLength);
  framed[0] = 0;
  framed.writeUInt32BE(message.byteLength, 1);
  framed.set(message, FRAME_HEADER_BYTES);
  return framed;
}
