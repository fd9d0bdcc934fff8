// A status on its way out: as the JSON body of a REST answer, and as the trailers of a gRPC one.
// Source: https://google.aip.dev/193 and google/rpc/status.proto.

import { create, type DescMessage, isMessage, type Message, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { Code } from '../../../gen/google/rpc/code_pb.js';
import { BadRequestSchema, ErrorInfoSchema, HelpSchema } from '../../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../../gen/google/rpc/status_pb.js';
import type { GrpcFailure, WireResponse } from '../../wire/types.ts';
import type { GcpStatus } from './errors.ts';
import { jsonOf } from './message.ts';

/** google/rpc/code.proto gives each code its HTTP status. */
const HTTP_STATUS: Readonly<Record<Code, number>> = {
  [Code.OK]: 200,
  [Code.CANCELLED]: 499,
  [Code.UNKNOWN]: 500,
  [Code.INVALID_ARGUMENT]: 400,
  [Code.DEADLINE_EXCEEDED]: 504,
  [Code.NOT_FOUND]: 404,
  [Code.ALREADY_EXISTS]: 409,
  [Code.PERMISSION_DENIED]: 403,
  [Code.UNAUTHENTICATED]: 401,
  [Code.RESOURCE_EXHAUSTED]: 429,
  [Code.FAILED_PRECONDITION]: 400,
  [Code.ABORTED]: 409,
  [Code.OUT_OF_RANGE]: 400,
  [Code.UNIMPLEMENTED]: 501,
  [Code.INTERNAL]: 500,
  [Code.UNAVAILABLE]: 503,
  [Code.DATA_LOSS]: 500,
};

const SCHEMAS: readonly DescMessage[] = [ErrorInfoSchema, BadRequestSchema, HelpSchema];

export const JSON_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'application/json; charset=UTF-8',
  'x-content-type-options': 'nosniff',
};

function schemaOf(detail: Message): DescMessage {
  const schema = SCHEMAS.find((each) => each.typeName === detail.$typeName);
  if (schema === undefined) throw new TypeError(`${detail.$typeName} is no detail of a status`);
  return schema;
}

/** A value as the text of a body: indented, as Google writes it, or on one line. */
export function jsonText(value: unknown, pretty: boolean): string {
  return pretty ? `${JSON.stringify(value, null, 2)}\n` : JSON.stringify(value);
}

export function statusResponse(status: GcpStatus, pretty: boolean): WireResponse {
  const { code, message, details } = status;
  const error = {
    code: HTTP_STATUS[code],
    message,
    status: Code[code],
    ...(details.length === 0 ? {} : { details: details.map(detailJson) }),
  };
  return {
    status: HTTP_STATUS[code],
    headers: code === Code.UNAUTHENTICATED ? { ...JSON_HEADERS, 'www-authenticate': challenge(status) } : JSON_HEADERS,
    body: jsonText({ error }, pretty),
  };
}

/** RFC 6750 section 3: a request without a credential is told the scheme only. */
function challenge({ details }: GcpStatus): string {
  const realm = 'Bearer realm="https://accounts.google.com/"';
  const missing = details.some(
    (detail) => isMessage(detail, ErrorInfoSchema) && detail.reason === 'CREDENTIALS_MISSING',
  );
  return missing ? realm : `${realm}, error="invalid_token"`;
}

function detailJson(detail: Message): object {
  const json = jsonOf(schemaOf(detail), detail, false) as object;
  return { '@type': `type.googleapis.com/${detail.$typeName}`, ...json };
}

export function statusFailure({ code, message, details }: GcpStatus): GrpcFailure {
  if (details.length === 0) return { ok: false, code, message };
  const packed = details.map((detail) => anyPack(schemaOf(detail), detail));
  const status = create(StatusSchema, { code, message, details: packed });
  return { ok: false, code, message, details: toBinary(StatusSchema, status) };
}
