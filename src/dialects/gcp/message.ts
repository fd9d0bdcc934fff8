// JSON becomes a message of the proto's own types, and a message JSON, by the proto3 JSON mapping. What is wrong is told
// in the words of Google's transcoder, with the path in the names of the proto.
// Source: https://protobuf.dev/programming-guides/json/; quirks as measured on the real service.

import {
  create,
  createRegistry,
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescOneof,
  fromJson,
  type JsonValue,
  type Message,
  type Registry,
  ScalarType,
  toJson,
} from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  CreateProjectMetadataSchema,
  ProjectSchema,
} from '../../../gen/google/cloud/resourcemanager/v3/projects_pb.js';
import {
  CreateTagBindingMetadataSchema,
  DeleteTagBindingMetadataSchema,
  TagBindingSchema,
} from '../../../gen/google/cloud/resourcemanager/v3/tag_bindings_pb.js';
import {
  CreateTagKeyMetadataSchema,
  DeleteTagKeyMetadataSchema,
  TagKeySchema,
} from '../../../gen/google/cloud/resourcemanager/v3/tag_keys_pb.js';
import {
  CreateTagValueMetadataSchema,
  DeleteTagValueMetadataSchema,
  TagValueSchema,
} from '../../../gen/google/cloud/resourcemanager/v3/tag_values_pb.js';
import { BadRequestSchema, ErrorInfoSchema } from '../../../gen/google/rpc/error_details_pb.js';
import { invalidJson, invalidValue, misread, unknownField } from './invalid.ts';
import { isObject, type Json } from './json.ts';

/** What may stand in a google.protobuf.Any of ours. */
export const ANY_TYPES: Registry = createRegistry(
  ProjectSchema,
  CreateProjectMetadataSchema,
  TagKeySchema,
  CreateTagKeyMetadataSchema,
  DeleteTagKeyMetadataSchema,
  TagValueSchema,
  CreateTagValueMetadataSchema,
  DeleteTagValueMetadataSchema,
  TagBindingSchema,
  CreateTagBindingMetadataSchema,
  DeleteTagBindingMetadataSchema,
  EmptySchema,
  ErrorInfoSchema,
  BadRequestSchema,
);

/** The JSON of a message. Fields at their default are left out, as the real service leaves them out. */
export function jsonOf(schema: DescMessage, message: Message, enumAsInteger: boolean): JsonValue {
  return toJson(schema, message, { registry: ANY_TYPES, enumAsInteger });
}

/** The message that `json` spells; throws INVALID_FIELD or UNKNOWN_FIELD. */
export function messageOf(schema: DescMessage, json: Json): Message {
  const read = readFields(schema, json, '');
  try {
    return fromJson(schema, read as JsonValue, { registry: ANY_TYPES });
  } catch {
    throw invalidJson('The payload does not fit the request.');
  }
}

/** An empty message. */
export function emptyMessage(schema: DescMessage): Message {
  return create(schema);
}

/** A field by either of its spellings. */
export function fieldNamed(schema: DescMessage, name: string): DescField | undefined {
  return fieldsOf(schema).get(name);
}

const fieldMaps = new WeakMap<DescMessage, Map<string, DescField>>();

function fieldsOf(schema: DescMessage): Map<string, DescField> {
  let fields = fieldMaps.get(schema);
  if (fields === undefined) {
    fields = new Map(
      schema.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]),
    );
    fieldMaps.set(schema, fields);
  }
  return fields;
}

/** `json` with every name and type checked, and Google's lenient forms made strict. */
function readFields(schema: DescMessage, json: Json, path: string): Json {
  if (!isObject(json)) {
    if (path === '') throw unknownRoot();
    throw invalidValue(path, `type.googleapis.com/${schema.typeName}`);
  }
  const seen = new Set<DescField | DescOneof>();
  const entries: [string, Json][] = [];
  for (const [name, value] of Object.entries(json)) {
    const field = fieldNamed(schema, name);
    if (field === undefined) throw unknownField(path, name);
    if (seen.has(field)) throw invalidJson('An object has the same name twice.');
    seen.add(field);
    if (value === null) continue;
    if (field.oneof !== undefined) {
      if (seen.has(field.oneof)) throw oneofTwice(path, field.oneof, field);
      seen.add(field.oneof);
    }
    entries.push([field.jsonName, readField(field, value, path === '' ? field.name : `${path}.${field.name}`)]);
  }
  return Object.fromEntries(entries);
}

