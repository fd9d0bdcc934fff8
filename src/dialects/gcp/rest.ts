// REST from the protos' own annotations: each `google.api.http` rule of each method is a template in one tree, and a
// request is put together from its path, its query and its body. No route is written by hand.
// Source: google/api/http.proto, "HTTP mapping rules".

import { create, type DescField, type DescMessage, getOption, type Message } from '@bufbuild/protobuf';
import { http } from '../../../gen/google/api/annotations_pb.js';
import type { HttpRule } from '../../../gen/google/api/http_pb.js';
import type { WireRequest } from '../../wire/types.ts';
import type { Method } from './call.ts';
import { invalidJson, misread } from './invalid.ts';
import { isObject, type Json, parseJson } from './json.ts';
import { emptyMessage, fieldNamed, messageOf } from './message.ts';
import { bindQuery, DEFAULT_PARAMETERS, type ParsedQuery, parseQuery, type SystemParameters } from './query.ts';
import { type PathMatch, PathTree } from './template.ts';

export interface Binding {
  readonly method: Method;
  readonly service: string;
  /** `*`: the whole message; empty: none. */
  readonly body: '' | '*' | DescField;
  /** For each variable of the path, the fields that lead to its place in the message. */
  readonly variables: readonly (readonly DescField[])[];
}

export type Route = PathMatch<Binding>;

export interface RestRequest {
  readonly system: SystemParameters;
  /** The message; throws INVALID_FIELD or UNKNOWN_FIELD. */
  message(): Message;
}

export class Transcoder {
  readonly #tree = new PathTree<Binding>();

  constructor(methods: Iterable<Method>) {
    for (const method of methods) {
      const rule = getOption(method.desc, http);
      for (const each of [rule, ...rule.additionalBindings]) this.#add(method, each);
    }
  }

  #add(method: Method, rule: HttpRule): void {
    const { case: kind, value: template } = rule.pattern;
    if (kind === undefined || kind === 'custom') return;
    const { input } = method.desc;
    const body = rule.body === '' || rule.body === '*' ? rule.body : fieldPath(input, rule.body)[0];
    const variables: (readonly DescField[])[] = [];
    const binding: Binding = { method, service: method.desc.parent.typeName, body: body ?? '', variables };
    const fields = this.#tree.add(kind.toUpperCase(), template, binding);
    variables.push(...fields.map((path) => fieldPath(input, path)));
  }

  /** What a request is for; `services` are those that its host has, or undefined for all. */
  find(method: string, path: string, services: readonly string[] | undefined): Route | undefined {
    return this.#tree.find(method, path, (binding) => services === undefined || services.includes(binding.service));
  }
}

/** The fields that a dotted path names, outermost first. */
function fieldPath(schema: DescMessage, path: string): readonly DescField[] {
  let desc: DescMessage | undefined = schema;
  return path.split('.').map((name) => {
    const field: DescField | undefined = desc === undefined ? undefined : fieldNamed(desc, name);
    if (field === undefined) throw new TypeError(`${schema.typeName} has no field ${path}`);
    desc = field.message;
    return field;
  });
}

const NO_QUERY: ParsedQuery = { system: DEFAULT_PARAMETERS, fields: [] };

/** Splits the query, which says how to answer; the message is put together when it is asked for. */
export function readRest(route: Route, request: WireRequest): RestRequest {
  const query = request.query === '' ? NO_QUERY : parseQuery(request.query);
  return { system: query.system, message: () => messageOfRequest(route, request, query.fields) };
}

function messageOfRequest(route: Route, request: WireRequest, fields: ParsedQuery['fields']): Message {
  const { method, variables } = route.value;
  const { input } = method.desc;
  const body = bodyOf(route.value, request);
  const message =
    body === undefined && fields.length === 0
      ? emptyMessage(input)
      : messageOf(input, bindQuery(input, body ?? {}, fields));
  for (const [index, path] of variables.entries()) {
    if (fields.some(([name]) => sameField(name, path))) {
      const name = path.map((field) => field.name).join('.');
      throw misread(name, 'is set by the path', `Invalid value at '${name}': the field is set by the path.`);
    }
    setVariable(message, path, route.values[index] as string);
  }
  return message;
}

function sameField(name: string, path: readonly DescField[]): boolean {
  const names = name.split('.');
  const same = (field: DescField, index: number) => names[index] === field.name || names[index] === field.jsonName;
  return names.length === path.length && path.every(same);
}

/** The path decides which resource is meant, whatever the body says. */
function setVariable(message: Message, path: readonly DescField[], value: string): void {
  let place = message as unknown as Record<string, unknown>;
  for (const field of path) {
    if (field.fieldKind === 'message') {
      place[field.localName] ??= create(field.message);
      place = place[field.localName] as Record<string, unknown>;
    } else place[field.localName] = value;
  }
}

/** The body as JSON of the whole message; undefined where there is none. */
function bodyOf({ body, method }: Binding, request: WireRequest): Json | undefined {
  if (request.body.length === 0) return undefined;
  const type = request.headers['content-type'] ?? '';
  if (/^(?:application\/x-www-form-urlencoded|multipart\/)/i.test(type)) {
    throw invalidJson('The content type must be application/json.');
  }
  const json = parseJson(request.body);
  if (json === undefined) return undefined;
  if (body === '*') return json;
  if (body !== '') {
    // So Google's client for Node says that it has nothing to send there.
    return json === '' ? undefined : { [body.jsonName]: json };
  }
  if (!isObject(json) || Object.keys(json).length > 0) {
    throw invalidJson(`${method.desc.name} takes no body.`);
  }
  return undefined;
}
