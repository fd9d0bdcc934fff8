// JSON text from outside becomes a value: UTF-8, of bounded depth and count, and no key twice in one object. JSON.parse
// alone would keep the last of two equal keys in silence, so that two readers of one request could see two of them.
// Grammar: RFC 8259.

import { invalidJson } from './invalid.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** As Google's and protobuf's own parsers allow. */
export const JSON_DEPTH_MAX = 100;
/** Ours: several times the largest policy. Building more values than this from 4 MiB would hold up everybody else. */
export const JSON_VALUES_MAX = 20_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The value of a body; undefined where it is empty. Throws INVALID_FIELD with Google's text, never with the text sent. */
export function parseJson(body: Uint8Array): Json | undefined {
  const text = decodeUtf8(body);
  if (text.trim() === '') return undefined;
  checkNesting(text);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const ended = error instanceof SyntaxError && /end of JSON input|Unterminated/.test(error.message);
    throw invalidJson(ended ? 'Unexpected end of string.' : 'Unexpected token.');
  }
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw invalidJson('The text is not valid UTF-8.');
  }
}

export function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Walks the text once, before anything is built from it: its depth is bounded and no object names a key twice. */
function checkNesting(text: string): void {
  const keys: (Set<string> | undefined)[] = [];
  let commas = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = stringEnd(text, at);
        const seen = keys.at(-1);
        if (seen !== undefined && isKey(text, end)) addKey(seen, text.slice(at, end));
        at = end - 1;
        break;
      }
      case 0x2c:
        if (++commas >= JSON_VALUES_MAX) throw invalidJson('There are too many values.');
        break;
      case 0x7b:
        keys.push(new Set());
        break;
      case 0x5b:
        keys.push(undefined);
        break;
      case 0x7d:
      case 0x5d:
        keys.pop();
        break;
    }
    if (keys.length > JSON_DEPTH_MAX) throw invalidJson('Nesting is too deep.');
  }
}

/** The index after the string that begins at `start`; the end of the text where it has none. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    // Backslashes escape each other in pairs; one that is left over escapes the quote.
    if ((quote - before) % 2 === 1) return quote + 1;
  }
  return text.length;
}

function isKey(text: string, end: number): boolean {
  let at = end;
  while (at < text.length && /\s/.test(text[at] as string)) at++;
  return text[at] === ':';
}

function addKey(seen: Set<string>, quoted: string): void {
  let key: string;
  try {
    // Two spellings of one key are that key twice.
    key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  } catch {
    throw invalidJson('Unexpected token.');
  }
  if (seen.has(key)) throw invalidJson('An object has the same name twice.');
  seen.add(key);
}