function unknownRoot() {
  return invalidJson('Unknown name "": Root element must be a message.');
}

function oneofTwice(path: string, oneof: DescOneof, field: DescField) {
  const said =
    `Invalid value at '${path}' (oneof), oneof field '${oneof.name}' is already set. ` +
    `Cannot set '${field.jsonName}'`;
  return misread(path, `sets more than one of ${oneof.name}`, said);
}

function readField(field: DescField, value: Json, path: string): Json {
  switch (field.fieldKind) {
    case 'list': {
      // The real service takes a value for a list of one.
      const items = Array.isArray(value) ? value : [value];
      return items.map((item, index) => readSingle(field, item, `${path}[${index}]`));
    }
    case 'map':
      return readMap(field, value, path);
    default:
      return readSingle(field, value, path);
  }
}

function readMap(field: DescField & { fieldKind: 'map' }, value: Json, path: string): Json {
  if (!isObject(value)) {
    const parent = path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
    const said = `Invalid value at '${parent}' (Map), Cannot bind a list to map for field '${field.name}'.`;
    throw Array.isArray(value) ? misread(parent, 'must be a map', said) : invalidValue(path, 'a map');
  }
  if (field.mapKey !== ScalarType.STRING) throw invalidValue(path, 'a map with keys of text');
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      // The key is the client's own text and is not shown.
      if (field.mapKind === 'scalar') return [key, readScalar(field.scalar, item, `${path}[].value`)];
      if (field.mapKind === 'enum') return [key, readEnum(field.enum, item, `${path}[].value`)];
      return [key, readMessage(field.message, item, `${path}[].value`)];
    }),
  );
}

function readSingle(field: DescField, value: Json, path: string): Json {
  if (field.message !== undefined) return readMessage(field.message, value, path);
  if (field.enum !== undefined) return readEnum(field.enum, value, path);
  return readScalar(field.scalar as ScalarType, value, path);
}

function readMessage(schema: DescMessage, value: Json, path: string): Json {
  if (!schema.typeName.startsWith('google.protobuf.')) return readFields(schema, value, path);
  const json = schema.typeName === 'google.protobuf.FieldMask' ? camelMask(value) : value;
  try {
    fromJson(schema, json as JsonValue, { registry: ANY_TYPES });
    if (schema.typeName === 'google.protobuf.Timestamp' && !isOnCalendar(String(json))) throw new RangeError();
    return json;
  } catch {
    throw invalidValue(path, `type.googleapis.com/${schema.typeName}`);
  }
}

/** False for a day that its month does not have, which would else be taken for one of the next. */
function isOnCalendar(time: string): boolean {
  const day = time.slice(0, 'YYYY-MM-DD'.length);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** Google takes the paths of a mask in either spelling; the mapping knows one. */
function camelMask(value: Json): Json {
  return typeof value === 'string' ? value.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) : value;
}

function readEnum(schema: DescEnum, value: Json, path: string): Json {
  const known =
    typeof value === 'string'
      ? schema.values.some((each) => each.name === value)
      : typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
  if (!known) throw invalidValue(path, `type.googleapis.com/${schema.typeName}`);
  return value;
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const INTEGER = /^-?[0-9]{1,20}$/;

const INTEGER_BOUNDS: Partial<Record<ScalarType, readonly [min: bigint, max: bigint]>> = {
  [ScalarType.INT32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [ScalarType.UINT32]: [0n, 2n ** 32n - 1n],
  [ScalarType.INT64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.UINT64]: [0n, 2n ** 64n - 1n],
};

function readScalar(type: ScalarType, value: Json, path: string): Json {
  if (!scalarFits(type, value)) throw invalidValue(path, `TYPE_${ScalarType[type]}`);
  return value;
}

function scalarFits(type: ScalarType, value: Json): boolean {
  if (type === ScalarType.STRING) return typeof value === 'string' && value.isWellFormed();
  if (type === ScalarType.BYTES) return typeof value === 'string' && BASE64.test(value);
  if (type === ScalarType.BOOL) return typeof value === 'boolean';
  const bounds = INTEGER_BOUNDS[type];
  if (bounds === undefined) return typeof value === 'number';
  const integer =
    typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'string' && INTEGER.test(value);
  return integer && BigInt(value as string | number) >= bounds[0] && BigInt(value as string | number) <= bounds[1];
}
