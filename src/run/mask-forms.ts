// Every spelling in which a value may turn up in a program's output: as it is, line by line, in base64 at any
// alignment, URL-encoded and JSON-escaped as the common encoders write them. The mask looks for all of them.

const CHARS_MIN = 6;
const FORM_BYTES_MIN = 6;
/** Line lengths of base64 as coreutils and MIME (76) and PEM (64, RFC 7468) wrap it. */
const BASE64_LINES = [76, 64];

/** True where a value is too short to be masked: it would blot out ordinary text. */
export function isTooShort(payload: Uint8Array): boolean {
  const text = decode(payload);
  return (text === undefined ? payload.length : [...text].length) < CHARS_MIN;
}

/** All byte sequences to look for, for one value; none where it is too short. */
export function formsOf(payload: Uint8Array): Buffer[] {
  if (isTooShort(payload)) return [];
  const bytes = Buffer.from(payload);
  const forms = new Map<string, Buffer>();
  const add = (form: Buffer | string): void => {
    const buffer = typeof form === 'string' ? Buffer.from(form) : form;
    if (buffer.length >= FORM_BYTES_MIN) forms.set(buffer.toString('latin1'), buffer);
  };
  for (const body of bodies(bytes)) {
    add(body);
    for (const form of base64Forms(body)) add(form);
    const text = decode(body);
    if (text !== undefined) for (const form of [...urlForms(text), ...jsonForms(text)]) add(form);
  }
  for (const line of lines(bytes)) {
    add(line);
    const text = decode(line);
    if (text !== undefined) for (const form of [...urlForms(text), ...jsonForms(text)]) add(form);
  }
  return [...forms.values()];
}

/** The value; without the white space around it, as programs trim it; with the line ends of a terminal. */
function bodies(bytes: Buffer): Buffer[] {
  const text = bytes.toString('latin1');
  const variants = [text, text.trim(), text.replace(/\r?\n/g, '\r\n'), text.replace(/\r\n/g, '\n')];
  return [...new Set(variants)].map((variant) => Buffer.from(variant, 'latin1')).filter((body) => !isTooShort(body));
}

/** The lines of a value of more than one line: a log shows them one at a time. */
function lines(bytes: Buffer): Buffer[] {
  const parts = bytes.toString('latin1').split(/\r\n|\n|\r/);
  if (parts.length === 1) return [];
  const trimmed = parts.flatMap((part) => [part, part.trim()]);
  return [...new Set(trimmed)].map((part) => Buffer.from(part, 'latin1')).filter((line) => !isTooShort(line));
}

/**
 * What base64 shows of the bytes wherever they begin in a longer text: at offset 0, 1 or 2 of a group of three, only the
 * characters that depend on nothing else; and, at offset 0, with the last character and the padding.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = [];
  for (const offset of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    const certain = encoded.slice(first, last);
    forms.push(certain);
    if (offset !== 0) continue;
    forms.push(encoded, encoded.replace(/=+$/, ''));
    for (const width of BASE64_LINES) forms.push(...(certain.match(new RegExp(`.{1,${width}}`, 'g')) ?? []));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

/** Bytes that an encoder leaves as they are, one set for each family of encoders. */
const URL_SAFE: readonly RegExp[] = [
  // RFC 3986 unreserved: Python's quote(safe=''), Go, PHP's rawurlencode, jq.
  /[A-Za-z0-9._~-]/,
  // Python's quote.
  /[A-Za-z0-9._~/-]/,
  // encodeURIComponent.
  /[A-Za-z0-9._~!*'()-]/,
  // encodeURI.
  /[A-Za-z0-9._~!*'();/?:@&=+$,#-]/,
  // application/x-www-form-urlencoded of WHATWG and Java.
  /[A-Za-z0-9._*-]/,
  // Go's PathEscape.
  /[A-Za-z0-9._~$&+=:@-]/,
  // WHATWG userinfo.
  /[A-Za-z0-9._~!$%&'()*+,-]/,
  // WHATWG query and fragment.
  /[A-Za-z0-9._~!$%&'()*+,/:;=?@[\]\\^`{|}-]/,
];

function urlForms(text: string): string[] {
  const bytes = Buffer.from(text).toString('latin1');
  return URL_SAFE.flatMap((safe) => {
    const upper = [...bytes].map((char) => (safe.test(char) ? char : percent(char))).join('');
    const lower = upper.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
    return [upper, lower].flatMap((form) => [form, form.replaceAll('%20', '+')]);
  }).map((form) => Buffer.from(form, 'latin1').toString('utf8'));
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function jsonForms(text: string): string[] {
  const plain = inner(text);
  const ascii = plain.replace(/[^\x00-\x7e]/g, unicode);
  const html = plain.replace(/[<>&\u2028\u2029]/g, unicode);
  const slashed = [plain, ascii].map((form) => form.replaceAll('/', '\\/'));
  const forms = [plain, ascii, html, html.replace(/'/g, unicode), ...slashed];
  // A log line in JSON often carries JSON.
  return [...forms, ...forms.map(upperEscapes), inner(plain), inner(ascii)];
}

function inner(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function unicode(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function upperEscapes(text: string): string {
  return text.replace(/\\u[0-9a-f]{4}/g, (hex) => `\\u${hex.slice(2).toUpperCase()}`);
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
