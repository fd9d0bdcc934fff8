// Query parameters of a REST call: the system's own (https://cloud.google.com/apis/docs/system-parameters) and the
// fields that the path and the body leave over, as google/api/http.proto binds them. Credentials in a URL are refused:
// URLs end up in logs.

import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { misread, unknownParameter } from './invalid.ts';
import { isObject, type Json } from './json.ts';
import { fieldNamed } from './message.ts';

export interface SystemParameters {
  /** `$alt=json;enum-encoding=int`: enums as numbers. */
  readonly enumAsInteger: boolean;
  /** Indented, as Google answers unless told not to. */
  readonly pretty: boolean;
}

export const DEFAULT_PARAMETERS: SystemParameters = { enumAsInteger: false, pretty: true };

export interface ParsedQuery {
  readonly system: SystemParameters;
  /** Field paths and their values, in the order sent. */
  readonly fields: readonly (readonly [path: string, value: string])[];
}

const CREDENTIALS = new Set(['access_token', 'oauth_token', 'bearer_token', '$oauth_token', '$access_token']);
/** Taken and without effect here: quota, tracing, partial answers. */
const IGNORED = new Set(['key', '$key', 'quotaUser', '$quotaUser', 'fields', '$fields', '$.xgafv', '$userProject']);

/** Splits and decodes a query, each part once. Throws INVALID_FIELD. */
export function parseQuery(query: string): ParsedQuery {
  const fields: [string, string][] = [];
  const system = { ...DEFAULT_PARAMETERS };
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decodePart(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? '' : decodePart(part.slice(equals + 1));
    if (CREDENTIALS.has(name)) {
      const said = 'Credentials in the URL are not accepted: send them in the Authorization header.';
      throw misread('', 'a credential must not be in the URL', said);
    }
    if (IGNORED.has(name)) continue;
    if (name === 'alt' || name === '$alt') system.enumAsInteger = parseAlt(value);
    else if (name === 'prettyPrint' || name === '$prettyPrint' || name === 'pp') {
      system.pretty = !/^(?:false|0)$/i.test(value);
    } else fields.push([name, value]);
  }
  return { system, fields };
}

function decodePart(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw misread('', 'the query is not percent-encoded UTF-8', 'Request contains an invalid argument.');
  }
}

function parseAlt(value: string): boolean {
  const [format, ...options] = value.split(';');
  const known = format === 'json' && options.every((option) => /^enum-encoding=(?:int|string)$|^$/.test(option));
  if (!known)
    throw misread('', 'this server answers JSON only', 'Unsupported output format: this server answers JSON.');
  return options.includes('enum-encoding=int');
}

/** JSON with the fields of a query in it; throws UNKNOWN_FIELD, or INVALID_FIELD for one that was set already. */
export function bindQuery(schema: DescMessage, body: Json, fields: ParsedQuery['fields']): Json {
  if (fields.length === 0) return body;
  if (!isObject(body)) return body;
  const bound: Record<string, Json> = { ...body };
  const lists = new Map<string, Json[]>();
  for (const [path, value] of fields) {
    const names = path.split('.');
    let desc = schema;
    let place = bound;
    for (const [index, name] of names.entries()) {
      const field = fieldNamed(desc, name);
      if (field === undefined) throw unknownParameter(path);
      if (index === names.length - 1) setField(place, field, value, path, lists);
      else {
        if (field.fieldKind !== 'message') throw unknownParameter(path);
        desc = field.message;
        place = inner(place, field);
      }
    }
  }
  return bound;
}

/** The object of a nested field, copied so that the body stays as it was sent. */
function inner(place: Record<string, Json>, field: DescField): Record<string, Json> {
  const before = place[field.jsonName] ?? place[field.name] ?? {};
  if (!isObject(before)) throw setTwice(field);
  const copy: Record<string, Json> = { ...before };
  delete place[field.name];
  place[field.jsonName] = copy;
  return copy;
}

function setField(
  place: Record<string, Json>,
  field: DescField,
  value: string,
  path: string,
  lists: Map<string, Json[]>,
): void {
  if (field.fieldKind === 'map' || (field.message !== undefined && !hasTextForm(field.message))) {
    throw unknownParameter(path);
  }
  const list = lists.get(path);
  if (list !== undefined) {
    list.push(leaf(field, value));
    return;
  }
  if (Object.hasOwn(place, field.jsonName) || Object.hasOwn(place, field.name)) {
    throw setTwice(field);
  }
  if (field.fieldKind !== 'list') {
    place[field.jsonName] = leaf(field, value);
    return;
  }
  const items = [leaf(field, value)];
  lists.set(path, items);
  place[field.jsonName] = items;
}

function setTwice(field: DescField) {
  return misread(field.name, 'is set twice', `Invalid value at '${field.name}': the field is set more than once.`);
}

/** Messages whose JSON is a text, which a query can therefore hold. */
function hasTextForm(schema: DescMessage): boolean {
  return /^google\.protobuf\.(?:FieldMask|Timestamp|Duration|StringValue|Int32Value|Int64Value)$/.test(schema.typeName);
}

function leaf(field: DescField, value: string): Json {
  if (field.scalar === ScalarType.BOOL && /^(?:true|false)$/.test(value)) return value === 'true';
  if (field.enum !== undefined && /^-?\d{1,10}$/.test(value)) return Number(value);
  return value;
}
