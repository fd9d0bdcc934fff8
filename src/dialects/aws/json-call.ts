// A call of JSON 1.1: the operation in `X-Amz-Target`, members in a JSON object. Source: Smithy, "AWS JSON 1.1 protocol".

import type { WireRequest } from '../../wire/types.ts';
import { findTarget } from './actions.ts';
import { AwsError, encodeError, headersOf } from './errors.ts';
import { member, parseBody } from './json.ts';
import { type Asked, OPERATION_CHARS_MAX, PATHS } from './protocol.ts';

const TYPE = /^application\/x-amz-json-1\.[01] *(?:;|$)/i;
const RESOURCE_CHARS_MAX = 256;

/** What a request asks for by its target; nothing else than one form of a call is taken. */
export function jsonCall({ method, path, headers, body }: WireRequest): Asked {
  const { service, operation, action } = findTarget(headers['x-amz-target'] ?? '');
  const isCall = method === 'POST' && PATHS.has(path) && TYPE.test(headers['content-type'] ?? '');
  return {
    ...(service === undefined ? {} : { service }),
    ...(service?.explain === undefined ? {} : { explain: service.explain }),
    operation,
    understood: () => {
      if (action !== undefined && isCall) return { action, input: parseBody(body) };
      const name = operation.slice(0, OPERATION_CHARS_MAX);
      throw new AwsError('UnknownOperationException', `${name} is no operation of this service.`);
    },
    resource: ({ input }) => {
      const id = member(input, 'SecretId') ?? member(input, 'KeyId');
      return typeof id === 'string' ? id.slice(0, RESOURCE_CHARS_MAX) : '*';
    },
    encode: (result, id) => ({ status: 200, headers: headersOf(id), body: JSON.stringify(result) }),
    encodeError,
  };
}
