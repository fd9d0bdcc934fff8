// A secret as Vault's kv shows it, and what it shows written back: an object is itself, any other text is
// `{"value": …}`, bytes are that in base64 with their encoding. Shapes survive: what was plain stays plain. And the names:
// `secret/` knows stored names and no other; a mount of its own spells what a name cannot hold.
// Rules: design "One secret in every dialect".

import { Fault } from '../error.ts';
import { parseSecretName, type SecretName } from '../name.ts';

export type Shape = 'object' | 'text' | 'binary';
export type KvData = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

function textOf(payload: Uint8Array): string | undefined {
  try {
    return decoder.decode(payload);
  } catch {
    return undefined;
  }
}

/** Numbers that JavaScript cannot hold keep their digits where `exact` is asked for. */
function objectOf(text: string, exact: boolean): KvData | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text, exact ? keepDigits : undefined) as KvData;
  } catch {
    return undefined;
  }
}

interface Source {
  readonly source?: string;
}
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

function keepDigits(_key: string, value: unknown, context?: Source): unknown {
  return typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
    ? rawJSON(context.source)
    : value;
}

/** A JSON object from outside with its numbers as they were written; undefined where it is none. */
export function parseExact(text: string): KvData | undefined {
  return objectOf(text, true);
}

export function shapeOf(payload: Uint8Array): Shape {
  const text = textOf(payload);
  if (text === undefined) return 'binary';
  return objectOf(text, false) === undefined ? 'text' : 'object';
}

/** What a reader sees. `exact`: as version 1 of kv answers numbers. */
export function dataOf(payload: Uint8Array, exact = false): KvData {
  const text = textOf(payload);
  if (text === undefined) {
    let binary = '';
    for (const byte of payload) binary += String.fromCharCode(byte);
    return { value: btoa(binary), encoding: 'base64' };
  }
  return objectOf(text, exact) ?? { value: text };
}

/** Payloads that are that text already, as those that came by this API are. */
const ready = new WeakSet<Uint8Array>();

/** The same as JSON text. */
export function dataJson(payload: Uint8Array): string {
  if (ready.has(payload)) return decoder.decode(payload);
  const text = JSON.stringify(dataOf(payload));
  if (textOf(payload) === text) ready.add(payload);
  return text;
}

/** Whether data could be that of a plain or binary value, so that the shape it replaces must be known. */
export function isValueForm(data: KvData): boolean {
  const keys = Object.keys(data);
  if (typeof data['value'] !== 'string') return false;
  return keys.length === 1 || (keys.length === 2 && data['encoding'] === 'base64');
}

/** The payload that a writer means, over a value of this shape. */
export function payloadOf(data: KvData, over: Shape | undefined): Uint8Array {
  const value = data['value'];
  if (isValueForm(data) && typeof value === 'string' && value !== '') {
    if (data['encoding'] === undefined && (over === 'text' || over === 'binary')) {
      // A text that is an object would be another thing to its next reader.
      if (objectOf(value, false) === undefined) return encoder.encode(value);
    }
    const bytes = data['encoding'] === 'base64' && over === 'binary' ? bytesOf(value) : undefined;
    if (bytes !== undefined && shapeOf(bytes) === 'binary') return bytes;
  }
  return encoder.encode(JSON.stringify(data));
}

function bytesOf(base64: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return btoa(String.fromCharCode(...bytes)) === base64 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 7396: null removes, objects merge, anything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else
      Object.defineProperty(merged, key, {
        value: mergePatch(merged[key], value),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return merged;
}

/** The keys without their values; below `depth` levels, 0: all, an object is one value too. */
export function subkeysOf(value: unknown, depth: number, level = 1): unknown {
  if (!isObject(value) || (depth > 0 && level > depth)) return null;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, subkeysOf(inner, depth, level + 1)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What may stand in a name as it is. `=` begins what is spelled. */
const PLAIN = /[A-Za-z0-9_+.@/]/;

/**
 * The stored name of a path in a mount of its own. Each path has one, and no two have the same: bytes that a name cannot
 * hold, or that would make two names alike, are spelled `=XX`.
 */
export function spelledName(path: string): SecretName {
  let name = '';
  let before = '/';
  const bytes = encoder.encode(path);
  for (const [index, byte] of bytes.entries()) {
    const letter = String.fromCharCode(byte);
    const edge = letter === '/' && (before === '/' || index === bytes.length - 1);
    const plain =
      (PLAIN.test(letter) || (letter === '-' && before !== '-')) && !edge && !(letter === '.' && before === '/');
    name += plain ? letter : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    before = plain ? letter : '';
  }
  try {
    return parseSecretName(name);
  } catch {
    throw new Fault('VAULT_REQUEST_INVALID', {
      problem: 'the path is too long: at most 255 characters, some of which count three times',
    });
  }
}

/** The path that a name spells. */
export function pathOfName(name: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < name.length; at++) {
    if (name[at] !== '=') bytes.push(name.charCodeAt(at));
    else {
      bytes.push(Number.parseInt(name.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
