// The answer that carries a payload, AccessSecretVersionResponse, written by hand for a fifth of the time: byte for byte
// what the general codec makes of it, which a test holds it to. Where a field is at its default or out of the range that
// a version of ours can have, it answers nothing and the general codec has the word.
// Wire format: https://protobuf.dev/programming-guides/encoding; fields as in service.proto and resources.proto.

import type { Message } from '@bufbuild/protobuf';
import type { AccessSecretVersionResponse } from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';

/** `name` and `SecretPayload.data` are field 1, `payload` is field 2, all three with a length before them. */
const FIELD_1_BYTES = 0x0a;
const FIELD_2_BYTES = 0x12;
/** `SecretPayload.data_crc32c` is field 2, a varint. */
const FIELD_2_VARINT = 0x10;
const CRC_MAX = 0xffffffffn;

interface Parts {
  readonly name: string;
  readonly data: Uint8Array;
  readonly crc32c: number;
}

function partsOf(message: Message): Parts | undefined {
  const { name, payload, $unknown } = message as AccessSecretVersionResponse;
  if (payload === undefined || $unknown !== undefined || payload.$unknown !== undefined) return undefined;
  const { data, dataCrc32c } = payload;
  if (data.length === 0 || dataCrc32c === undefined || dataCrc32c < 0n || dataCrc32c > CRC_MAX) return undefined;
  // In anything but ASCII a character has more bytes than one.
  const isAscii = name !== '' && Buffer.byteLength(name) === name.length;
  return isAscii ? { name, data, crc32c: Number(dataCrc32c) } : undefined;
}

/** The JSON of an answer, ready to send; undefined where the general codec must make it. */
export function accessJson(message: Message, pretty: boolean): string | undefined {
  const parts = partsOf(message);
  if (parts === undefined) return undefined;
  const { data, crc32c } = parts;
  const name = JSON.stringify(parts.name);
  const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  return pretty
    ? `{\n  "name": ${name},\n  "payload": {\n    "data": "${base64}",\n    "dataCrc32c": "${crc32c}"\n  }\n}\n`
    : `{"name":${name},"payload":{"data":"${base64}","dataCrc32c":"${crc32c}"}}`;
}

/** The bytes of an answer; undefined where the general codec must make them. */
export function accessBytes(message: Message): Uint8Array | undefined {
  const parts = partsOf(message);
  if (parts === undefined) return undefined;
  const { name, data, crc32c } = parts;
  const payloadBytes = 1 + varintBytes(data.length) + data.length + 1 + varintBytes(crc32c);
  const bytes = Buffer.allocUnsafe(
    1 + varintBytes(name.length) + name.length + 1 + varintBytes(payloadBytes) + payloadBytes,
  );
  let at = tagged(bytes, 0, FIELD_1_BYTES, name.length);
  at += bytes.write(name, at, 'latin1');
  at = tagged(bytes, at, FIELD_2_BYTES, payloadBytes);
  at = tagged(bytes, at, FIELD_1_BYTES, data.length);
  bytes.set(data, at);
  tagged(bytes, at + data.length, FIELD_2_VARINT, crc32c);
  return bytes;
}

/** Writes a field's tag and a varint, its length or its value; answers where it goes on. */
function tagged(bytes: Buffer, start: number, tag: number, value: number): number {
  let at = start;
  bytes[at++] = tag;
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 128)) bytes[at++] = (left % 128) | 0x80;
  bytes[at++] = left;
  return at;
}

function varintBytes(value: number): number {
  let count = 1;
  for (let left = value; left > 0x7f; left = Math.floor(left / 128)) count++;
  return count;
}
