// A call of the query protocol, as STS has it: members in a form or, of a signed address, in the query; answers in XML. The
// front end's errors have other names and statuses there. Source: Smithy, "AWS query protocol"; STS, "Common Errors".

import type { WireRequest, WireResponse } from '../../wire/types.ts';
import { AwsError } from './errors.ts';
import type { Json } from './json.ts';
import { type Asked, OPERATION_CHARS_MAX, PATHS } from './protocol.ts';
import { OPEN_STS_ACTIONS, STS, STS_ACTIONS } from './sts.ts';
import { toXml } from './xml.ts';

const FORM = /^application\/x-www-form-urlencoded *(?:;|$)/i;
const FORM_BYTES_MAX = 64 * 1024;
const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** What the front end's errors are called here, and their statuses; every other is 400. */
const FRONT: Readonly<Record<string, readonly [code: string, status: number]>> = {
  MissingAuthenticationTokenException: ['MissingAuthenticationToken', 403],
  IncompleteSignatureException: ['IncompleteSignature', 400],
  InvalidSignatureException: ['SignatureDoesNotMatch', 403],
  UnrecognizedClientException: ['InvalidClientTokenId', 403],
  ExpiredTokenException: ['ExpiredToken', 403],
  AccessDeniedException: ['AccessDenied', 403],
  ExpiredWebIdentity: ['ExpiredTokenException', 400],
  ThrottlingException: ['Throttling', 400],
  InvalidParameterException: ['ValidationError', 400],
  InternalServiceError: ['InternalFailure', 500],
};

/** True for a call whose members are in a form: the only one that may come unsigned. */
export function isForm({ method, path, headers }: Pick<WireRequest, 'method' | 'path' | 'headers'>): boolean {
  return method === 'POST' && PATHS.has(path) && FORM.test(headers['content-type'] ?? '');
}

/** What a request asks for by its `Action`. */
export function queryCall(request: WireRequest): Asked {
  const { method, path, query, body } = request;
  const isInQuery = method === 'GET' && PATHS.has(path) && body.length === 0;
  const input = isForm(request) && query === '' ? formOf(body) : isInQuery ? membersOf(query) : undefined;
  const name = input?.['Action'];
  const operation = typeof name === 'string' ? name.slice(0, OPERATION_CHARS_MAX) : '';
  const action = Object.hasOwn(STS_ACTIONS, operation) ? STS_ACTIONS[operation] : undefined;
  return {
    service: STS,
    operation,
    ...(OPEN_STS_ACTIONS.has(operation) && !isInQuery ? { isOpen: true } : {}),
    understood: () => {
      if (input === undefined)
        throw new AwsError('MalformedQueryString', 'The request is no form whose members are each given once.');
      if (action === undefined || input['Version'] !== STS.version) {
        throw new AwsError('InvalidAction', `Could not find operation ${operation} for version ${STS.version}`);
      }
      return { action, input };
    },
    explain: STS.explain,
    resource: ({ input: members }) => {
      const arn = members['RoleArn'];
      return typeof arn === 'string' ? arn.slice(0, 256) : '*';
    },
    encode: (result, id) =>
      xml(200, id, `${operation}Response`, { [`${operation}Result`]: result, ResponseMetadata: { RequestId: id } }),
    encodeError: ({ code, message }, id) => {
      const [Code, status] = FRONT[code] ?? [code, 400];
      const error = { Type: status === 500 ? 'Receiver' : 'Sender', Code, Message: message };
      return xml(status, id, 'ErrorResponse', { Error: error, RequestId: id });
    },
  };
}

function xml(status: number, requestId: string, root: string, members: object): WireResponse {
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: `<${root} xmlns="${NAMESPACE}">${toXml(members)}</${root}>`,
  };
}

function formOf(body: Uint8Array): Json | undefined {
  if (body.length > FORM_BYTES_MAX) return undefined;
  try {
    return membersOf(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** Undefined where a member comes twice: it could mean two things. */
function membersOf(text: string): Json | undefined {
  const pairs = [...new URLSearchParams(text)].filter(([name]) => !name.startsWith('X-Amz-'));
  return new Set(pairs.map(([name]) => name)).size === pairs.length ? Object.fromEntries(pairs) : undefined;
}
