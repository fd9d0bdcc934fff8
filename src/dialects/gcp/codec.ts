// How the messages of one type are answered: as protobuf's bytes and as its JSON. What is answered most has a codec of
// its own, written by hand; all else goes by the descriptors.

import { type DescMessage, type Message, toBinary } from '@bufbuild/protobuf';
import { AccessSecretVersionResponseSchema } from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { accessBytes, accessJson } from './access-codec.ts';
import { jsonOf } from './message.ts';
import type { SystemParameters } from './query.ts';
import { jsonText } from './status.ts';

export interface Codec {
  bytes(message: Message): Uint8Array;
  /** The text of a body. */
  json(message: Message, system: SystemParameters): string;
}

const BY_HAND: ReadonlyMap<DescMessage, (general: Codec) => Codec> = new Map([
  [
    AccessSecretVersionResponseSchema,
    (general: Codec): Codec => ({
      bytes: (message) => accessBytes(message) ?? general.bytes(message),
      json: (message, system) => accessJson(message, system.pretty) ?? general.json(message, system),
    }),
  ],
]);

/** The codec of a type of message. */
export function codecOf(schema: DescMessage): Codec {
  const general = generalCodec(schema);
  return BY_HAND.get(schema)?.(general) ?? general;
}

/** By the descriptor. */
export function generalCodec(schema: DescMessage): Codec {
  return {
    bytes: (message) => toBinary(schema, message),
    json: (message, system) => jsonText(jsonOf(schema, message, system.enumAsInteger), system.pretty),
  };
}
