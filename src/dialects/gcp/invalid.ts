// Faults of a request's shape, in the words of Google's own front end. `said` is that text; the audit and Coffer's own
// API show the plain facts instead. What a client chose is repeated only where it can be nothing but a name.

import { Fault } from '../../core/error.ts';

const NAME = /^[A-Za-z0-9_$@.-]{1,64}$/;
const RESOURCE_CHARS_MAX = 256;

/** A field name as the request spelled it, where it looks like one. */
export function shownName(name: string): string {
  return NAME.test(name) ? name : '(not a name)';
}

/** A resource name as the request spelled it: printable ASCII of a bounded length. */
export function shownResource(name: string): string {
  return name.slice(0, RESOURCE_CHARS_MAX).replace(/[^\x20-\x7e]/g, '?');
}

/** A field that holds what it may not; `said` is Google's text where it is known. */
export function invalidField(field: string, problem: string, said?: string): Fault {
  return new Fault('INVALID_FIELD', { field, problem, ...(said === undefined ? {} : { said }) });
}

/** A body that is no JSON, or no JSON that a message can be. */
export function invalidJson(problem: string): Fault {
  return misread('', problem, `Invalid JSON payload received. ${problem}`);
}

/** A fault of the front end, which reads the message: `path` is where, in the proto's names. */
export function misread(path: string, problem: string, said: string): Fault {
  return new Fault('INVALID_FIELD', { field: path, problem, at: path, said });
}

/** A value of the wrong type at `path`; `type` is Google's name of the right one. The value is not repeated. */
export function invalidValue(path: string, type: string): Fault {
  return misread(path, `must be of type ${type}`, `Invalid value at '${path}' (${type})`);
}

/** A key that the message at `path` does not have. */
export function unknownField(path: string, name: string): Fault {
  const shown = shownName(name);
  const place = path === '' ? '' : ` at '${path}'`;
  const said = `Invalid JSON payload received. Unknown name "${shown}"${place}: Cannot find field.`;
  return new Fault('UNKNOWN_FIELD', { field: path === '' ? shown : `${path}.${shown}`, at: path, said });
}

/** A query parameter that is neither a field of the request nor one of the system's. */
export function unknownParameter(name: string): Fault {
  const shown = shownName(name);
  const said =
    `Invalid JSON payload received. Unknown name "${shown}": Cannot bind query parameter. ` +
    `Field '${shown}' could not be found in request message.`;
  return new Fault('UNKNOWN_FIELD', { field: shown, at: '', said });
}

/** Something of the real service that this server does not do; `what` names it. */
export function unsupported(what: string): Fault {
  return new Fault('UNIMPLEMENTED', { what });
}
