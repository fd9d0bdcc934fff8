// Writes header blocks (RFC 7541) without a table of our own: a field is an index into what both sides know beforehand, or
// a literal. So no connection has state for it, a block made once serves them all, and nothing of an answer stays in a
// peer's table.

import { FIELD_NAME, FIELD_VALUE } from './field.ts';
import { STATIC_FIELDS } from './static-table.ts';

/**
 * Section 6.3: a table of no bytes. It stands before the first block of a connection, since a peer that made its table
 * smaller than the initial one waits for it (section 4.2).
 */
export const NO_TABLE = 0x20;

/** Section 6.2.3: a literal that enters no table, not even where it is forwarded. */
const LITERAL = 0x10;

const nameIndexes = new Map<string, number>();
const fieldIndexes = new Map<string, number>();
for (const [index, [name, value]] of STATIC_FIELDS.entries()) {
  if (!nameIndexes.has(name)) nameIndexes.set(name, index + 1);
  fieldIndexes.set(`${name}\n${value}`, index + 1);
}

/**
 * A block of these fields, in their order. With `open`, the name of a field whose value of `open.chars` characters is to
 * be written behind the block: one of which each answer has another.
 * @throws TypeError where a name or value is none that HTTP/2 allows.
 */
export function headerBlock(
  fields: Readonly<Record<string, string | number>>,
  open?: { readonly name: string; readonly chars: number },
): Buffer {
  const parts: Uint8Array[] = [];
  for (const name in fields) parts.push(encodeField(name, String(fields[name])));
  if (open !== undefined) {
    parts.push(encodeName(open.name), integer(open.chars, 7, 0));
  }
  return Buffer.concat(parts);
}

function encodeField(name: string, value: string): Buffer {
  const index = fieldIndexes.get(`${name}\n${value}`);
  if (index !== undefined) return integer(index, 7, 0x80);
  if (!FIELD_NAME.test(name)) throw new TypeError('the name of a header is not valid');
  if (!FIELD_VALUE.test(value)) throw new TypeError(`the value of the header ${name} is not valid`);
  return Buffer.concat([encodeName(name), text(value)]);
}

function encodeName(name: string): Buffer {
  const index = nameIndexes.get(name) ?? 0;
  const head = integer(index, 4, LITERAL);
  return index === 0 ? Buffer.concat([head, text(name)]) : head;
}

/** Section 5.2, without Huffman's code: the answers are small, and both sides save the work. */
function text(value: string): Buffer {
  return Buffer.concat([integer(value.length, 7, 0), Buffer.from(value, 'latin1')]);
}

/** Section 5.1; `form` is what stands before the prefix. */
function integer(value: number, prefixBits: number, form: number): Buffer {
  const most = 2 ** prefixBits - 1;
  if (value < most) return Buffer.of(form | value);
  const bytes = [form | most];
  let left = value - most;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left & 0x7f) | 0x80);
  return Buffer.from([...bytes, left]);
}
