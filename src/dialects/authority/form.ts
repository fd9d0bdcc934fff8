// The parameters of a request to the token authority: a form in the body (RFC 6749 appendix B), or the query. A name that
// comes twice is refused (section 3.2), since two readers could take different ones.

import type { WireRequest } from '../../wire/types.ts';
import { OAuthError } from './errors.ts';

/** An assertion has about a thousand characters. */
const FORM_BYTES_MAX = 16 * 1024;
const PARAMETERS_MAX = 32;

export type Form = ReadonlyMap<string, string>;

/** The parameters of the body. Throws OAuthError for what is no form. */
export function readForm(request: WireRequest): Form {
  if (request.body.length > FORM_BYTES_MAX) throw new OAuthError('invalid_request', 'The request is too large.', 413);
  const type = request.headers['content-type'] ?? '';
  if (request.body.length > 0 && !/^application\/x-www-form-urlencoded(?:;|$)/i.test(type)) {
    throw new OAuthError('invalid_request', 'The content type must be application/x-www-form-urlencoded.');
  }
  return parse(new TextDecoder().decode(request.body));
}

/** The parameters of the query, and then those of the body. */
export function readParameters(request: WireRequest): Form {
  return new Map([...parse(request.query), ...readForm(request)]);
}

function parse(text: string): Form {
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (form.has(name)) throw new OAuthError('invalid_request', 'A parameter is repeated.');
    if (form.size >= PARAMETERS_MAX) throw new OAuthError('invalid_request', 'There are too many parameters.');
    form.set(name, value);
  }
  return form;
}
